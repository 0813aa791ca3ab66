// postern rebuild-index: the store's own program does it, since it alone knows the index.

import ArgumentParser
import Glibc
import IPC
import Mail

struct RebuildIndex: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild-index",
        abstract: "Make the store's index anew from its segments, when it is lost or damaged.",
        discussion: """
            The house must be stopped. Mail comes back into the INBOX of each account; what segments do not say (passwords, \
            aliases, rules, what was read or removed) does not, and is listed. Messages that were to be sent on are held, \
            never sent a second time. The old index is kept beside the new one.
            """)
    @OptionGroup var settings: SettingsOption
    @Flag(name: .long, help: "Do it. Without this it is only said what would be done.") var yes = false

    func run() throws {
        guard yes else {
            throw Failure(
                "this makes a new index; passwords, aliases and rules are to be set again. "
                    + "Stop the house, then: postern rebuild-index --yes")
        }
        let program: String
        do throws(RunError) { program = try RoomProcess.program(of: .store) } catch { throw Failure("\(error)") }
        let words = [program, "rebuild-index"] + (settings.config.map { ["--config", $0] } ?? [])
        var arguments = words.map { strdup($0) } + [nil]
        execv(program, &arguments)
        throw Failure("cannot start \(program): \(errorText(errno))")
    }
}

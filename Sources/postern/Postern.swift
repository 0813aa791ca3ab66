// The administrator's command. It asks the running rooms on their control sockets; `run` starts them.

import ArgumentParser
import Door

@main
struct Postern: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postern",
        abstract: "The mail server Postern: run it, ask it, change it.",
        discussion: """
            Settings are read from --config, else $POSTERN_CONFIG, else /etc/postern/postern.toml.
            Exit status: 0 done, 1 not done (the reason and a fix are on standard error), 2 wrong usage.
            """,
        version: release,
        subcommands: [
            Run.self, Check.self, Describe.self, Doctor.self, Domain.self, Account.self, Passwords.self, Folder.self,
            Processor.self, Rule.self, Alias.self, Quota.self, MailboxCommand.self, Import.self, Export.self,
            DirectoryFile.self, Trusted.self, Safe.self, Explain.self, Ban.self, Queue.self, Status.self, Verify.self,
            Backup.self, Restore.self, RebuildIndex.self, Confine.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            complain(failure.description)
            exit(withError: ExitCode(1))
        } catch {
            let code = exitCode(for: error)
            let isUsage = code == .validationFailure
            if isUsage { complain(fullMessage(for: error)) }
            exit(withError: isUsage ? ExitCode(2) : error)
        }
    }
}

/// The options of every command that needs the settings.
struct SettingsOption: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The settings file.", valueName: "file"))
    var config: String?
}

struct JSONOption: ParsableArguments {
    @Flag(name: .long, help: "Print JSON for programs instead of a table for people.")
    var json = false
}

// postern directory export and postern directory apply: all of the directory as one file, for those who keep it in git.

import ArgumentParser
import Glibc
import IPC
import Mail

struct DirectoryFile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "directory",
        abstract: "All of the directory as one file, to keep and to apply.",
        subcommands: [Export.self, Apply.self])

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write domains, accounts, aliases, rules and access lists as one file.",
            discussion: "No password is in it. The same directory gives the same file.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var form: JSONOption
        @Argument(help: "Where to write it; without it, standard output.") var file: String?

        func run() async throws {
            let contents = try await StoreCall(settings).directory()
            let text = form.json ? try json(ShownDirectory(contents)) + "\n" : DirectoryText(contents).text
            guard let file else { return print(text, terminator: "") }
            try WholeFile.write(text, to: file)
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the directory what a file says.",
            discussion: """
                What is not in the file stays, unless --prune is given. Passwords are not in it: users that are new get theirs \
                with postern account password.
                Exit status: 0 done, or nothing to do; 1 refused, or not wholly done; with --dry-run 2 when something would \
                change.
                """)
        @OptionGroup var settings: SettingsOption
        @OptionGroup var form: JSONOption
        @Flag(help: "Print the difference, and change nothing.") var dryRun = false
        @Flag(help: "Remove what is not in the file; accounts go with their mail.") var prune = false
        @Flag(help: "Do not ask before it is done.") var yes = false
        @Argument(help: "A file as postern directory export writes it.") var file: String

        func run() async throws {
            let written = try DirectoryReading.load(file)
            let relay = try read(settings).relay
            let call = StoreCall(settings)
            let present = try await call.directory()
            try DirectoryReferences.check(written, in: present, prune: prune)
            let difference = DirectoryDifference(from: present, to: written, prune: prune)
            if !form.json { for line in difference.lines { say(line) } }
            for warning in difference.warnings(relay) { complain("warning: \(warning)") }
            guard !difference.steps.isEmpty, !dryRun else {
                if form.json { try sayJSON(ShownDifference(difference, done: 0)) }
                if difference.steps.isEmpty, !form.json { say("nothing to do: the directory is what \(file) says") }
                if !difference.steps.isEmpty { throw ExitCode(2) }
                return
            }
            if !yes { try Consent.ask(difference.question) }
            try await carryOut(difference, call)
        }

        private func carryOut(_ difference: DirectoryDifference, _ call: StoreCall) async throws {
            let outcome = await DirectoryOutcome.make(difference.steps) { try await call.change($0) }
            if form.json {
                try sayJSON(ShownDifference(difference, done: outcome.done))
            } else {
                for line in outcome.lines(difference) { say(line) }
            }
            if let sentence = outcome.sentence(difference.steps) { throw Failure(sentence) }
        }
    }
}

/// A question whose answer is typed.
enum Consent {
    /// - Throws: `Failure` when the answer is not yes, or when there is nobody to ask.
    static func ask(
        _ question: String, hasTerminal: Bool = isatty(STDIN_FILENO) == 1, answer: () -> String? = { readLine() }
    ) throws {
        guard hasTerminal else {
            throw Failure("nothing was changed: standard input is no terminal to ask at; say --yes, or --dry-run to look")
        }
        let octets = Array("\(question) [y/N] ".utf8)
        _ = octets.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress!, $0.count) }
        guard ["y", "yes"].contains(answer()?.lowercased()) else { throw Failure("nothing was changed") }
    }
}

/// A file that is there in whole or not at all.
enum WholeFile {
    static func write(_ text: String, to path: String) throws {
        let draft = "\(path).\(getpid())"
        // A file that others must not read stays so.
        var status = stat()
        let mode = stat(path, &status) == 0 ? status.st_mode & 0o777 : 0o644
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure("cannot write \(path): \(errorText(errno))") }
        var trouble: Int32 = 0
        let octets = Array(text.utf8)
        var offset = 0
        while trouble == 0, offset < octets.count {
            let count = octets.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + offset, octets.count - offset) }
            if count < 0 && errno != EINTR { trouble = errno } else { offset += max(count, 0) }
        }
        if trouble == 0, fsync(descriptor) != 0 { trouble = errno }
        close(descriptor)
        if trouble == 0, rename(draft, path) != 0 { trouble = errno }
        guard trouble == 0 else {
            unlink(draft)
            throw Failure("cannot write \(path): \(errorText(trouble))")
        }
    }
}

// postern backup, postern backup verify

import ArgumentParser
import Glibc
import IPC
import Settings

struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy the whole store into a folder, while it runs.",
        discussion: """
            The copy is one moment of the store: messages, mailboxes, queue, accounts and passwords. Into the same folder \
            again, only what is new is copied; the backup before stays whole until the new one is. A run that was ended goes on \
            where it was. Settings and keys are not in it: see docs/operations/backup.md.
            """,
        subcommands: [Make.self, Verify.self], defaultSubcommand: Make.self)

    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "make", abstract: "Make or continue a backup; 'make' can be left out.")
        @OptionGroup var settings: SettingsOption
        @Argument(help: ArgumentHelp("The folder; it is made if it is not there.", valueName: "dir")) var folder: String
        @Flag(help: "Copy everything anew, also what is there.") var full = false
        @Option(
            help: ArgumentHelp("Read no more than this a second, such as 50MB.", valueName: "size"),
            transform: Typed.rate) var rate: UInt64?
        @Flag(help: "Say nothing but what is wrong.") var quiet = false
        @OptionGroup var form: JSONOption

        func run() async throws {
            umask(0o077)
            let meter = BackupMeter(isQuiet: quiet || form.json)
            let place = try BackupFolder(folder, isFull: full)
            let road = try await StoreBackupRoad(RoomCalls(settings), rate: rate)
            defer { road.close() }
            let outcome = try await BackupRun(place, road, isFull: full, meter: meter).run()
            if form.json { try sayJSON(outcome) } else if !quiet { say(outcome.text) }
            guard outcome.missingCount > 0 else { return }
            complain(
                "the backup is made, but the store misses \(outcome.missingCount) files that its index names "
                    + "(\(outcome.missing.prefix(3).joined(separator: ", "))): postern verify names the messages")
            throw ExitCode(1)
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a whole backup again and compare its checksums; the house need not run.",
            discussion: "Exit status 1 when something is damaged.")
        @Argument(help: ArgumentHelp("The folder of the backup.", valueName: "dir")) var folder: String
        @OptionGroup var form: JSONOption

        func run() async throws {
            let (place, manifest) = try BackupFolder.existing(folder)
            let meter = BackupMeter(isQuiet: form.json)
            let found = try BackupVerification(place, manifest, meter: meter).run()
            if form.json { try sayJSON(found) } else { say(found.text) }
            if !found.damaged.isEmpty { throw ExitCode(1) }
        }
    }
}

extension BackupOutcome {
    /// For the administrator.
    var text: String {
        var text = "\(messages) messages, \(files) files, \(postern.octets(octets)) in \(folder): "
        text += "\(copiedFiles) files copied (\(postern.octets(copiedOctets)))"
        if removedFiles > 0 { text += ", \(removedFiles) removed" }
        return text
    }
}

extension Typed {
    /// Octets a second, from 100kB to 100GB.
    static func rate(_ text: String) throws -> UInt64 {
        guard let octets = Quantity.octets(text), (100 << 10...100 << 30).contains(octets) else {
            throw ValidationError("it is not a size from 100kB to 100GB, such as 50MB")
        }
        return UInt64(octets)
    }
}

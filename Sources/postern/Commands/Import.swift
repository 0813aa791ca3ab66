// postern import: mail of other servers and programs, from a Maildir or from mbox files.

import Archive
import ArgumentParser
import Glibc
import IPC
import Mail

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put the mail of a Maildir or of mbox files into an account.",
        discussion: """
            PATH is a Maildir (with the folders of Maildir++ or of the file system's layout, Dovecot's or Courier's), an mbox \
            file, a folder of mbox files such as Thunderbird's, an export of postern, or - for an mbox on standard input. \
            Folders become mailboxes; flags, keywords and dates come along; the files are not changed.
            A message that the store can never take (it is larger than 2 GiB, its mailbox can have no such name) is named and \
            left where it is, and those behind it go in. A full account or disk and other trouble stop the import, with the reason.
            An import that stopped or was broken off is done again: what is in the account is not put in twice.
            Exit status: 0 all is in; 1 something was left out, and is named, or the import stopped.
            """)
    @OptionGroup var settings: SettingsOption
    @OptionGroup var account: AccountArgument
    @Argument(help: "A folder or a file; - is standard input.") var path: String
    @Option(help: "maildir or mbox; without it, it is guessed.") var format: ArchiveFormat?
    @Option(help: "The mailbox that gets the inbox, and the other folders below it.", transform: Typed.mailbox)
    var mailbox: String?
    @Option(help: "How the mbox quotes From_ lines: o, rd or cl2; without it, each message tells.", transform: Typed.dialect)
    var dialect: MboxDialect?
    @Flag(help: "Read all of it and say what would come in; change nothing.") var dryRun = false
    @OptionGroup var form: JSONOption

    func run() async throws {
        let named = account.named
        let plan = try ImportPlan.make(path, format: format, below: mailbox, user: named.address.localPart)
        let report = try await StoreConversation.with(settings) { store in
            let importing = Importing(
                plan, into: named, of: store, Importing.Choices(dialect: dialect, zone: Import.localZone()), isDry: dryRun,
                progress: TransferProgress(isShown: !form.json))
            try await importing.run()
            return importing.report
        }
        if form.json { try sayJSON(report) } else { for line in report.lines { say(line) } }
        if report.problems.leftOut > 0 { throw ExitCode(1) }
    }

    /// Seconds east of UTC, as this machine's clock has it now.
    private static func localZone() -> Int {
        var (now, parts) = (time(nil), tm())
        localtime_r(&now, &parts)
        return parts.tm_gmtoff
    }
}

extension Typed {
    static func dialect(_ text: String) throws -> MboxDialect {
        switch text.lowercased() {
        case "o", "mboxo": .mboxo
        case "rd", "mboxrd": .mboxrd
        case "cl2", "mboxcl2": .mboxcl2
        default: throw ValidationError("it is none of o, rd, cl2")
        }
    }
}

// postern export: an account's mail as a Maildir or as mbox files.

import Archive
import ArgumentParser
import IPC
import Mail

struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the mail of an account as a Maildir or as mbox files.",
        discussion: """
            A Maildir is written as Dovecot keeps it (Maildir++, flags in names, dovecot-keywords, dovecot-uidlist); an mbox in \
            the dialect mboxrd, a file for each mailbox. The account can be used meanwhile.
            Run again with the same folder, it goes on where it stopped, or adds what has come since; what is written is not \
            touched again.
            Exit status: 0 all is written; 1 something was left out, and is named.
            """)
    @OptionGroup var settings: SettingsOption
    @OptionGroup var account: AccountArgument
    @Argument(help: "A folder that is new or empty, or that an earlier run has begun.") var folder: String
    @Option(help: "Only this mailbox.", transform: Typed.mailbox) var mailbox: String?
    @Option(help: "maildir or mbox.") var format = ArchiveFormat.maildir
    @OptionGroup var form: JSONOption

    func run() async throws {
        let report = try await StoreConversation.with(settings, export)
        if form.json { try sayJSON(report) } else { for line in report.lines(folder) { say(line) } }
        if report.problems.leftOut > 0 { throw ExitCode(1) }
    }

    private func export(_ store: StoreConversation) async throws -> ExportReport {
        // An account that is not there makes no folder.
        guard case .mailboxes = try await store.ask(.list(account.named, after: nil)) else { throw Failure.misfit("store") }
        let journal = try ExportJournal(DiskPath(folder), account.named, format)
        let exporting = Exporting(
            account.named, of: store, to: journal, format,
            progress: TransferProgress(isShown: !form.json))
        try await exporting.run(mailbox)
        return exporting.report
    }
}

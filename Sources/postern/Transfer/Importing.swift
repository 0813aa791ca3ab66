// An import from its plan to its report: source after source, message after message.

import Archive
import IPC
import Mail

/// Used by one task.
final class Importing {
    struct Choices {
        /// nil: told from each message, or from who wrote the files.
        var dialect: MboxDialect?
        /// Seconds east of UTC of dates without a zone.
        var zone = 0
    }

    let intake: MessageIntake
    let plan: ImportPlan
    let choices: Choices
    private let store: StoreConversation
    private let account: NamedAccount
    private let isDry: Bool
    private var progress: TransferProgress
    private(set) var report: ImportReport
    /// How much there is and how much is done with: octets of mbox files, messages of a Maildir.
    private var whole: UInt64 = 0
    private var done: UInt64 = 0

    init(
        _ plan: ImportPlan, into account: NamedAccount, of store: StoreConversation, _ choices: Choices, isDry: Bool,
        progress: TransferProgress
    ) {
        (self.plan, self.account, self.store, self.choices) = (plan, account, store, choices)
        (self.isDry, self.progress) = (isDry, progress)
        intake = MessageIntake(isDry ? nil : store, account)
        report = ImportReport(format: plan.format, dryRun: isDry, passedOver: plan.passedOver)
        for (item, reason) in plan.leftOut { intake.leave(item, reason) }
    }

    /// - Throws: `Failure` when the store does not go on.
    func run() async throws {
        // An account that is not there is said before all is read.
        _ = try await store.mailboxes(of: account)
        whole = plan.sources.reduce(0) { $0 + size($1) }
        do {
            for source in plan.sources {
                intake.enter(source.mailbox)
                switch (plan.format, source.path) {
                case (.maildir, let path?): try await MaildirImport(self, path).run()
                default: try await MboxImport(self, source.path).run()
                }
            }
            try await intake.settle()
            if !isDry { try await makeEmpty() }
            report.take(intake.tally)
        } catch let failure as Failure {
            let stopped = await intake.stopped("the import", failure)
            progress.end()
            throw stopped
        }
        progress.end()
    }

    /// Folders without a message are mailboxes too; and what was subscribed to stays so. Names are compared as people read
    /// them, whatever their Unicode form.
    private func makeEmpty() async throws {
        var here = Set(try await store.mailboxes(of: account).map(\.name))
        for name in Set(plan.sources.map(\.mailbox)).subtracting(here).sorted() where !here.contains(name) {
            if let refusal = try await store.refusal(of: .create(NamedMailbox(account, name), use: nil)) {
                intake.leave(printable(name), refusal)
                continue
            }
            here = Set(try await store.mailboxes(of: account).map(\.name))
        }
        for name in Set(plan.subscriptions) where here.contains(name) {
            let refusal = try await store.refusal(of: .subscribe(NamedMailbox(account, name)))
            if let refusal { intake.leave("the subscription to \(printable(name))", refusal) }
        }
    }

    private func size(_ source: ImportPlan.Source) -> UInt64 {
        guard let path = source.path else { return 0 }
        switch plan.format {
        case .mbox: return (try? ReadFile(path))?.size ?? 0
        case .maildir: return UInt64(MaildirImport.names(in: path).count)
        }
    }

    // MARK: - For the readers of both formats

    func began() -> IncomingMessage { intake.begin() }

    /// The message is whole: it goes in, or is named.
    /// - Parameter units: Of the progress, that it took.
    func take(_ message: IncomingMessage, _ archived: ArchivedMessage, item: @autoclosure () -> String) async throws {
        guard message.octets > 0 else { return leave(message, item(), "it is empty") }
        guard message.octets <= AppendOrder.largest else { return leave(message, item(), "it is larger than 2 GiB") }
        if let oddity = message.oddity { intake.keep(item(), oddity) }
        try await intake.finish(message, ImportedFacts(archived), item: item())
    }

    func leave(_ message: IncomingMessage?, _ item: String, _ reason: String) {
        message?.drop()
        intake.leave(item, reason)
    }

    func advance(_ units: UInt64) {
        done += units
        let tally = intake.tally
        progress.show(
            messages: tally.messages + tally.present, octets: tally.octets,
            fraction: whole > 0 ? Double(done) / Double(whole) : nil)
    }
}

// The content of one message on the administrator's road: out of a mailbox, or into one.

import IPC
import Mail
import NIOCore
import NIOPosix

/// What reading and appending need of the house; one for each event loop.
struct ContentServing: Sendable {
    let commands: MailboxCommands
    let reader: SpoolReader
    let files: NIOThreadPool
    let writer: SegmentWriter
    let uploads: UploadSurroundings
    let log: @Sendable (StoreEvent) -> Void
}

/// Confined to its event loop; one for each conversation.
final class MailboxContent {
    private let serving: ContentServing
    private var upload: Upload?
    /// What it is to become is being found out.
    private var appending: Upload?
    private var reading: MessageReading<CommandToStore>?
    private var isOver = false

    init(_ serving: ContentServing) { self.serving = serving }

    /// Content came, and no word that takes it.
    var hasContent: Bool { upload != nil }

    /// No word will follow the content that came.
    func dropContent() {
        upload?.release()
        upload = nil
    }

    func cancelled() {
        isOver = true
        reading?.stop()
        dropContent()
        appending?.release()
        appending = nil
    }
}

// Out.
extension MailboxContent {
    func read(_ mailbox: NamedMailbox, uid: UInt32, in exchange: Exchange<CommandToStore>) {
        typealias Found = Result<StoredMessage, FormFault>
        let begin: @Sendable (Found) -> Void = exchange.hop { [self] found in
            switch found {
            case .success(let message): send(message, in: exchange)
            case .failure(let fault): exchange.answer(.refused(fault.because))
            }
        }
        Task { [serving] in
            do {
                let message = try await serving.commands.message(uid, of: mailbox)
                begin(.success(try await serving.read(message)))
            } catch let fault as FormFault { begin(.failure(fault)) } catch {
                begin(.failure(FormFault("the message cannot be read: \(error)")))
            }
        }
    }

    private func send(_ message: StoredMessage, in exchange: Exchange<CommandToStore>) {
        guard !isOver, reading == nil else { return exchange.cancel() }
        let new = MessageReading(
            message, front: message.local, .relayed, from: serving.reader, files: serving.files, to: exchange
        ) { [self] result in
            reading = nil
            switch result {
            case .success(let octets): exchange.answer(.mailbox(.content(octets: octets)))
            case .failure(let error):
                serving.note(error, message.record.spool)
                exchange.answer(.refused("the message cannot be read: \(error)"))
            }
        }
        reading = new
        new.start()
    }
}

// In.
extension MailboxContent {
    func content(_ bytes: ByteBuffer, in exchange: Exchange<CommandToStore>) {
        let upload = upload ?? serving.uploads.begin(in: exchange)
        self.upload = upload
        upload.append(bytes)
    }

    func append(_ order: AppendOrder, in exchange: Exchange<CommandToStore>) {
        guard appending == nil else {
            cancelled()
            return exchange.cancel()
        }
        let upload = upload ?? Upload(serving.uploads) { _ in }
        self.upload = nil
        appending = upload
        let go: @Sendable (Result<Plan, FormFault>) -> Void = exchange.hop { [self] plan in
            guard !isOver else { return }
            appending = nil
            switch plan {
            case .success(let plan): submit(plan, upload, in: exchange)
            case .failure(let fault):
                upload.release()
                exchange.answer(.refused(fault.because))
            }
        }
        Task { [serving] in
            do { go(.success(try await serving.plan(order))) } catch let fault as FormFault { go(.failure(fault)) } catch {
                go(.failure(FormFault("the index cannot be read: \(error)")))
            }
        }
    }

    private func submit(_ plan: Plan, _ upload: Upload, in exchange: Exchange<CommandToStore>) {
        let eventLoop = exchange.eventLoop
        upload.finish { [serving] result in
            switch result {
            case .failure(let error):
                upload.release()
                exchange.answer(.refused("the message cannot be kept: \(error)"))
            case .success(let content):
                var own: Incoming?
                let incoming = Incoming(plan, content, on: eventLoop) { receipt in
                    upload.release()
                    switch receipt {
                    case .accepted(let spool):
                        exchange.answer(.mailbox(.appended(AppendedMessage(spool: spool, isNew: spool == own?.spool))))
                    case .refused(let refusal): exchange.answer(.refused(refusal.because))
                    }
                    own = nil
                }
                own = incoming
                serving.writer.submit(incoming)
            }
        }
    }
}

extension ContentServing {
    fileprivate func read(_ message: PlacedMessage) async throws -> StoredMessage {
        let reader = reader
        do { return try await files.runIfActive { try reader.read(message.location, message.spool) } } catch {
            if let error = error as? SpoolReadError { note(error, message.spool) }
            throw error
        }
    }

    fileprivate func note(_ error: SpoolReadError, _ spool: SpoolID) {
        if case .damaged(let because) = error { log(.damaged(spool, because: because)) }
    }

    /// Without a sender and a header of our own: the bytes stay as they came.
    fileprivate func plan(_ order: AppendOrder) async throws -> Plan {
        let (account, name) = (try await commands.account(order.mailbox.account), try MailboxName(order.mailbox.name))
        if let keyword = order.keywords.first(where: { !$0.isKeyword }) {
            throw FormFault("\"\(keyword.printable)\" is no keyword: use 1 to \(MailboxLimits.keyword) letters, digits and signs")
        }
        var placement = LocalPlacement(recipient: order.mailbox.account.address, account: account)
        placement.mailbox = name.text
        placement.flags = order.flags.intersection(.all)
        placement.keywords = order.keywords
        var plan = Plan(
            trace: TraceID(high: .random(in: 0...UInt64.max), low: .random(in: 0...UInt64.max)), sender: nil,
            localHeader: [], header: [], placements: [placement], relays: [],
            parameters: SenderParameters(body: .binary))
        plan.isAppended = true
        plan.internalDate = order.internalDate
        plan.createsMailboxes = order.createsMailbox
        plan.identity = order.identity
        if let because = plan.fault { throw FormFault(because) }
        return plan
    }
}

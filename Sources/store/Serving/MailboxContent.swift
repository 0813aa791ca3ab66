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
    /// Octets of a message that is appended.
    let largest: UInt64
    let log: @Sendable (StoreEvent) -> Void
}

/// Confined to its event loop; one for each conversation.
final class MailboxContent {
    private let serving: ContentServing
    private var upload: Upload?
    /// Of the content that came, kept or not.
    private var octets: UInt64 = 0
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
        octets = 0
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
    /// What is too much is not kept, and is said when the word comes.
    func content(_ bytes: ByteBuffer, in exchange: Exchange<CommandToStore>) {
        let upload = upload ?? serving.uploads.begin(in: exchange)
        self.upload = upload
        let isTooLarge = octets > serving.largest
        octets += UInt64(bytes.readableBytes)
        if octets <= serving.largest { return upload.append(bytes) }
        if !isTooLarge { upload.release() }
        exchange.consumed(bytes.readableBytes)
    }

    func append(_ order: AppendOrder, in exchange: Exchange<CommandToStore>) {
        guard appending == nil else {
            cancelled()
            return exchange.cancel()
        }
        guard octets <= serving.largest else {
            let because = "the message has \(octets) octets, and the store takes \(serving.largest): leave it where it is"
            dropContent()
            return exchange.answer(AppendRefusal(.message, because: because))
        }
        let upload = upload ?? Upload(serving.uploads) { _ in }
        (self.upload, octets) = (nil, 0)
        appending = upload
        let go: @Sendable (Result<Plan, AppendRefusal>) -> Void = exchange.hop { [self] plan in
            guard !isOver else { return }
            appending = nil
            switch plan {
            case .success(let plan): submit(plan, upload, in: exchange)
            case .failure(let refusal):
                upload.release()
                exchange.answer(refusal)
            }
        }
        Task { [serving] in
            do throws(AppendRefusal) { go(.success(try await serving.plan(order))) } catch { go(.failure(error)) }
        }
    }

    private func submit(_ plan: Plan, _ upload: Upload, in exchange: Exchange<CommandToStore>) {
        let eventLoop = exchange.eventLoop
        upload.finish { [serving] result in
            switch result {
            case .failure(let error):
                upload.release()
                let cause: AppendRefusal.Cause = error.isFull ? .room : .trouble
                exchange.answer(AppendRefusal(cause, because: "the message cannot be kept: \(error)"))
            case .success(let content):
                var own: Incoming?
                let incoming = Incoming(plan, content, on: eventLoop) { receipt in
                    upload.release()
                    switch receipt {
                    case .accepted(let spool):
                        exchange.answer(.mailbox(.appended(AppendedMessage(spool: spool, isNew: spool == own?.spool))))
                    case .refused(let refusal):
                        exchange.answer(AppendRefusal(refusal, hasPlace: own?.isRejected == false))
                    }
                    own = nil
                }
                own = incoming
                serving.writer.submit(incoming)
            }
        }
    }
}

extension Exchange<CommandToStore> {
    fileprivate func answer(_ refusal: AppendRefusal) { answer(.mailbox(.notAppended(refusal))) }
}

extension AppendRefusal {
    /// What the store says to everybody, for whoever has more messages.
    fileprivate init(_ refusal: Refusal, hasPlace: Bool) {
        let cause: Cause = !hasPlace ? .place : StoreRefusal.isForRoom(refusal) ? .room : .trouble
        self.init(cause, because: refusal.because)
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
    fileprivate func plan(_ order: AppendOrder) async throws(AppendRefusal) -> Plan {
        let account = try await account(order.mailbox.account)
        let name: MailboxName
        do throws(FormFault) { name = try MailboxName(order.mailbox.name) } catch {
            throw AppendRefusal(.message, because: error.because)
        }
        if let keyword = order.keywords.first(where: { !$0.isKeyword }) {
            let rule = "use 1 to \(MailboxLimits.keyword) letters, digits and signs"
            throw AppendRefusal(.message, because: "\"\(keyword.printable)\" is no keyword: \(rule)")
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
        if let because = plan.fault { throw AppendRefusal(.message, because: because) }
        return plan
    }

    private func account(_ name: NamedAccount) async throws(AppendRefusal) -> AccountID {
        do { return try await commands.account(name) } catch let fault as FormFault {
            throw AppendRefusal(.place, because: fault.because)
        } catch { throw AppendRefusal(.trouble, because: "the index cannot be read: \(error)") }
    }
}

// Serves the router: who lives here, is this password right, keep this message.

import IPC
import Mail
import NIOCore

/// What serving the router needs; one for each event loop.
final class RouterServing: Sendable {
    let directory: Directory
    let authentication: Authentication
    let logins: LoginSurroundings
    let writer: SegmentWriter
    let uploads: UploadSurroundings
    let log: @Sendable (StoreEvent) -> Void

    init(
        directory: Directory, logins: LoginSurroundings, writer: SegmentWriter, uploads: UploadSurroundings,
        log: @escaping @Sendable (StoreEvent) -> Void
    ) {
        self.directory = directory
        self.logins = logins
        authentication = logins.authentication
        self.writer = writer
        self.uploads = uploads
        self.log = log
    }
}

/// Confined to its event loop.
final class RouterConversation: Conversing {
    typealias E = RouterToStore

    private let serving: RouterServing
    private var upload: Upload?
    /// A question for a change of the directory that waits.
    private var waiter: UInt64?
    private var login: LoginExchange?

    init(_ serving: RouterServing) { self.serving = serving }

    func question(_ question: RouterToStore.Question, in exchange: Exchange<RouterToStore>) {
        switch question {
        case .lookUp(let addresses):
            lookUp(addresses, in: exchange)
        case .directoryChange(let version):
            waiter = serving.directory.change(since: version, exchange.hop { exchange.answer(.directory(version: $0)) })
        case .verify(let login):
            serving.authentication.verify(login, exchange.hop { exchange.answer(.login($0)) })
        case .policy: exchange.answer(.policy(serving.directory.policy))
        case .sasl(let opening): begin(opening, in: exchange)
        case .saslResponse(let response):
            guard let login else { return exchange.cancel() }
            login.respond(response, in: exchange)
        case .redeem(let ticket, let service):
            let grant = serving.authentication.redeem(ticket, for: service)
            exchange.answer(.login(grant.map { .granted($0) } ?? .refused(user: "")))
        case .commit(let plan): commit(plan, in: exchange)
        }
    }

    private func lookUp(_ addresses: [EmailAddress], in exchange: Exchange<RouterToStore>) {
        guard addresses.count <= 1_000 else { return exchange.cancel() }
        let (entries, version) = serving.directory.lookUp(addresses)
        // An answer has to fit into a frame.
        guard entries.reduce(0, { $0 + $1.octets }) <= DirectoryLimits.answer else { return exchange.cancel() }
        exchange.answer(.entries(entries, version: version))
    }

    private func begin(_ opening: SASLOpening, in exchange: Exchange<RouterToStore>) {
        guard login == nil else { return exchange.cancel() }
        guard let new = LoginExchange(opening, serving.logins) else {
            let because = "there is no mechanism \(opening.mechanism.prefix(20))"
            return exchange.answer(.login(serving.authentication.refusal(opening.facts, user: "", because: because)))
        }
        login = new
        new.begin(opening.initial, in: exchange)
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<RouterToStore>) {
        let upload = upload ?? serving.uploads.begin(in: exchange)
        self.upload = upload
        upload.append(bytes)
    }

    func ended(in exchange: Exchange<RouterToStore>) {
        // Content that no word followed.
        dropUpload()
    }

    func cancelled() {
        dropUpload()
        if let waiter { serving.directory.forget(waiter) }
    }

    private func dropUpload() {
        upload?.release()
        upload = nil
    }

    private func commit(_ plan: Plan, in exchange: Exchange<RouterToStore>) {
        let upload = upload ?? Upload(serving.uploads) { _ in }
        self.upload = nil
        if let because = plan.fault {
            serving.log(.planRefused(plan.trace, because: because))
            upload.release()
            return exchange.answer(.receipt(StoreRefusal.trouble(because)))
        }
        let eventLoop = exchange.eventLoop
        upload.finish { [serving] result in
            switch result {
            case .failure(let error):
                upload.release()
                let because = "\(error)"
                exchange.answer(.receipt(error.isFull ? StoreRefusal.full(because) : StoreRefusal.trouble(because)))
            case .success(let content):
                let shortage = Shortage()
                let incoming = Incoming(plan, content, on: eventLoop) { receipt in
                    upload.release()
                    exchange.answer(shortage.found.map { .overQuota($0) } ?? .receipt(receipt))
                }
                incoming.onShortage = { shortage.found = $0 }
                serving.writer.submit(incoming)
            }
        }
    }
}

/// Confined to its event loop.
private final class Shortage {
    var found: QuotaShortage?
}

extension Plan {
    /// Why it cannot be carried out; nil when it can.
    var fault: String? {
        let count = placements.count + relays.count
        guard count > 0 else { return "the plan names nobody" }
        guard count < EntryID.recipients else { return "the plan names \(count) recipients" }
        guard idempotencyKey.map({ (1...128).contains($0.utf8.count) }) ?? true else {
            return "the plan's key is empty or longer than 128 octets"
        }
        guard identity.map({ isAppended && (1...128).contains($0.utf8.count) }) ?? true else {
            return "the plan's identity is empty or longer than 128 octets, or it is no message that is appended"
        }
        guard !isAppended || placements.count == 1 && relays.isEmpty else { return "a message is appended to one mailbox" }
        guard placements.allSatisfy({ ($0.mailbox?.utf8.count ?? 0) <= MailboxName.longest && $0.hasStorableKeywords }) else {
            return "a mailbox or a keyword of the plan is too long, or there are too many keywords"
        }
        guard sender?.isStorable ?? true, relays.allSatisfy(\.address.isStorable),
            placements.allSatisfy({ $0.recipient.isStorable })
        else { return "an address of the plan is longer than 64 and 255 octets" }
        guard parameters.envelopeID.map({ $0.utf8.count <= 100 }) ?? true,
            relays.allSatisfy({ $0.parameters.original.map { $0.utf8.count <= 500 } ?? true })
        else { return "ENVID or ORCPT of the plan is longer than 100 and 500 octets" }
        return nil
    }
}

extension DirectoryEntry {
    /// As an answer carries it, at most.
    fileprivate var octets: Int {
        guard case .local(let entry) = self else { return 1 }
        let addresses = (entry.targets ?? []) + (entry.catchAll.map { [$0] } ?? [])
        let texts = entry.domain.utf8.count + entry.delimiters.utf8.count + (entry.transport?.utf8.count ?? 0)
        return addresses.reduce(texts + 80) { $0 + $1.localPart.utf8.count + $1.domain.utf8.count + 8 }
    }
}

extension LocalPlacement {
    fileprivate var hasStorableKeywords: Bool {
        keywords.isEmpty || keywords.count <= MailboxLimits.keywordsOfMessage && keywords.allSatisfy(\.isKeyword)
    }
}

extension EmailAddress {
    /// RFC 5321 §4.5.3.1: what is longer cannot have come over the wire.
    fileprivate var isStorable: Bool { localPart.utf8.count <= 128 && domain.utf8.count <= 255 }
}

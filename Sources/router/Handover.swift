// A message's content on its way from a listener or a delivery agent to the store: slices passed on as they come, with
// back-pressure both ways, looked at for loops and size. Confined to the event loop.
//
// Guarantees: nothing is credited to the sender before the store takes it, so that a store that stands still costs at
// most one window per message; a message that cannot go on is still heard to its end, and refused there.

import IPC
import MIME
import Mail
import NIOCore

final class Handover {
    private let house: RouterLoop
    /// nil: the content is the house's own, and short.
    private let source: Flow?
    private var store: Conversation<RouterToStore>?
    private var inspector: ContentInspector
    private var uncredited = 0
    private(set) var octets = 0
    /// Why the message cannot be taken; said at its end.
    private(set) var refusal: Refusal?

    /// RFC 5321 §6.3 asks for a large number, at least 100.
    static let receivedLimit = 100
    private static let commitDeadline = TimeAmount.minutes(2)

    init(_ house: RouterLoop, from source: Flow?) {
        self.house = house
        self.source = source
        inspector = ContentInspector(limits: house.policy.inspection)
    }

    /// What the content has shown; complete after `finish`.
    var inspection: ContentFacts { inspector.facts }

    func content(_ bytes: ByteBuffer) {
        let count = bytes.readableBytes
        octets += count
        if refusal == nil { look(at: bytes) }
        guard refusal == nil, let store = road() else { return credit(count) }
        store.send(bytes)
        if store.isWritable { credit(count) } else { uncredited += count }
    }

    /// All content has come.
    func finish() {
        if refusal == nil, let fault = inspector.finish() { refuse(fault.refusal) }
    }

    /// Everything has been sent: the store shall keep it as the plan says. `body` is called once, never at once when the
    /// store has been asked.
    func commit(_ plan: Plan, _ body: @escaping (Receipt) -> Void) {
        guard refusal == nil, let store = road() else {
            return body(.refused(refusal ?? .local("the store cannot be reached")))
        }
        store.ask(.commit(plan), last: true, deadline: Self.commitDeadline) { [house] result in
            switch result {
            case .success(.receipt(let receipt)): body(receipt)
            case .success(.overQuota(let shortage)):
                if let octets = plan.parameters.declaredSize {
                    house.shortages.note(shortage, octets: octets, now: house.now())
                }
                body(.refused(house.policy.overQuota.refusal(shortage)))
            case .success:
                house.log(.wrongAnswer(question: "commit"))
                body(.refused(.local("the store's answer makes no sense")))
            case .failure(let error): body(.refused(.local("commit: \(error)")))
            }
        }
    }

    /// The store forgets what it was sent.
    func cancel() {
        store?.cancel()
        store = nil
    }

    private func look(at bytes: ByteBuffer) {
        let fault = bytes.withUnsafeReadableBytes { inspector.inspect($0) }
        if let fault {
            refuse(fault.refusal)
        } else if inspector.facts.fields[.received] > Self.receivedLimit {
            refuse(
                Refusal(
                    Reply(554, "5.4.6", "Too many hops"),
                    because: "more than \(Self.receivedLimit) Received fields: the message is in a loop"))
        } else if octets > house.policy.messageSize {
            refuse(
                Refusal(
                    Reply(552, "5.3.4", "Message too large"),
                    because: "more than \(house.policy.messageSize) octets"))
        }
    }

    private func refuse(_ refusal: Refusal) {
        self.refusal = refusal
        cancel()
        release()
    }

    /// The conversation with the store, opened when it is first needed.
    private func road() -> Conversation<RouterToStore>? {
        if let store { return store }
        do {
            let store = try house.store.open()
            // The conversation lets go of these when it is over.
            store.onWritable = { [self] in release() }
            store.onFailure = { [self] error in failed(error) }
            self.store = store
            return store
        } catch {
            refusal = .local("the store cannot be reached: \(error)")
            return nil
        }
    }

    /// The store takes more: so may the source send more.
    private func release() {
        let count = uncredited
        uncredited = 0
        if count > 0 { credit(count) }
    }

    private func credit(_ count: Int) { source?.consumed(count) }

    /// The road to the store broke while content was on it.
    private func failed(_ error: IPCError) {
        store = nil
        if refusal == nil { refusal = .local("the store was lost: \(error)") }
        release()
    }
}

extension InspectionFault {
    /// R-05, D7: named, so that the sender knows which attachment to leave out.
    fileprivate var refusal: Refusal {
        switch self {
        case .attachmentTooLarge(let name, let limit):
            let what = name.map { "Attachment \($0)" } ?? "An attachment"
            return Refusal(
                Reply(552, "5.3.4", "\(what) is larger than \(limit) octets"),
                because: "an attachment is larger than attachment.max_size")
        case .headerTooLarge(let limit): return malformed("the header is larger than \(limit) octets")
        case .tooManyFields(let limit): return malformed("the header has more than \(limit) fields")
        case .fieldTooLong(let limit): return malformed("a header field is longer than \(limit) octets")
        case .lineTooLong(let limit): return malformed("a line is longer than \(limit) octets")
        case .tooManyParts(let limit): return malformed("the message has more than \(limit) parts")
        }
    }

    /// RFC 3463 §3.7: X.6.0.
    private func malformed(_ because: String) -> Refusal {
        Refusal(Reply(550, "5.6.0", "Message refused: \(because)"), because: because)
    }
}

extension RouterPolicy {
    fileprivate var inspection: InspectionLimits {
        var limits = InspectionLimits(attachment: attachmentSize)
        limits.header = headerSize
        limits.fields = headerFields
        limits.field = headerSize
        return limits
    }
}

// A message's content on its way from a listener or a delivery agent to the store: slices passed on as they come, with
// back-pressure both ways, looked at for loops and size. Confined to the event loop.
//
// Guarantees: nothing is credited to the sender before the store takes it, so that a store that stands still costs at
// most one window per message; a message that cannot go on is still heard to its end, and refused there.

import IPC
import Mail
import NIOCore

final class Handover {
    private let house: RouterLoop
    private let source: Flow
    private var store: Conversation<RouterToStore>?
    private var received = ReceivedCounter()
    private var uncredited = 0
    private(set) var octets = 0
    /// Why the message cannot be taken; said at its end.
    private(set) var refusal: Refusal?

    /// RFC 5321 §6.3 asks for a large number, at least 100.
    static let receivedLimit = 100
    private static let commitDeadline = TimeAmount.minutes(2)

    init(_ house: RouterLoop, from source: Flow) {
        self.house = house
        self.source = source
    }

    func content(_ bytes: ByteBuffer) {
        let count = bytes.readableBytes
        octets += count
        if refusal == nil { look(at: bytes) }
        guard refusal == nil, let store = road() else { return source.consumed(count) }
        store.send(bytes)
        if store.isWritable { source.consumed(count) } else { uncredited += count }
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
        bytes.withUnsafeReadableBytes { received.look(at: $0) }
        if received.count > Self.receivedLimit {
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
        if count > 0 { source.consumed(count) }
    }

    /// The road to the store broke while content was on it.
    private func failed(_ error: IPCError) {
        store = nil
        if refusal == nil { refusal = .local("the store was lost: \(error)") }
        release()
    }
}

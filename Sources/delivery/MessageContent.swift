// One message's bytes on their way from the store to a remote server. The store sends ahead of us by one window of the
// road; what the remote does not take in time stays in the store.

import IPC
import Mail
import NIOCore

/// Confined to the store's event loop.
final class MessageContent {
    enum Ending: Equatable {
        /// Every byte has come; what is not taken yet waits in here.
        case complete
        case failed(String)
        /// By us: nobody wants the rest.
        case cancelled
    }

    private(set) var ending: Ending?
    /// Called when bytes or the end have come.
    var onArrival: (() -> Void)?

    private var chunks = CircularBuffer<ByteBuffer>(initialCapacity: 2)
    private var received: UInt64 = 0
    private var conversation: Conversation<DeliveryToStore>?

    /// Asks at once: the bytes come while the remote looks at the envelope.
    init(_ message: SpoolID, from store: Asker<DeliveryToStore>, deadline: TimeAmount) {
        do {
            let conversation = try store.open()
            self.conversation = conversation
            conversation.onContent = { [weak self] in self?.arrived($0) }
            conversation.ask(.read(message, .relayed), last: true, deadline: deadline) { [weak self] in
                self?.answered($0)
            }
        } catch {
            ending = .failed("the store cannot be asked: \(error)")
        }
    }

    /// The next bytes; nil when there are none just now. `consumed` must follow for as many.
    func next() -> ByteBuffer? { chunks.popFirst() }

    func consumed(_ count: Int) { conversation?.consumed(count) }

    /// Nothing is left, and nothing more will come.
    var isExhausted: Bool { ending == .complete && chunks.isEmpty }

    /// Why the rest cannot be had.
    var failure: String? {
        if case .failed(let because) = ending { because } else { nil }
    }

    /// Nobody wants the rest.
    func cancel() {
        onArrival = nil
        chunks.removeAll()
        conversation?.onContent = nil
        if ending == nil {
            ending = .cancelled
            conversation?.cancel()
        }
        conversation = nil
    }

    private func arrived(_ bytes: ByteBuffer) {
        received += UInt64(bytes.readableBytes)
        chunks.append(bytes)
        onArrival?()
    }

    private func answered(_ answer: Result<DeliveryToStore.Answer, IPCError>) {
        guard ending == nil else { return }
        ending =
            switch answer {
            case .success(.bytes(let count)) where count == received: .complete
            case .success(.bytes(let count)): .failed("the store announced \(count) octets and sent \(received)")
            case .success(.unreadable(let because)): .failed("the store cannot read the message: \(because)")
            case .success: .failed("the store gave an answer to another question")
            case .failure(let error): .failed("the store was lost: \(error)")
            }
        onArrival?()
    }
}

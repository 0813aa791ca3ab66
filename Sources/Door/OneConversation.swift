// A conversation of somebody who lives only for it: several questions on one channel, with content, and the first failure is
// the end.

import IPC
import NIOCore

/// May be used from anywhere; its state lives on its event loop.
package final class OneConversation<E: Edge>: @unchecked Sendable {
    // Unchecked: what changes is only touched on the asker's event loop.
    private let asker: Asker<E>
    private let conversation: Conversation<E>
    private var receive: (@Sendable (ByteBuffer) -> TimeAmount?)?

    /// Connects. Fails with `OneQuestion.NoAnswer`.
    package static func open(
        _ edge: E.Type, at path: String, as identity: Identity, on eventLoop: any EventLoop
    ) -> EventLoopFuture<OneConversation<E>> {
        let promise = eventLoop.makePromise(of: OneConversation<E>.self)
        let asker = Asker(E.self, path: path, identity: identity, on: eventLoop) { event in
            switch event {
            case .unreachable(_, let reason):
                promise.fail(OneQuestion.NoAnswer(kind: .unreachable, description: reason))
            case .refused(_, let reason): promise.fail(OneQuestion.NoAnswer(kind: .refused, description: reason))
            case .disconnected(_, let reason), .violation(_, _, let reason):
                promise.fail(OneQuestion.NoAnswer(kind: .failed, description: reason))
            default: break
            }
        }
        asker.onConnect {
            do { promise.succeed(OneConversation(asker, try asker.open())) } catch { promise.fail(error) }
        }
        asker.start()
        let late = eventLoop.scheduleTask(in: .seconds(30)) {
            promise.fail(OneQuestion.NoAnswer(kind: .failed, description: "no answer in time"))
        }
        promise.futureResult.whenComplete { _ in late.cancel() }
        promise.futureResult.whenFailure { _ in _ = asker.close() }
        return promise.futureResult
    }

    private init(_ asker: Asker<E>, _ conversation: Conversation<E>) {
        self.asker = asker
        self.conversation = conversation
        conversation.onContent = { [weak self] bytes in self?.hear(bytes) }
    }

    /// Asks. Fails with `OneQuestion.NoAnswer`.
    /// - Parameter content: hears what comes before the answer, on the event loop, and says how long the next must wait.
    package func ask(
        _ question: E.Question, last: Bool = false, deadline: TimeAmount,
        content: (@Sendable (ByteBuffer) -> TimeAmount?)? = nil
    ) -> EventLoopFuture<E.Answer> {
        asker.eventLoop.flatSubmit { [self] in
            let promise = asker.eventLoop.makePromise(of: E.Answer.self)
            receive = content
            conversation.ask(question, last: last, deadline: deadline) { result in
                promise.completeWith(
                    result.mapError { OneQuestion.NoAnswer(kind: .failed, description: "\($0)") })
            }
            return promise.futureResult
        }
    }

    private func hear(_ bytes: ByteBuffer) {
        let count = bytes.readableBytes
        guard let pause = receive?(bytes), pause > .zero else { return conversation.consumed(count) }
        asker.eventLoop.assumeIsolated().scheduleTask(in: pause) { [conversation] in conversation.consumed(count) }
    }

    package func close() { _ = asker.close() }
}

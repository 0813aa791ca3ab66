// One question by somebody who lives only for it: a command, or an act of the attack matrix. Unlike a room it does not
// wait for a serving room that is not there: the first failure is the answer.

import IPC
import NIOCore

package enum OneQuestion {
    /// Why there is no answer, for people.
    package struct NoAnswer: Error, CustomStringConvertible {
        package enum Kind: Sendable { case unreachable, refused, failed }
        package let kind: Kind
        package let description: String

        package init(kind: Kind, description: String) { (self.kind, self.description) = (kind, description) }
    }

    /// Connects. Fails with `NoAnswer` when nobody is there, or we are not let in.
    package static func connect<E: Edge>(
        _ edge: E.Type, at path: String, as identity: Identity, within deadline: TimeAmount = .seconds(30),
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Asker<E>> {
        let promise = eventLoop.makePromise(of: Void.self)
        let asker = Asker(E.self, path: path, identity: identity, on: eventLoop) { event in
            switch event {
            case .unreachable(_, let reason): promise.fail(NoAnswer(kind: .unreachable, description: reason))
            case .refused(_, let reason): promise.fail(NoAnswer(kind: .refused, description: reason))
            case .disconnected(_, let reason), .violation(_, _, let reason):
                promise.fail(NoAnswer(kind: .failed, description: reason))
            default: break
            }
        }
        asker.onConnect { promise.succeed() }
        asker.start()
        let late = eventLoop.scheduleTask(in: deadline) {
            promise.fail(NoAnswer(kind: .failed, description: "no answer in time"))
        }
        promise.futureResult.whenComplete { _ in late.cancel() }
        promise.futureResult.whenFailure { _ in _ = asker.close() }
        return promise.futureResult.map { asker }
    }

    /// Connects, asks, closes. Fails with `NoAnswer`.
    package static func ask<E: Edge>(
        _ edge: E.Type, _ question: E.Question, at path: String, as identity: Identity, deadline: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<E.Answer> {
        connect(edge, at: path, as: identity, within: deadline + .seconds(5), on: eventLoop).flatMap { asker in
            asker.ask(question, deadline: deadline).flatMapErrorThrowing { error in
                throw NoAnswer(kind: .failed, description: "\(error)")
            }.always { _ in _ = asker.close() }
        }
    }
}

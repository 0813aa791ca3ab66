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

    /// Connects, asks, closes. Fails with `NoAnswer`.
    package static func ask<E: Edge>(
        _ edge: E.Type, _ question: E.Question, at path: String, as identity: Identity, deadline: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<E.Answer> {
        let promise = eventLoop.makePromise(of: E.Answer.self)
        let asker = Asker(E.self, path: path, identity: identity, on: eventLoop) { event in
            switch event {
            case .unreachable(_, let reason): promise.fail(NoAnswer(kind: .unreachable, description: reason))
            case .refused(_, let reason): promise.fail(NoAnswer(kind: .refused, description: reason))
            case .disconnected(_, let reason), .violation(_, _, let reason):
                promise.fail(NoAnswer(kind: .failed, description: reason))
            default: break
            }
        }
        asker.onConnect {
            asker.ask(question, deadline: deadline).flatMapErrorThrowing { error in
                throw NoAnswer(kind: .failed, description: "\(error)")
            }.cascade(to: promise)
        }
        asker.start()
        let late = eventLoop.scheduleTask(in: deadline + .seconds(5)) {
            promise.fail(NoAnswer(kind: .failed, description: "no answer in time"))
        }
        return promise.futureResult.always { _ in
            late.cancel()
            _ = asker.close()
        }
    }
}

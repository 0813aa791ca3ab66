// The router as a login sees it: two questions, and exchanges of AUTH.

import IPC
import NIOCore

/// What a login needs of the router. A failed future is our own trouble.
package struct LoginRouter: Sendable {
    let admit: @Sendable (SessionFacts) -> EventLoopFuture<Admission>
    let authenticate: @Sendable (Login) -> EventLoopFuture<LoginAnswer>
    /// Called on the connection's loop, which must be that of the road.
    let open: @Sendable () throws -> Conversation<ListenerToRouter>

    /// - Parameter admission: what the router has said already; nil: it is asked.
    package init(
        _ asker: Asker<ListenerToRouter>, admission: Admission? = nil, limits: LoginLimits = LoginLimits()
    ) {
        open = { try asker.open() }
        admit = { facts in
            if let admission { return asker.eventLoop.makeSucceededFuture(admission) }
            return asker.ask(.admit(facts), deadline: limits.admission).flatMapThrowing { answer in
                guard case .admission(let admission) = answer else { throw WrongAnswer() }
                return admission
            }
        }
        authenticate = { login in
            asker.ask(.authenticate(login), deadline: limits.authentication).flatMapThrowing { answer in
                guard case .login(let answer) = answer else { throw WrongAnswer() }
                return answer
            }
        }
    }

    /// The router answered what was not asked.
    struct WrongAnswer: Error {}
}

// One act of the attack matrix that the walls of the process cannot judge: speaking on an edge that is not one's own.

import IPC
import Mail
import NIOCore

/// Tried from inside a running room, with all that the room holds: its user, its keys, a lie about its name.
package enum EdgeAttack {
    /// The row's name in the matrix.
    package static let act = "speak a word of another edge"

    static func attempt(
        by room: RoomName, _ identity: Identity, _ roads: Roads, on eventLoop: any EventLoop
    ) -> EventLoopFuture<AttackReport> {
        switch room {
        case .router: return attempt(DeliveryToStore.self, .renew(LeaseID(rawValue: 0)), identity, roads, eventLoop)
        case .store:
            let facts = SessionFacts(
                trace: TraceID(high: 0, low: 0), service: .pop3, client: InternetAddress(v4: 0), clientPort: 0,
                local: InternetAddress(v4: 0), localPort: 0)
            let login = Login(facts: facts, user: "", password: Secret(""))
            return attempt(ListenerToRouter.self, .authenticate(login), identity, roads, eventLoop)
        default: return attempt(RouterToStore.self, .lookUp([]), identity, roads, eventLoop)
        }
    }

    private static func attempt<E: Edge>(
        _ edge: E.Type, _ word: E.Question, _ identity: Identity, _ roads: Roads, _ eventLoop: any EventLoop
    ) -> EventLoopFuture<AttackReport> {
        let lie = Identity(room: E.asker, release: identity.release, key: identity.key)
        return OneQuestion.ask(
            E.self, word, at: roads.path(edge), as: lie, deadline: .seconds(3), on: eventLoop
        ).map { _ in
            AttackReport(act: act, outcome: .gotThrough, detail: "\(E.name) answered")
        }.flatMapErrorThrowing { error in
            AttackReport(act: act, outcome: .refused, detail: "\(E.name): \(error)")
        }
    }
}

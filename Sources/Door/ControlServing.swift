// What every room answers to the administrator's command: how it is, and what its walls are worth.

import Glibc
import IPC
import Mail
import NIOCore
import Sandbox

/// The facts of a running room that `status` shows. Set up once at start.
package final class RoomFacts: Sendable {
    private let room: RoomName
    private let identity: Identity
    private let roads: Roads
    private let walls: WallReport
    private let place: Place
    private let started: NIODeadline
    private let figures: @Sendable () -> [Figure]

    init(
        _ identity: Identity, _ roads: Roads, walls: WallReport, place: Place,
        figures: @escaping @Sendable () -> [Figure]
    ) {
        room = identity.room
        self.identity = identity
        self.roads = roads
        self.walls = walls
        self.place = place
        self.figures = figures
        started = .now()
    }

    /// Answers on the event loop: an act of the matrix may have to wait for another room's refusal.
    package func answer(_ question: CommandToRoom, on eventLoop: any EventLoop) -> EventLoopFuture<RoomAnswer> {
        switch question {
        case .status: eventLoop.makeSucceededFuture(.status(status))
        case .prove(let orders):
            EventLoopFuture.whenAllSucceed(orders.prefix(64).map { prove($0, on: eventLoop) }, on: eventLoop)
                .map { .proof($0) }
        }
    }

    private var status: RoomStatus {
        let uptime = (NIODeadline.now() - started).nanoseconds / 1_000_000_000
        return RoomStatus(
            room: room, release: release, pid: getpid(), uptime: UInt64(max(0, uptime)), figures: figures(),
            missingWalls: walls.gaps.map(\.description))
    }

    private func prove(_ order: AttackOrder, on eventLoop: any EventLoop) -> EventLoopFuture<AttackReport> {
        if order.act == EdgeAttack.act { return EdgeAttack.attempt(by: room, identity, roads, on: eventLoop) }
        return eventLoop.makeSucceededFuture(prove(order))
    }

    private func prove(_ order: AttackOrder) -> AttackReport {
        guard let table = Room.named(room), let attack = Attack(order) else {
            return AttackReport(act: order.act, outcome: .notApplicable, detail: "not an act of this release")
        }
        guard attack.isForbidden(to: table, in: place) else {
            return AttackReport(act: order.act, outcome: .notApplicable, detail: "allowed to this room")
        }
        let result = attack.attempt()
        let outcome: AttackReport.Result =
            switch result {
            case .refused: .refused
            case .gotThrough: .gotThrough
            case .notApplicable: .notApplicable
            }
        return AttackReport(act: order.act, outcome: outcome, detail: result.description)
    }
}

extension Attack {
    /// Reads an order of the command. The target's meaning depends on the act.
    init?(_ order: AttackOrder) {
        guard let kind = Kind(rawValue: order.act) else { return nil }
        var target = Target()
        switch kind {
        case .openForeignFile: target.foreignFile = order.target
        case .openOutside: target.outsideFile = order.target
        case .createOutside, .mount: target.outsideDirectory = order.target
        case .connectOut:
            guard let colon = order.target.lastIndex(of: ":"),
                let port = UInt16(order.target[order.target.index(after: colon)...])
            else { return nil }
            (target.address, target.port) = (InternetAddress(order.target[..<colon]), port)
        case .bindPort: target.bindPort = UInt16(order.target) ?? 0
        case .execute: target.program = order.target
        case .trace, .signal, .readMemory, .readMemoryFile, .readEnvironment: target.process = Int32(order.target)
        case .fork, .rawSocket, .becomeRoot, .namespace: break
        }
        self.init(kind, at: target)
    }

    /// The order for this act at this target, as `Attack(order)` reads it.
    package static func order(_ kind: Kind, at target: String = "") -> AttackOrder {
        AttackOrder(act: kind.rawValue, target: target)
    }
}

/// Serves an edge of the command whose words are those that every room knows.
final class ControlConversation<E: Edge>: Conversing where E.Question == CommandToRoom, E.Answer == RoomAnswer {
    private let facts: RoomFacts

    init(_ facts: RoomFacts) { self.facts = facts }

    func question(_ question: CommandToRoom, in exchange: Exchange<E>) {
        facts.answer(question, on: exchange.eventLoop).assumeIsolated().whenSuccess { exchange.answer($0) }
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<E>) { exchange.cancel() }

    func ended(in exchange: Exchange<E>) {}

    func cancelled() {}
}

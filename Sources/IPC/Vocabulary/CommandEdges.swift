// The words of the administrator's command to each room, on the control sockets.

import Mail

/// What every room answers on its control socket.
package enum CommandToRoom: Codable, Sendable {
    /// Answered by `status`.
    case status
    /// Try these forbidden acts from inside the walls. Answered by `proof`, one result an act.
    case prove([AttackOrder])
}

package struct RoomStatus: Codable, Sendable {
    package var room: RoomName
    package var release: String
    package var pid: Int32
    /// Seconds since the room was ready.
    package var uptime: UInt64
    /// Named figures in the order in which they are shown.
    package var figures: [Figure]
    /// Walls that this machine could not give, in words.
    package var missingWalls: [String]

    package init(
        room: RoomName, release: String, pid: Int32, uptime: UInt64, figures: [Figure], missingWalls: [String]
    ) {
        self.room = room
        self.release = release
        self.pid = pid
        self.uptime = uptime
        self.figures = figures
        self.missingWalls = missingWalls
    }
}

package struct Figure: Codable, Sendable, Hashable {
    package var name: String
    package var value: Int64

    package init(_ name: String, _ value: Int64) {
        self.name = name
        self.value = value
    }
}

/// A forbidden act by its name in the sandbox's list, with what it needs to be tried for real.
package struct AttackOrder: Codable, Sendable {
    package var act: String
    /// A path, `address:port` or process number, as the act needs it.
    package var target: String

    package init(act: String, target: String) {
        self.act = act
        self.target = target
    }
}

package struct AttackReport: Codable, Sendable {
    package var act: String
    package var outcome: Result
    package var detail: String

    package enum Result: String, Codable, Sendable { case refused, gotThrough, notApplicable }

    package init(act: String, outcome: Result, detail: String) {
        self.act = act
        self.outcome = outcome
        self.detail = detail
    }
}

package enum RoomAnswer: Codable, Sendable {
    case status(RoomStatus)
    case proof([AttackReport])
}

package enum CommandToListener: Edge {
    package static let asker = RoomName.command
    package static let server = RoomName.listener
    package static let name = "command-listener"
    package typealias Question = CommandToRoom
    package typealias Answer = RoomAnswer
}

package enum CommandToRouter: Edge {
    package static let asker = RoomName.command
    package static let server = RoomName.router
    package static let name = "command-router"
    package typealias Question = CommandToRoom
    package typealias Answer = RoomAnswer
}

package enum CommandToDelivery: Edge {
    package static let asker = RoomName.command
    package static let server = RoomName.delivery
    package static let name = "command-delivery"
    package typealias Question = CommandToRoom
    package typealias Answer = RoomAnswer
}

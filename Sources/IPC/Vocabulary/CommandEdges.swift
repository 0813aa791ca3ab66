// The words of the administrator's command to each room, on the control sockets.

import Mail

/// What every room answers on its control socket.
package enum CommandToRoom: Word {
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

package enum RoomAnswer: Word {
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

    package enum Question: Word {
        case room(CommandToRoom)
        /// What would become of this recipient, every rule considered. Answered by `explained`.
        case explain(Hypothesis)
        /// Who is shut out. Answered by `bans`.
        case listBans
        case ban(AddressRange, seconds: UInt32)
        /// Answered by `pardoned`.
        case pardon(AddressRange)
    }

    package enum Answer: Word {
        case room(RoomAnswer)
        case explained(Explanation)
        case bans([BanEntry])
        case pardoned(UInt32)
        case done
        /// One sentence with the reason and the fix.
        case refused(String)
    }
}

/// An envelope that nobody has sent.
package struct Hypothesis: Codable, Sendable {
    package var client: InternetAddress
    /// Which `[[listen]]`, from 1 on; 0: the default ports.
    package var listener: UInt16
    package var sender: EmailAddress?
    package var recipient: EmailAddress
    /// Who has logged in; nil: nobody.
    package var login: String?

    package init(
        client: InternetAddress, listener: UInt16, sender: EmailAddress?, recipient: EmailAddress, login: String?
    ) {
        self.client = client
        self.listener = listener
        self.sender = sender
        self.recipient = recipient
        self.login = login
    }
}

/// The decision and how it came about.
package struct Explanation: Codable, Sendable {
    package struct Step: Codable, Sendable {
        package var rule: String
        /// In words: what was found, and whether this decided.
        package var finding: String
        package var isDecisive: Bool

        package init(rule: String, finding: String, isDecisive: Bool) {
            self.rule = rule
            self.finding = finding
            self.isDecisive = isDecisive
        }
    }

    package var steps: [Step]
    /// Such as "place in the mailbox of alice@example.test".
    package var outcome: String
    /// The reply that a stranger would get.
    package var reply: Reply

    package init(steps: [Step], outcome: String, reply: Reply) {
        self.steps = steps
        self.outcome = outcome
        self.reply = reply
    }
}

package struct BanEntry: Codable, Sendable {
    /// An IPv4 address or an IPv6 /64.
    package var client: String
    /// Seconds until it ends; 0: only suspicious.
    package var remaining: UInt32
    package var reason: String
    package var points: UInt32

    package init(client: String, remaining: UInt32, reason: String, points: UInt32) {
        self.client = client
        self.remaining = remaining
        self.reason = reason
        self.points = points
    }
}

package enum CommandToDelivery: Edge {
    package static let asker = RoomName.command
    package static let server = RoomName.delivery
    package static let name = "command-delivery"
    package typealias Question = CommandToRoom
    package typealias Answer = RoomAnswer
}

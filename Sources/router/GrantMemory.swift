// Whose ticket is whose, for a minute: the store is asked again then, since a password may have expired meanwhile.

import IPC
import NIOCore

struct GrantMemory {
    static let time = TimeAmount.minutes(1)
    /// Beyond it everything is asked for again.
    static let limit = 50_000

    private var grants: [Ticket: (grant: Grant, until: NIODeadline)] = [:]

    var count: Int { grants.count }

    func find(_ ticket: Ticket, at now: NIODeadline = .now()) -> Grant? {
        guard let known = grants[ticket], known.until > now else { return nil }
        return known.grant
    }

    mutating func add(_ grant: Grant, at now: NIODeadline = .now()) {
        if grants.count >= Self.limit { grants = [:] }
        grants[grant.ticket] = (grant, now + Self.time)
    }

    mutating func forget(_ ticket: Ticket) { grants[ticket] = nil }
}

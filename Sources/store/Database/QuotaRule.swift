// The rule by which an account or a domain takes a message or not, and what others must learn of it. Values only.

import IPC
import Mail

/// What may be kept, and what is.
struct QuotaRule: Equatable {
    /// nil: no limit.
    var octets: Int64?
    var messages: Int64?

    var isNone: Bool { octets == nil && messages == nil }

    /// Whether whoever has this much takes `count` messages of so many octets together. Whoever is not full takes what
    /// goes over the octets by `grace` at most, so that one is not refused for the size of the last message.
    func takes(_ count: Int64, octets size: Int64, over used: (octets: Int64, messages: Int64), grace: Int64) -> Bool {
        guard level(used) != .full else { return false }
        if let octets, used.octets + size > octets + grace { return false }
        if let messages, used.messages + count > messages { return false }
        return true
    }

    func level(_ used: (octets: Int64, messages: Int64)) -> QuotaLevel {
        max(Self.level(used.octets, octets), Self.level(used.messages, messages))
    }

    /// From nine tenths on somebody is told that little is left.
    private static func level(_ used: Int64, _ limit: Int64?) -> QuotaLevel {
        guard let limit else { return .room }
        if used >= limit { return .full }
        return used >= limit - limit / 10 ? .nearlyFull : .room
    }
}

package enum QuotaLevel: Int, Comparable, Sendable {
    case room, nearlyFull, full

    package static func < (left: QuotaLevel, right: QuotaLevel) -> Bool { left.rawValue < right.rawValue }
}

/// What a commit has made of an account or a domain.
package enum QuotaNews: Sendable, Equatable {
    /// An account went from one level to another.
    case account(AccountID, QuotaStep)
    case domain(QuotaStep)
    /// All of a domain was counted anew: whether it is full, and its accounts that are.
    case counted(domain: String, isFull: Bool, full: Set<AccountID>)

    /// For the journal.
    package var step: QuotaStep? {
        switch self {
        case .account(_, let step), .domain(let step): step
        case .counted: nil
        }
    }
}

package struct QuotaStep: Sendable, Equatable {
    /// `alice@example.org`, or the domain.
    package var name: String
    package var domain: String
    package var from: QuotaLevel
    package var to: QuotaLevel
    package var octets: Int64
    package var messages: Int64
}

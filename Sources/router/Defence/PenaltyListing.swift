// The penalty book as an administrator reads it, page by page. Looks at every line; not for the way of a message.

extension PenaltyBook {
    struct Line: Hashable, Sendable {
        let client: Client
        /// As they are now.
        let points: Double
        /// What the client's next answer waits, in milliseconds.
        let delay: Int64
        /// nil when it is not banned.
        let bannedUntil: Int64?
        /// Bans by points that have not been forgotten.
        let bans: Int32
        let isBannedByHand: Bool
    }

    enum Order: Hashable, Sendable {
        case address
        /// The longest ban first, then the most points.
        case guilt
    }

    /// A page never has more lines.
    static let pageLimit = 1_000

    /// The lines of clients with points, bans, or bans that are remembered.
    /// - Parameters:
    ///   - bannedOnly: only who is banned now.
    ///   - first: how many lines to leave out; `total` says how many there are.
    func page(
        _ order: Order = .guilt, bannedOnly: Bool = false, from first: Int = 0, count: Int = pageLimit, at now: Int64
    ) -> (lines: [Line], total: Int) {
        var lines: [Line] = []
        clients.forEach { client, record in
            let line = line(client, record, at: now)
            guard line.bannedUntil != nil || !bannedOnly && (line.points > 0 || line.bans > 0) else { return }
            lines.append(line)
        }
        lines.sort { order == .address ? $0.client < $1.client : PenaltyBook.isGuiltier($0, $1) }
        let page = lines.dropFirst(max(first, 0)).prefix(min(max(count, 0), PenaltyBook.pageLimit))
        return (Array(page), lines.count)
    }

    /// How many clients are banned now.
    func bannedCount(at now: Int64) -> Int {
        var count = 0
        clients.forEach { if now < $1.bannedUntil { count += 1 } }
        return count
    }

    private func line(_ client: Client, _ record: ClientRecord, at now: Int64) -> Line {
        let points = record.guilt.points(at: now, rules.halfLife)
        let isBanned = now < record.bannedUntil
        let isRemembered = record.bans > 0 && now - record.bannedUntil <= rules.banMemory
        return Line(
            client: client, points: points < Guilt.floor ? 0 : points, delay: rules.delay(for: points),
            bannedUntil: isBanned ? record.bannedUntil : nil, bans: isBanned || isRemembered ? record.bans : 0,
            isBannedByHand: isBanned && record.isBannedByHand)
    }

    private static func isGuiltier(_ left: Line, _ right: Line) -> Bool {
        let (one, other) = (left.bannedUntil ?? .min, right.bannedUntil ?? .min)
        if one != other { return one > other }
        return left.points != right.points ? left.points > right.points : left.client < right.client
    }
}

// The lines of the penalty book.

/// A client's line.
struct ClientRecord: Forgettable {
    // What a judgement reads stands first: the record's beginning shares its cache line with the key.
    private(set) var guilt = Guilt.none
    /// In the past when it is not banned.
    private(set) var bannedUntil = Int64.min
    /// When its points last began at none.
    private(set) var since: Int64
    /// Bans by points, one after the other.
    private(set) var bans: Int32 = 0
    private(set) var isBannedByHand = false
    private(set) var worthUntil: Int64

    init(since: Int64) {
        self.since = since
        worthUntil = since
    }

    mutating func add(_ points: Double, at now: Int64, _ halfLife: HalfLife) {
        guilt.add(points, at: now, halfLife)
        // A ban on the book outlives its points.
        worthUntil = max(guilt.worthUntil(halfLife), bans > 0 || isBannedByHand ? worthUntil : .min)
    }

    /// The points are paid with the ban: what counts afterwards is the number of bans.
    mutating func ban(at now: Int64, _ rules: PenaltyRules) {
        bans = bans > 0 && now - bannedUntil <= rules.banMemory ? bans + 1 : 1
        bannedUntil = now + rules.length(ofBan: bans)
        isBannedByHand = false
        (guilt, since) = (.none, now)
        worthUntil = bannedUntil + rules.banMemory
    }

    mutating func ban(until: Int64) {
        bannedUntil = until
        isBannedByHand = true
        worthUntil = max(worthUntil, until)
    }
}

/// An account that is guessed at.
struct AccountRecord: Forgettable {
    let since: Int64
    private(set) var guilt = Guilt.none
    private(set) var worthUntil: Int64

    init(since: Int64) {
        self.since = since
        worthUntil = since
    }

    mutating func add(_ points: Double, at now: Int64, _ halfLife: HalfLife) {
        guilt.add(points, at: now, halfLife)
        worthUntil = guilt.worthUntil(halfLife)
    }
}

/// A user of a client. The account is a hash of its name.
struct ClientUser: Hashable, Sendable {
    let client: Client
    let account: UInt64
}

/// What a user of a client has cost it, and the passwords that were wrong.
struct LoginRecord: Forgettable {
    private struct Attempt: Sendable {
        var password: UInt64 = 0
        var at = Int64.min
    }

    /// When what is owed began at none.
    private(set) var since = Int64.min
    private(set) var guilt = Guilt.none
    private(set) var worthUntil = Int64.min
    /// A user's telephone, tablet and two programs of the computer; the oldest gives way.
    private var attempts = InlineArray<4, Attempt>(repeating: Attempt())

    /// Whether this password was already wrong not long ago; from now on it was.
    mutating func saw(_ password: UInt64?, at now: Int64, within period: Int64) -> Bool {
        worthUntil = max(worthUntil, now + period)
        guard let password else { return false }
        var oldest = 0
        for index in attempts.indices {
            let attempt = attempts[index]
            if attempt.at != .min, attempt.password == password {
                attempts[index].at = now
                return now - attempt.at <= period
            }
            if attempt.at < attempts[oldest].at { oldest = index }
        }
        attempts[oldest] = Attempt(password: password, at: now)
        return false
    }

    /// - Parameter start: when the client's points began at none; what was owed before is paid.
    mutating func owe(_ points: Double, since start: Int64, at now: Int64, _ halfLife: HalfLife) {
        if since < start { (since, guilt) = (now, .none) }
        guilt.add(points, at: now, halfLife)
        worthUntil = max(worthUntil, guilt.worthUntil(halfLife))
    }

    mutating func settle() { guilt = .none }
}

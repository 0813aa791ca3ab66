// Who has misbehaved, how long he is made to wait for it, and for how long he is not let in at all. One book for all
// services: who guesses passwords over POP3 is not heard over SMTP either. (FEATURES 2.2 brute force, 2.3 tarpit.)
//
// Guarantees:
// - Nobody is banned below `banFrom` points, and an exempt client (safe or trusted: the caller says so) never is.
// - A wrong password that is tried again and again counts once: a telephone with an old password bans no office.
// - A success takes back what the same user's failures from the same client have cost, and nothing else: whoever has one
//   account cannot buy guesses at the others with it.
// - An account is never locked. Guesses at it from many clients make its answers slower, up to `longestAccountDelay`.
// - What is remembered has a bound (see BoundedTable), and no name and no password is part of it.
//
// Times are milliseconds on any one clock. Points fade; see Guilt.

import Mail

struct PenaltyBook: Sendable {
    enum Judgement: Hashable, Sendable {
        case clear
        /// The next answer or greeting is to wait this long, in milliseconds.
        case delayed(Int64)
        /// No session until then.
        case banned(until: Int64)
    }

    /// What a client does against the rules, other than failing to log in.
    enum Offence: Hashable, Sendable {
        /// Commands that no client sends: too many errors, another protocol, smuggled line ends.
        case abuse
        /// It spoke before it was greeted.
        case earlyTalk
    }

    struct Figures: Hashable, Sendable {
        var failures: UInt64 = 0
        /// Failures that did not count, since they tried the same password again.
        var repeats: UInt64 = 0
        var successes: UInt64 = 0
        var abuses: UInt64 = 0
        var earlyTalkers: UInt64 = 0
        /// By points, not by hand.
        var bans: UInt64 = 0
        var pardons: UInt64 = 0
    }

    /// May be replaced at any time: what is on the books stays.
    var rules: PenaltyRules
    private(set) var figures = Figures()
    private(set) var clients: BoundedTable<Client, ClientRecord>
    private var logins: BoundedTable<ClientUser, LoginRecord>
    private var accounts: BoundedTable<UInt64, AccountRecord>

    /// - Parameters:
    ///   - clientLimit: clients remembered at once, and users of clients.
    ///   - accountLimit: accounts under attack remembered at once.
    init(_ rules: PenaltyRules = PenaltyRules(), clientLimit: Int = 100_000, accountLimit: Int = 20_000) {
        self.rules = rules
        clients = BoundedTable(limit: clientLimit)
        logins = BoundedTable(limit: clientLimit)
        accounts = BoundedTable(limit: accountLimit)
    }

    /// What is to be done with a client now. For every connection and every answer: allocates nothing.
    func judge(_ client: Client, at now: Int64, isExempt: Bool = false) -> Judgement {
        guard !isExempt, let record = clients[client] else { return .clear }
        if now < record.bannedUntil { return .banned(until: record.bannedUntil) }
        let delay = rules.delay(for: record.guilt.points(at: now, rules.halfLife))
        return delay == 0 ? .clear : .delayed(delay)
    }

    /// How long the answer to an attempt at this account is to wait, in milliseconds, whoever asks and whether there is
    /// such an account or not (the delay must not tell).
    func delay(forAccount name: String, at now: Int64) -> Int64 {
        guard let record = accounts[PenaltyBook.digest(name)] else { return 0 }
        return rules.accountDelay(for: record.guilt.points(at: now, rules.halfLife))
    }

    /// A user name and password that were wrong.
    /// - Parameters:
    ///   - account: as it was given; upper and lower case are one.
    ///   - password: a keyed hash of it; nil where the mechanism does not show it (then every failure counts).
    mutating func recordFailure(
        by client: Client, account: String, password: UInt64?, at now: Int64, isExempt: Bool = false
    ) -> Judgement {
        figures.failures += 1
        let name = PenaltyBook.digest(account)
        let login = ClientUser(client: client, account: name)
        let period = rules.sameWithin
        let isRepeat = logins.change(login, at: now, from: LoginRecord()) { $0.saw(password, at: now, within: period) }
        if isRepeat {
            figures.repeats += 1
            return judge(client, at: now, isExempt: isExempt)
        }
        let (points, halfLife) = (rules.failurePoints, rules.halfLife)
        accounts.change(name, at: now, from: AccountRecord(since: now)) { $0.add(points, at: now, halfLife) }
        if charge(client, points, at: now, isExempt: isExempt), let record = clients[client] {
            logins.changeKnown(login) { $0.owe(points, since: record.since, at: now, halfLife) }
        }
        return judge(client, at: now, isExempt: isExempt)
    }

    /// A login that was right. Lifts no ban.
    mutating func recordSuccess(by client: Client, account: String, at now: Int64) {
        figures.successes += 1
        let login = ClientUser(client: client, account: PenaltyBook.digest(account))
        guard let record = logins[login] else { return }
        let halfLife = rules.halfLife
        let points = record.guilt.points(at: now, halfLife)
        clients.changeKnown(client) {
            // What was owed before the points began anew is no part of them.
            if record.since >= $0.since { $0.add(-points, at: now, halfLife) }
        }
        accounts.changeKnown(login.account) { if record.since >= $0.since { $0.add(-points, at: now, halfLife) } }
        logins.changeKnown(login) { $0.settle() }
    }

    mutating func record(_ offence: Offence, by client: Client, at now: Int64, isExempt: Bool = false) -> Judgement {
        switch offence {
        case .abuse:
            figures.abuses += 1
            _ = charge(client, rules.abusePoints, at: now, isExempt: isExempt)
        case .earlyTalk:
            figures.earlyTalkers += 1
            _ = charge(client, rules.earlyTalkPoints, at: now, isExempt: isExempt)
        }
        return judge(client, at: now, isExempt: isExempt)
    }

    /// Clients of which something is remembered, users of clients, and accounts.
    var counts: (clients: Int, logins: Int, accounts: Int) { (clients.count, logins.count, accounts.count) }

    /// - Returns: whether the client has these points now: not when they led to a ban, or during one.
    private mutating func charge(_ client: Client, _ points: Double, at now: Int64, isExempt: Bool) -> Bool {
        let rules = rules
        let isNewBan: Bool? = clients.change(client, at: now, from: ClientRecord(since: now)) { record in
            // Many sessions at once must not make one ban into many.
            guard now >= record.bannedUntil else { return nil }
            record.add(points, at: now, rules.halfLife)
            guard !isExempt, record.guilt.points(at: now, rules.halfLife) >= rules.banFrom else { return false }
            record.ban(at: now, rules)
            return true
        }
        if isNewBan == true { figures.bans += 1 }
        return isNewBan == false
    }

    /// Seeded by the process, so that no stranger can choose names that fall together.
    private static func digest(_ name: String) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(name.lowercased())
        return UInt64(truncatingIfNeeded: hasher.finalize())
    }
}

// MARK: - The administrator

extension PenaltyBook {
    /// Takes every client with an address in the range off the book: points, bans and their number.
    /// - Returns: how many there were.
    mutating func pardon(_ range: AddressRange) -> Int {
        let count = clients.removeAll { client, _ in client.overlaps(range) }
        figures.pardons += UInt64(count)
        return count
    }

    /// Keeps a client out for so many milliseconds from now (100 years at most), in place of any other ban. Only an
    /// exempt client is let in nevertheless.
    mutating func ban(_ address: InternetAddress, for milliseconds: Int64, at now: Int64) {
        let until = now + min(max(milliseconds, 0), 3_155_760_000_000)
        clients.change(Client(address), at: now, from: ClientRecord(since: now)) { $0.ban(until: until) }
    }
}

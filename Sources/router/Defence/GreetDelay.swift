// How long a stranger waits for the banner, and what becomes of one who speaks before it (FEATURES 2.3 early talkers).
// Mail servers wait; programs that only know how to send do not. RFC 5321 §3.1: the client waits for the greeting.
// Who has waited once is not made to wait again for a day. Times are milliseconds on any one clock.

import Mail

struct GreetDelay: Sendable {
    struct Settings: Hashable, Sendable {
        /// 0: nobody waits. 60 s at most: RFC 5321 §4.5.3.2.1 lets clients give up after five minutes, and some are hasty.
        var milliseconds: Int64 = 0
        /// Refuse an early talker, or only let it cost points.
        var refusesEarlyTalkers = false
        var remembered: Int64 = 24 * 3_600_000
    }

    enum EarlyTalk: Hashable, Sendable {
        /// The session goes on; points for the penalty book.
        case penalise
        /// Points, and in place of the banner this.
        case refuse(Refusal)
    }

    static let longest: Int64 = 60_000

    /// May be replaced at any time.
    var settings: Settings
    private var passers: BoundedTable<Client, Passer>

    private struct Passer: Forgettable { var worthUntil: Int64 }

    init(_ settings: Settings, limit: Int = 100_000) {
        self.settings = settings
        passers = BoundedTable(limit: limit)
    }

    /// How long the banner waits.
    /// - Parameter isExempt: the client is safe or trusted.
    func delay(for client: Client, at now: Int64, isExempt: Bool = false) -> Int64 {
        guard !isExempt, settings.milliseconds > 0 else { return 0 }
        if let passer = passers[client], now < passer.worthUntil { return 0 }
        return min(settings.milliseconds, GreetDelay.longest)
    }

    /// The client has waited for the banner, has logged in, or has brought a message that was taken.
    mutating func remember(_ client: Client, at now: Int64) {
        let until = now + settings.remembered
        passers.change(client, at: now, from: Passer(worthUntil: until)) { $0.worthUntil = until }
    }

    /// The client spoke before the banner. It will have to wait again.
    mutating func spokeEarly(_ client: Client) -> EarlyTalk {
        passers.remove(client)
        guard settings.refusesEarlyTalkers else { return .penalise }
        return .refuse(
            Refusal(
                Reply(554, "5.5.1", "Protocol error: you spoke before you were greeted"),
                because: "spoke before the banner"))
    }

    /// Clients remembered.
    var count: Int { passers.count }
}

// Brute force, penalties, bans (FEATURES 2.2, 2.3), on a simulated clock.

import Mail
import Testing

@testable import router

@Suite struct PenaltyBookTests {
    static let guesser = client("203.0.113.7")
    private var book = PenaltyBook()

    /// So many wrong passwords, each another one, at one time.
    @discardableResult static func guess(
        _ count: Int, _ book: inout PenaltyBook, by client: Client = guesser, account: String = "ann@example.org",
        at now: Int64 = 0, isExempt: Bool = false
    ) -> PenaltyBook.Judgement {
        var judgement = PenaltyBook.Judgement.clear
        for _ in 0..<count {
            judgement = book.recordFailure(
                by: client, account: account, password: book.figures.failures &+ 1, at: now, isExempt: isExempt)
        }
        return judgement
    }

    @Test(arguments: [
        (1, PenaltyBook.Judgement.clear), (3, .clear), (4, .delayed(1_000)), (6, .delayed(3_000)), (9, .delayed(6_000)),
        (10, .banned(until: 600_000)), (11, .banned(until: 600_000)), (500, .banned(until: 600_000)),
    ])
    mutating func slipsAreFreeThenItSlowsThenItCloses(failures: Int, judgement: PenaltyBook.Judgement) {
        #expect(Self.guess(failures, &book) == judgement)
        #expect(book.judge(Self.guesser, at: 0) == judgement)
        #expect(book.judge(client("203.0.113.8"), at: 0) == .clear)
        #expect(book.figures.failures == UInt64(failures))
        #expect(book.figures.bans == (failures >= 10 ? 1 : 0))
    }

    @Test mutating func pointsFade() {
        #expect(Self.guess(8, &book) == .delayed(5_000))
        #expect(book.judge(Self.guesser, at: 30 * minute) == .delayed(1_000))
        #expect(book.judge(Self.guesser, at: hour) == .clear)
        // Two left: seven more do not reach ten.
        #expect(Self.guess(7, &book, at: hour) == .delayed(6_000))
    }

    @Test mutating func bansDoubleUpToADay() {
        var now: Int64 = 0
        for minutes: Int64 in [10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440] {
            #expect(Self.guess(10, &book, at: now) == .banned(until: now + minutes * minute))
            #expect(book.judge(Self.guesser, at: now + minutes * minute - 1) != .clear)
            now += minutes * minute
            #expect(book.judge(Self.guesser, at: now) == .clear)
        }
        // A day and a little after the last one it is a first one again.
        now += 24 * hour + 1
        #expect(Self.guess(10, &book, at: now) == .banned(until: now + 10 * minute))
    }

    @Test mutating func sessionsThatAreStillOpenDoNotDoubleTheBan() {
        Self.guess(10, &book)
        #expect(Self.guess(50, &book, at: minute) == .banned(until: 10 * minute))
        #expect(book.record(.abuse, by: Self.guesser, at: minute) == .banned(until: 10 * minute))
        #expect(book.figures.bans == 1)
        #expect(book.judge(Self.guesser, at: 10 * minute) == .clear)
    }

    @Test mutating func aPhoneWithAnOldPasswordBansNoOffice() {
        for attempt in 0..<500 {
            let now = Int64(attempt) * 5 * minute
            #expect(book.recordFailure(by: Self.guesser, account: "Ann@Example.org", password: 42, at: now) == .clear)
        }
        #expect(book.figures.repeats == 499)
    }

    @Test mutating func theSamePasswordCountsAgainAfterAWhile() {
        for attempt in 0..<3 {
            let now = Int64(attempt) * (hour + 1)
            _ = book.recordFailure(by: Self.guesser, account: "ann", password: 42, at: now)
        }
        #expect(book.figures.repeats == 0)
    }

    @Test mutating func fourDevicesOfAUserAreTold() {
        for round in 0..<20 {
            for device in UInt64(1)...4 {
                let now = Int64(round) * minute
                #expect(book.recordFailure(by: Self.guesser, account: "ann", password: device, at: now) != .banned(until: 0))
            }
        }
        #expect(book.figures.repeats == 76)
        #expect(book.judge(Self.guesser, at: 0) == .delayed(1_000))
    }

    @Test mutating func onePasswordTriedOnManyUsersIsManyFailures() {
        for user in 0..<10 {
            _ = book.recordFailure(by: Self.guesser, account: "user\(user)", password: 42, at: 0)
        }
        #expect(book.judge(Self.guesser, at: 0) == .banned(until: 10 * minute))
    }

    @Test mutating func withoutASightOfThePasswordEveryFailureCounts() {
        for _ in 0..<10 { _ = book.recordFailure(by: Self.guesser, account: "ann", password: nil, at: 0) }
        #expect(book.judge(Self.guesser, at: 0) == .banned(until: 10 * minute))
        #expect(book.figures.repeats == 0)
    }

    @Test mutating func aSuccessTakesBackWhatItsOwnUserHasCost() {
        #expect(Self.guess(8, &book, account: "ann") == .delayed(5_000))
        book.recordSuccess(by: Self.guesser, account: "ANN", at: 0)
        #expect(book.judge(Self.guesser, at: 0) == .clear)
        #expect(Self.guess(9, &book, account: "ann") == .delayed(6_000))
    }

    @Test mutating func whoHasOneAccountCannotBuyGuessesAtOthers() {
        for guess in UInt64(0)..<9 {
            _ = book.recordFailure(by: Self.guesser, account: "ann", password: guess, at: 0)
            book.recordSuccess(by: Self.guesser, account: "mallory", at: 0)
        }
        #expect(Self.guess(1, &book, account: "ann") == .banned(until: 10 * minute))
    }

    @Test mutating func aSuccessLiftsNoBanAndNoPointsThatCameAfterIt() {
        Self.guess(9, &book, account: "ann")
        Self.guess(1, &book, account: "bob")
        book.recordSuccess(by: Self.guesser, account: "ann", at: 1)
        #expect(book.judge(Self.guesser, at: 1) == .banned(until: 10 * minute))
        // What ann owed was paid with the ban, so it takes nothing off bob's new points.
        Self.guess(8, &book, account: "bob", at: 10 * minute)
        book.recordSuccess(by: Self.guesser, account: "ann", at: 10 * minute)
        #expect(book.judge(Self.guesser, at: 10 * minute) == .delayed(5_000))
        book.recordSuccess(by: Self.guesser, account: "bob", at: 10 * minute)
        #expect(book.judge(Self.guesser, at: 10 * minute) == .clear)
    }

    @Test mutating func theExemptAreNeverBannedAndNeverDelayed() {
        #expect(Self.guess(1_000, &book, isExempt: true) == .clear)
        book.ban(InternetAddress("203.0.113.7")!, for: hour, at: 0)
        #expect(book.judge(Self.guesser, at: 1, isExempt: true) == .clear)
        #expect(book.judge(Self.guesser, at: 1) == .banned(until: hour))
        #expect(book.record(.abuse, by: Self.guesser, at: 1, isExempt: true) == .clear)
        #expect(book.figures.bans == 0)
    }

    @Test(arguments: [(PenaltyBook.Offence.abuse, 10), (.earlyTalk, 5)])
    mutating func otherOffencesHaveTheirPrices(offence: PenaltyBook.Offence, count: Int) {
        for _ in 1..<count { #expect(book.record(offence, by: Self.guesser, at: 0) != .banned(until: 10 * minute)) }
        #expect(book.record(offence, by: Self.guesser, at: 0) == .banned(until: 10 * minute))
        #expect(book.figures.abuses + book.figures.earlyTalkers == UInt64(count))
    }

    @Test mutating func anIPv6SiteIsOneClient() {
        for host in 1...10 {
            _ = book.recordFailure(by: client("2001:db8::\(host)"), account: "ann", password: UInt64(host), at: 0)
        }
        #expect(book.judge(client("2001:db8::ffff"), at: 0) == .banned(until: 10 * minute))
        #expect(book.judge(client("2001:db8:0:1::1"), at: 0) == .clear)
    }

    @Test mutating func anAccountThatManyGuessAtIsSlowedAndNeverLocked() {
        var dice = Dice(5)
        for guess in 1...100 {
            _ = book.recordFailure(by: dice.stranger(), account: "Ann@example.org", password: UInt64(guess), at: 0)
            let delay = book.delay(forAccount: "ann@EXAMPLE.org", at: 0)
            #expect(delay == min(max(Int64(guess) - 10, 0) * 100, 5_000))
        }
        #expect(book.delay(forAccount: "bob@example.org", at: 0) == 0)
        #expect(book.delay(forAccount: "ann@example.org", at: 24 * hour) == 0)
        // The owner's success is not the guessers'.
        book.recordSuccess(by: Self.guesser, account: "ann@example.org", at: 0)
        #expect(book.delay(forAccount: "ann@example.org", at: 0) == 5_000)
    }

    @Test mutating func theOwnersOwnSlipsDoNotSlowHisAccount() {
        Self.guess(9, &book, account: "ann")
        var dice = Dice(6)
        for guess in 1...6 { _ = book.recordFailure(by: dice.stranger(), account: "ann", password: UInt64(guess), at: 0) }
        #expect(book.delay(forAccount: "ann", at: 0) == 500)
        book.recordSuccess(by: Self.guesser, account: "ann", at: 0)
        #expect(book.delay(forAccount: "ann", at: 0) == 0)
    }

    @Test mutating func newRulesJudgeOldPoints() {
        Self.guess(6, &book)
        book.rules.delayFrom = 0
        book.rules.longestDelay = 4_000
        #expect(book.judge(Self.guesser, at: 0) == .delayed(4_000))
        book.rules.banFrom = 7
        book.rules.firstBan = 48 * hour
        #expect(Self.guess(1, &book) == .banned(until: 24 * hour))
    }
}

@Suite struct PenaltyBookPropertyTests {
    /// Whatever happens, in whatever order: a client is banned only by points that reach the threshold, which are never
    /// more than all that it was charged since its last ban.
    @Test(arguments: [UInt64(1), 2, 3, 4, 5])
    func nobodyIsBannedBelowTheThreshold(seed: UInt64) {
        var book = PenaltyBook()
        var dice = Dice(seed)
        var charged = [Double](repeating: 0, count: 40)
        var bannedUntil = [Int64](repeating: 0, count: 40)
        var now: Int64 = 0
        var bans = 0
        for _ in 0..<20_000 {
            now += Int64(dice.next() % 4_000)
            let index = Int(dice.next() % 40)
            let stranger = Client(InternetAddress(v4: UInt32(index)))
            let isExempt = index < 4
            let account = "user\(dice.next() % 5)"
            if now >= bannedUntil[index] { charged[index] += 1 }
            let judgement: PenaltyBook.Judgement
            switch dice.next() % 4 {
            case 0:
                book.recordSuccess(by: stranger, account: account, at: now)
                judgement = book.judge(stranger, at: now, isExempt: isExempt)
            case 1: judgement = book.record(.abuse, by: stranger, at: now, isExempt: isExempt)
            default:
                judgement = book.recordFailure(
                    by: stranger, account: account, password: dice.next() % 50, at: now, isExempt: isExempt)
            }
            guard case .banned(let until) = judgement, until != bannedUntil[index] else { continue }
            #expect(charged[index] >= book.rules.banFrom)
            #expect(!isExempt)
            #expect(until - now <= book.rules.longestBan)
            (charged[index], bannedUntil[index], bans) = (0, until, bans + 1)
        }
        #expect(bans > 0 && UInt64(bans) == book.figures.bans)
    }

    /// A million strangers take no more memory than the limit, and do not push out who is banned.
    @Test func aMillionStrangersFitIntoTheBook() {
        var book = PenaltyBook(clientLimit: 2_000, accountLimit: 500)
        var dice = Dice(9)
        PenaltyBookTests.guess(10, &book)
        for _ in 0..<1_000_000 {
            _ = book.record(.abuse, by: dice.stranger(), at: 1)
            if book.counts.clients > 2_000 { Issue.record("\(book.counts.clients)") }
        }
        #expect(book.judge(PenaltyBookTests.guesser, at: 1) == .banned(until: 10 * minute))
        #expect(book.clients.evictions > 900_000)
    }

    /// The names of accounts come from strangers too.
    @Test func soDoTheNamesThatTheyTry() {
        var book = PenaltyBook(clientLimit: 2_000, accountLimit: 500)
        var dice = Dice(10)
        for guess in UInt64(1)...100_000 {
            _ = book.recordFailure(by: dice.stranger(), account: guess % 2 == 0 ? "ann" : "\(guess)", password: guess, at: 1)
            let counts = book.counts
            if counts.clients > 2_000 || counts.logins > 2_000 || counts.accounts > 500 { Issue.record("\(counts)") }
        }
        #expect(book.counts.accounts == 500)
        #expect(book.delay(forAccount: "ann", at: 1) == 5_000)
    }
}

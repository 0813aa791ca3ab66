// The penalty book as an administrator reads and corrects it.

import Mail
import Testing

@testable import router

@Suite struct PenaltyListingTests {
    /// 192.0.2.1 … with 1 … points; the tenth is banned.
    private static func book(_ clients: Int = 12) -> PenaltyBook {
        var book = PenaltyBook()
        for number in 1...clients {
            PenaltyBookTests.guess(number, &book, by: Client(InternetAddress(v4: 0xC000_0200 + UInt32(number))))
        }
        return book
    }

    @Test func theGuiltiestStandFirst() {
        let (lines, total) = Self.book().page(at: 0)
        #expect(total == 12)
        #expect(
            lines.map { "\($0.client)" } == [
                "192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.9", "192.0.2.8", "192.0.2.7", "192.0.2.6", "192.0.2.5",
                "192.0.2.4", "192.0.2.3", "192.0.2.2", "192.0.2.1",
            ])
        #expect(lines[0].bannedUntil == 10 * minute && lines[0].bans == 1 && lines[0].points == 0)
        #expect(lines[3].bannedUntil == nil && lines[3].bans == 0 && lines[3].points == 9 && lines[3].delay == 6_000)
        #expect(lines.allSatisfy { !$0.isBannedByHand })
    }

    @Test func orByAddress() {
        let (lines, _) = Self.book().page(.address, at: 0)
        #expect(lines.map(\.client) == lines.map(\.client).sorted())
        #expect(lines.first?.client == client("192.0.2.1"))
    }

    @Test(arguments: [
        (0, 5, 5), (5, 5, 5), (10, 5, 2), (12, 5, 0), (99, 5, 0), (0, 0, 0), (-3, 2, 2), (0, -1, 0), (0, .max, 12),
    ])
    func pageByPage(first: Int, count: Int, expected: Int) {
        let book = Self.book()
        let (lines, total) = book.page(.address, from: first, count: count, at: 0)
        #expect(lines.count == expected)
        #expect(total == 12)
        #expect(lines == Array(book.page(.address, at: 0).lines.dropFirst(max(first, 0)).prefix(expected)))
    }

    @Test func aPageHasABound() {
        #expect(Self.book(1_200).page(count: .max, at: 0).lines.count == 1_000)
    }

    @Test func onlyTheBanned() {
        let book = Self.book()
        #expect(book.page(bannedOnly: true, at: 0).total == 3)
        #expect(book.bannedCount(at: 0) == 3)
        #expect(book.page(bannedOnly: true, at: 10 * minute).total == 0)
        #expect(book.bannedCount(at: 10 * minute) == 0)
    }

    @Test func whatHasFadedIsNotListed() {
        let lines = Self.book().page(.address, at: 12 * hour).lines
        #expect(lines.map { "\($0.client)" } == ["192.0.2.10", "192.0.2.11", "192.0.2.12"], "their bans are remembered")
        #expect(Self.book().page(at: 25 * hour).total == 0)
    }

    @Test(arguments: [
        ("192.0.2.10", 1), ("192.0.2.0/24", 12), ("192.0.2.10-192.0.2.11", 2), ("198.51.100.0/24", 0), ("192.0.2.%", 12),
    ])
    func pardons(range: String, count: Int) throws {
        var book = Self.book()
        let range = try #require(AddressRange(range))
        #expect(book.pardon(range) == count)
        #expect(book.figures.pardons == UInt64(count))
        #expect(book.page(at: 0).lines.allSatisfy { !$0.client.overlaps(range) })
        #expect(book.page(at: 0).total == 12 - count)
    }

    @Test func thePardonedBeginAnew() {
        var book = Self.book()
        _ = book.pardon(AddressRange("192.0.2.9-192.0.2.10")!)
        // The number of bans is forgotten too.
        #expect(PenaltyBookTests.guess(10, &book, by: client("192.0.2.10"), at: 1) == .banned(until: 1 + 10 * minute))
        // What a user owed before is not taken off what others cost afterwards.
        PenaltyBookTests.guess(8, &book, by: client("192.0.2.9"), account: "bob", at: 1)
        book.recordSuccess(by: client("192.0.2.9"), account: "ann@example.org", at: 1)
        #expect(book.judge(client("192.0.2.9"), at: 1) == .delayed(5_000))
    }

    @Test func bansByHand() {
        var book = PenaltyBook()
        book.ban(InternetAddress("2001:db8::1")!, for: hour, at: 5)
        #expect(book.judge(client("2001:db8::2"), at: 5) == .banned(until: hour + 5))
        let line = book.page(at: 5).lines.first
        #expect(line?.isBannedByHand == true && line?.bans == 0 && line?.bannedUntil == hour + 5)
        #expect(book.figures.bans == 0)
        #expect(book.judge(client("2001:db8::2"), at: hour + 5) == .clear)
        book.ban(InternetAddress("2001:db8::1")!, for: 0, at: 10)
        #expect(book.judge(client("2001:db8::2"), at: 10) == .clear, "a shorter one takes its place")
        book.ban(InternetAddress("2001:db8::1")!, for: .max, at: 10)
        #expect(book.judge(client("2001:db8::2"), at: 50 * 365 * 24 * hour) != .clear)
        book.ban(InternetAddress("2001:db8::1")!, for: -5, at: 10)
        #expect(book.judge(client("2001:db8::2"), at: 10) == .clear)
    }

    @Test func aBanByHandOutlivesTheFloodAndTheOffendersOwnOffences() {
        var book = PenaltyBook(clientLimit: 100)
        book.ban(InternetAddress("192.0.2.1")!, for: 240 * hour, at: 0)
        PenaltyBookTests.guess(50, &book, by: client("192.0.2.1"), at: 1)
        var dice = Dice(11)
        for _ in 0..<10_000 { PenaltyBookTests.guess(1, &book, by: dice.stranger(), at: hour) }
        #expect(book.judge(client("192.0.2.1"), at: hour) == .banned(until: 240 * hour))
    }
}

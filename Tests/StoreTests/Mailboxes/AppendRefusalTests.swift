// Why a message is not taken, as whoever has more of them is told: for itself, for its place, for room, for our own trouble.

import Glibc
import IPC
import Mail
import NIOCore
import Testing

@testable import store

extension CommandRoad {
    fileprivate func append(_ order: AppendOrder, octets: Int = 10) async throws -> MailboxAnswer {
        let content = ByteBuffer(repeating: UInt8(ascii: "x"), count: octets)
        guard case .mailbox(let answer) = try await ask(.mailbox(.append(order)), content: content).0 else {
            throw StoreFault("no answer to an append")
        }
        return answer
    }

    fileprivate func refusal(of order: AppendOrder, octets: Int = 10) async throws -> AppendRefusal {
        guard case .notAppended(let refusal) = try await append(order, octets: octets) else { throw StoreFault("it was taken") }
        return refusal
    }

    /// Nothing of what was refused is left.
    fileprivate func expectNothing() async throws {
        #expect(store.house.figures.contains(Figure("octets-under-way", 0)))
        let large = "\(store.folder.path)/store/large"
        try await eventually { try Folder.names(large).isEmpty }
    }
}

@Suite(.bothEngines) struct AppendRefusalTests {
    private static let inbox = NamedMailbox(alice, "INBOX")
    private static let alice = NamedAccount("alice@example.test".address)

    private static func order(_ mailbox: String, creates: Bool = true) -> AppendOrder {
        AppendOrder(NamedMailbox(alice, mailbox), createsMailbox: creates)
    }

    private static let table: [(AppendOrder, AppendRefusal.Cause, String)] = [
        (AppendOrder(inbox, keywords: ["a b"]), .message, "is no keyword"),
        (AppendOrder(inbox, keywords: (0..<65).map { "k\($0)" }), .message, "too many keywords"),
        (AppendOrder(inbox, identity: ""), .message, "identity is empty"),
        (AppendOrder(inbox, identity: String(repeating: "i", count: 129)), .message, "longer than 128 octets"),
        (order("a//b"), .message, "is no mailbox's name"),
        // 150 octets here, and 300 in Normalization Form C.
        (order(String(repeating: "\u{958}", count: 50)), .message, "longer than 255 octets"),
        (order("no", creates: false), .place, "there is no mailbox no"),
        (AppendOrder(NamedMailbox(NamedAccount("bob@example.test".address), "INBOX")), .place, "no account bob@example.test"),
        (AppendOrder(NamedMailbox(NamedAccount(alice.address, .folder), "INBOX")), .place, "no folder alice@example.test"),
    ]

    @Test("what is wrong with an order has its cause, and the next message is taken", arguments: [10, 400_000])
    func orders(octets: Int) async throws {
        let road = try await CommandRoad(try TestStore())
        road.store.account("alice@example.test")
        for (order, cause, because) in Self.table {
            let refusal = try await road.refusal(of: order, octets: octets)
            #expect(refusal.cause == cause && refusal.because.contains(because), "\(refusal)")
        }
        try await road.expectNothing()
        guard case .appended = try await road.append(AppendOrder(Self.inbox)) else { throw StoreFault("refused") }
        try await road.stop()
    }

    /// The largest that is taken, one octet more, and far more than may be on its way at a time.
    @Test("a message that is too large is refused for itself, and nothing of it is kept", arguments: [100_000, 1_000_000])
    func tooLarge(limit: Int) async throws {
        var options = StoreOptions.quick
        options.largestAppended = UInt64(limit)
        let road = try await CommandRoad(try TestStore(options: options))
        road.store.account("alice@example.test")
        for octets in [limit + 1, limit + 200_000, 3_500_000] {
            let refusal = try await road.refusal(of: AppendOrder(Self.inbox), octets: octets)
            #expect(refusal.cause == .message && refusal.because.contains("the message has \(octets) octets"), "\(refusal)")
            try await road.expectNothing()
        }
        for octets in [limit, 10] {
            guard case .appended = try await road.append(AppendOrder(Self.inbox), octets: octets) else {
                throw StoreFault("\(octets) octets were refused")
            }
        }
        #expect(road.store.house.figures.contains(Figure("octets-under-way", 0)))
        #expect(try road.store.verify().isEmpty)
        try await road.stop()
    }

    @Test("a full account and a full disk want room, and then the same message is taken", arguments: [10, 400_000])
    func room(octets: Int) async throws {
        let disk = TestDisk()
        let store = try TestStore(options: disk.options)
        store.account("alice@example.test")
        let owner = QuotaOwner.account("alice@example.test".address, .user)
        try await store.carryOut(.setQuota(owner, QuotaChange(messages: .limit(1))))
        let road = try await CommandRoad(store)
        guard case .appended = try await road.append(AppendOrder(Self.inbox)) else { throw StoreFault("refused") }
        #expect(try await road.refusal(of: AppendOrder(Self.inbox), octets: octets).cause == .room)
        try await store.carryOut(.setQuota(owner, QuotaChange(messages: .limit(2))))
        disk.orders.withLock { $0.free = 1 << 20 }
        #expect(try await road.refusal(of: AppendOrder(Self.inbox), octets: octets).cause == .room)
        disk.orders.withLock { $0.free = nil }
        guard case .appended = try await road.append(AppendOrder(Self.inbox), octets: octets) else {
            throw StoreFault("refused")
        }
        try await road.stop()
    }

    static let errors: [(CInt, AppendRefusal.Cause)] = [(ENOSPC, .room), (EDQUOT, .room), (EIO, .trouble)]

    @Test("a bad disk is our own trouble, a full one is not", arguments: errors)
    func disk(error: CInt, cause: AppendRefusal.Cause) async throws {
        let disk = TestDisk()
        let road = try await CommandRoad(try TestStore(options: disk.options))
        road.store.account("alice@example.test")
        disk.orders.withLock { $0.write = error }
        #expect(try await road.refusal(of: AppendOrder(Self.inbox)).cause == cause)
        disk.orders.withLock { $0.write = 0 }
        try await road.stop()
    }

    @Test("an account that has as many mailboxes as it may gets no other", .onlySQLite) func mailboxes() async throws {
        let store = try TestStore()
        let placement = store.account("alice@example.test")
        try store.fill(placement.account, upTo: MailboxName.ofAccount)
        let road = try await CommandRoad(store)
        let refusal = try await road.refusal(of: Self.order("one/more"))
        #expect(refusal.cause == .place && refusal.because.contains("more than 10000 mailboxes"), "\(refusal)")
        guard case .appended = try await road.append(Self.order("m9")) else { throw StoreFault("refused") }
        try await road.stop()
    }
}

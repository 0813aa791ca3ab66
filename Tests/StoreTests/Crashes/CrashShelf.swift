// One life of a store that ends by SIGKILL while a mailbox is filled, flagged, emptied or deleted, and brought back in small
// steps. Every life begins with bringing back what the last one had removed: then all that was ever appended is there once.
//
//  a n spool        a message was appended with the identity n
//  t time           everything was there at this time, and something is removed from now on

import Glibc
import IPC
import Mail
import POP3House

@testable import store

struct CrashShelf {
    static let name = MailboxName.of("Shelf/a")

    private let store: TestStore
    private let account: LocalPlacement
    private let doom: Doom
    private let history: OpenFile
    private var random: SplitMix
    private var appended: [Int: SpoolID] = [:]
    private var lastTime: Int64?

    /// Ends the process in any case: by SIGKILL, or with status 1 and the reason in the file "broken".
    static func run(_ path: String, _ seed: UInt64) async {
        do {
            var life = try CrashShelf(path, seed)
            try await life.check()
            life.doom.arm()
            life.store.house.upkeep.start()
            while true { try await life.work() }
        } catch {
            let file = open("\(path)/broken", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            let bytes = Array("seed \(seed): \(error)".utf8)
            _ = write(file, bytes, bytes.count)
        }
        exit(1)
    }

    init(_ path: String, _ seed: UInt64) throws {
        random = SplitMix(state: seed)
        doom = Doom(
            [.anyTime, .halfWritten, .beforeSync, .afterSync].randomElement(using: &random) ?? .anyTime,
            call: Int.random(in: 0..<30, using: &random), microseconds: Int.random(in: 500..<60_000, using: &random))
        var options = StoreOptions.quick
        options.disk = doom.disk
        options.upkeep.interval = .milliseconds(1)
        options.upkeep.purge = 2
        options.spool.ids = 64
        history = try OpenFile("\(path)/shelf", flags: O_RDWR | O_CREAT | O_APPEND)
        let bytes = try history.bytes(from: 0, Int(try history.size()))
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0] == "t" { lastTime = Int64(words[1]) } else { appended[Int(words[1]) ?? 0] = SpoolID(words[2]) }
        }
        // A clock that goes back would have messages come after they were removed.
        store = try TestStore(
            TestFolder(kept: path), clock: TestClock(max(StoreClock.now(), (lastTime ?? 0) + 10_000)), options: options)
        let known = store.entry("alice@example.test")?.user
        account =
            known.map { LocalPlacement(recipient: "alice@example.test".address, account: $0) }
            ?? store.account("alice@example.test")
    }

    private func note(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        precondition(write(history.descriptor, bytes, bytes.count) == bytes.count)
    }

    /// After a crash.
    func check() async throws {
        if let lastTime { _ = try await store.undelete(account.account, Self.name, at: lastTime, limit: 3) }
        let wrong = try store.recount()
        guard wrong.isEmpty else { throw BrokenWord("figures: \(wrong[0])") }
        guard try store.verify().isEmpty, try await store.audit().unaccounted == 0 else { throw BrokenWord("damaged") }
        guard !appended.isEmpty else { return }
        let spools = try await store.messages(Self.name.text, of: account.account).map(\.spool)
        guard Set(spools).count == spools.count else { throw BrokenWord("a message is there twice") }
        for (number, spool) in appended {
            guard spools.contains(spool) else { throw BrokenWord("message \(number) was acknowledged and is lost") }
            let again = try await store.accept(.appending(account, Self.name.text, identity: "\(number)"))
            guard again == spool else { throw BrokenWord("message \(number) was \(spool) and is \(again)") }
        }
    }

    private mutating func work() async throws {
        for _ in 0..<3 {
            let number = (appended.keys.max() ?? 0) + Int.random(in: 1...9, using: &random)
            let plan = Plan.appending(account, Self.name.text, keywords: ["k"], identity: "\(number)", creates: true)
            let spool = try await store.accept(plan, "Subject: shelf\r\n\r\n\(number)\r\n")
            note("a \(number) \(spool)")
            appended[number] = spool
        }
        let mailbox = try await store.mailbox(Self.name.text, of: account.account)
        let uids = try await store.messages(Self.name.text, of: account.account).map(\.uid).shuffled(using: &random)
        let some = Array(uids.prefix(5))
        try await store.done(.flags(FlagChange(.add, some, .seen, keywords: ["k\(uids.count % 7)"]), of: mailbox.id))
        store.clock.advance(seconds: 1)
        let time = store.clock.now
        note("t \(time)")
        store.clock.advance(seconds: 1)
        if Bool.random(using: &random) {
            try await store.done(.delete(Self.name, of: account.account))
        } else {
            try await store.done(.expunge(some, of: mailbox.id))
        }
        _ = try await store.undelete(account.account, Self.name, at: time, limit: 2)
    }

    func stop() { store.stop() }
}

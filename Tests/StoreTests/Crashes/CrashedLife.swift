// One life of a store that ends by SIGKILL: it begins with a look at what the last one left, and then lets mail come and go
// while its housework runs at full speed.

import Glibc
import IPC
import Mail
import NIOCore
import POP3House
import Testing

@testable import store

struct CrashedLife {
    static let settings = """
        [store]
        segment_size = "1 MB"
        large_message = "16 KB"
        expunge_retention = 0
        compact_below = 90
        compact_rate = "1 GB"

        """
    /// Messages that are kept, about.
    static let kept = 40

    let store: TestStore
    let history: CrashHistory
    let account: LocalPlacement
    let doom: Doom
    private var random: SplitMix

    /// Ends the process in any case: by SIGKILL, or with status 1 and the reason in the file "broken".
    static func run(_ path: String, _ seed: UInt64) async {
        do {
            var life = try CrashedLife(path, seed)
            try await life.run()
        } catch {
            let file = open("\(path)/broken", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            let bytes = Array("seed \(seed): \(error)".utf8)
            _ = write(file, bytes, bytes.count)
        }
        exit(1)
    }

    private init(_ path: String, _ seed: UInt64) throws {
        random = SplitMix(state: seed)
        let point = Doom.Point.allCases.randomElement(using: &random) ?? .anyTime
        let removes = point == .beforeRemove || point == .afterRemove
        doom = Doom(
            point, call: Int.random(in: 0..<(removes ? 8 : 40), using: &random),
            microseconds: Int.random(in: 500..<(point == .anyTime ? 40_000 : 120_000), using: &random))
        var options = StoreOptions.quick
        options.disk = doom.disk
        options.upkeep.interval = .milliseconds(1)
        options.upkeep.purge = 20
        options.spool.ids = 64
        store = try TestStore(TestFolder(kept: path), options: options, more: Self.settings)
        history = try CrashHistory(path)
        account = store.account("alice@example.test", known: store.entry("alice@example.test")?.user)
    }

    private mutating func run() async throws {
        var (present, next) = try await history.check(store, account.account)
        // What was asked for at the end and not acknowledged has a number, too.
        next += 1_000
        try history.begin(with: present, base: next)
        let history = try CrashHistory(store.folder.path)
        doom.arm()
        store.house.upkeep.start()
        while true {
            let new = try await accept(next..<next + 12, history)
            next += 12
            present.merge(new) { $1 }
            try await settle(history)
            try await remove(&present, history)
        }
    }

    private func accept(_ numbers: Range<Int>, _ history: CrashHistory) async throws -> [Int: SpoolID] {
        let (store, account) = (store, account)
        return try await withThrowingTaskGroup { group in
            for number in numbers {
                group.addTask {
                    let relays = number % 2 == 0 ? ["\(number)@remote.test"] : []
                    let spool = try await store.accept(.to([account], relays: relays), number: number)
                    history.note("A \(number) \(spool)")
                    return (number, spool)
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func settle(_ history: CrashHistory) async throws {
        for entry in try await store.settleAll() { history.note("S \(entry)") }
    }

    /// Down to the number that is kept, any of them.
    private mutating func remove(_ present: inout [Int: SpoolID], _ history: CrashHistory) async throws {
        let inbox = try await store.house.database.inbox(of: account.account)?.messages ?? []
        let uids = Dictionary(uniqueKeysWithValues: inbox.map { ($0.spool, $0.uid) })
        let doomed = present.keys.sorted().shuffled(using: &random).prefix(max(0, present.count - Self.kept))
        for number in doomed { history.note("r \(number)") }
        try await store.house.inboxes.removeMessages(doomed.compactMap { present[$0].flatMap { uids[$0] } }, of: account.account)
        for number in doomed {
            history.note("R \(number)")
            present[number] = nil
        }
    }
}

extension TestStore {
    /// Makes the account if no earlier life did.
    fileprivate func account(_ name: String, known: AccountID?) -> LocalPlacement {
        guard let known else { return account(name) }
        return LocalPlacement(recipient: name.address, account: known)
    }

    fileprivate func accept(_ plan: Plan, number: Int) async throws -> SpoolID {
        let text = ByteBuffer(string: CrashHistory.text(number))
        guard text.readableBytes > 16 << 10 else { return try await accept(plan, CrashHistory.text(number)) }
        let eventLoop = group.next()
        let result = try await eventLoop.flatSubmit { [house] in
            let promise = eventLoop.makePromise(of: ContentFile.self)
            let upload = ContentUpload(house.contents, on: eventLoop) { _ in }
            upload.append(text)
            upload.finish { promise.completeWith($0.mapError { $0 as any Error }) }
            return promise.futureResult
        }.get()
        guard case .accepted(let spool) = await submit(plan, .ownFile(result)) else { throw BrokenWord("refused") }
        return spool
    }
}

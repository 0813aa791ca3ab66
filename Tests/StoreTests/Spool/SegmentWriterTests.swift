// What is acknowledged is there, what is refused is not, whatever the disk does. (F-4)

import Glibc
import IPC
import Mail
import NIOCore
import Synchronization
import Testing

@testable import store

@Suite(.bothEngines) struct SegmentWriterTests {
    @Test func acceptedIsReadable() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        let spool = try await store.accept(.to([alice], relays: ["bob@remote.test"]))
        #expect(try await store.text(spool) == "Return-Path: <>\r\nReceived: by test\r\nSubject: a\r\n\r\nbody\r\n")
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.open, audit.unaccounted) == (2, 1, 1, 0))
        store.stop()
    }

    @Test func idsAscendAlsoOverRestarts() async throws {
        var store = try TestStore()
        let alice = store.account("alice@example.test")
        var last = SpoolID(rawValue: 0)
        for _ in 0..<3 {
            for _ in 0..<5 {
                let spool = try await store.accept(.to([alice]))
                #expect(spool > last)
                last = spool
            }
            store = try store.reopened()
        }
        #expect(try store.verify().isEmpty)
        #expect(try await store.audit().stored == 15)
        store.stop()
    }

    @Test func segmentsRoll() async throws {
        let store = try TestStore(more: "[store]\nsegment_size = \"1 MB\"\nlarge_message = \"256 KB\"\n")
        let alice = store.account("alice@example.test")
        let text = String(repeating: "x", count: 200_000)
        for _ in 0..<20 { _ = try await store.accept(.to([alice]), text) }
        #expect(try SegmentFolder("\(store.folder.path)/store/segments").numbers().count == 4)
        #expect(try store.verify().isEmpty)
        let again = try store.reopened()
        #expect(try again.verify().isEmpty)
        again.stop()
    }

    @Test func sameKeySameMessage() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        let first = try await store.accept(.to([alice], key: "once"))
        #expect(try await store.accept(.to([alice], key: "once")) == first)
        #expect(try await store.accept(.to([alice], key: "other")) != first)
        let again = try store.reopened()
        #expect(try await again.accept(.to([alice], key: "once")) == first)
        let audit = try await again.audit()
        #expect((audit.accepted, audit.stored) == (2, 2))
        again.stop()
    }

    /// Both ask before either is answered.
    @Test func sameKeyInOneGroup() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        let spools = await withTaskGroup(of: SpoolID?.self) { group in
            for _ in 0..<50 { group.addTask { await store.ingest(.to([alice], key: "once")).spool } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(spools).count == 1 && spools[0] != nil)
        #expect(try await store.audit().accepted == 1)
        store.stop()
    }

    @Test func twoRecipientsOneMailbox() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        var alias = alice
        alias.recipient = EmailAddress("ALICE@example.test")!
        _ = try await store.accept(.to([alice, alias]))
        let inbox = try await store.house.database.inbox(of: alice.account)
        #expect(inbox?.messages.count == 1)
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.unaccounted) == (2, 2, 0))
        store.stop()
    }

    @Test func accountThatIsGoneIsTemporary() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        _ = store.house.database.commitAndWait([.directory(.removeAccount(alice.recipient, .user), at: 0)])
        #expect(await store.ingest(.to([alice])).code == 451)
        #expect(try await store.audit().accepted == 0)
        store.stop()
    }

    @Test func manyAtOnce() async throws {
        let store = try TestStore()
        let accounts = (0..<10).map { store.account("user\($0)@example.test") }
        let spools = await withTaskGroup(of: SpoolID?.self) { group in
            for number in 0..<2_000 {
                group.addTask { await store.ingest(.to([accounts[number % 10]], relays: ["b@r\(number % 7).test"])).spool }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(spools.compactMap { $0 }).count == 2_000)
        let audit = try await store.audit()
        #expect((audit.stored, audit.open, audit.unaccounted) == (2_000, 2_000, 0))
        #expect(try store.verify().isEmpty)
        store.stop()
    }
}

/// A disk that does as it is told.
final class TestDisk: Sendable {
    struct Orders {
        /// errno of every write, and of every sync; 0 does it.
        var write: CInt = 0
        var sync: CInt = 0
        /// Octets that are said to be free; nil tells the truth.
        var free: UInt64?
    }

    let orders = Mutex(Orders())

    var calls: DiskCalls {
        let system = DiskCalls.system
        return DiskCalls(
            write: { [self] in
                let error = orders.withLock { $0.write }
                return error != 0 ? error : system.write($0, $1, $2)
            },
            sync: { [self] in
                let error = orders.withLock { $0.sync }
                return error != 0 ? error : system.sync($0)
            }, remove: system.remove, free: { [self] in orders.withLock { $0.free } ?? system.free($0) })
    }

    var options: StoreOptions {
        var options = StoreOptions.quick
        options.disk = calls
        return options
    }
}

@Suite(.bothEngines) struct BadDiskTests {
    @Test func lowSpaceIsRefusedAndHeals() async throws {
        let disk = TestDisk()
        let store = try TestStore(options: disk.options)
        let alice = store.account("alice@example.test")
        let kept = try await store.accept(.to([alice]))
        disk.orders.withLock { $0.free = 1 << 20 }
        for _ in 0..<3 { #expect(await store.ingest(.to([alice])).code == 452) }
        disk.orders.withLock { $0.free = nil }
        _ = try await store.accept(.to([alice]))
        #expect(try await store.text(kept).hasSuffix("body\r\n"))
        #expect(try await store.audit().stored == 2)
        let said = store.events.all.map { event -> String in
            switch event {
            case .diskFull: "full"
            case .diskFree: "free"
            default: "\(event)"
            }
        }
        #expect(said == ["full", "free"])
        store.stop()
    }

    static let writes: [(CInt, UInt16)] = [(ENOSPC, 452), (EDQUOT, 452), (EIO, 451)]

    @Test(arguments: writes) func writeThatFails(_ error: CInt, _ code: UInt16) async throws {
        let disk = TestDisk()
        let store = try TestStore(options: disk.options)
        let alice = store.account("alice@example.test")
        _ = try await store.accept(.to([alice]))
        disk.orders.withLock { $0.write = error }
        #expect(await store.ingest(.to([alice])).code == code)
        disk.orders.withLock { $0.write = 0 }
        _ = try await store.accept(.to([alice]))
        #expect(try await store.audit().stored == 2)
        #expect(try store.verify().isEmpty)
        let again = try store.reopened()
        #expect(try await again.audit().stored == 2)
        again.stop()
    }

    static let syncs: [(CInt, UInt16)] = [(EIO, 451), (ENOSPC, 452)]

    /// After a failed sync nobody knows what is on the disk: the segment gets nothing more, and the group's messages
    /// are not in any mailbox.
    @Test(arguments: syncs) func syncThatFails(_ error: CInt, _ code: UInt16) async throws {
        let disk = TestDisk()
        let store = try TestStore(options: disk.options)
        let alice = store.account("alice@example.test")
        _ = try await store.accept(.to([alice], relays: ["a@b.test"], key: "first"))
        disk.orders.withLock { $0.sync = error }
        #expect(await store.ingest(.to([alice], relays: ["a@b.test"], key: "second")).code == code)
        disk.orders.withLock { $0.sync = 0 }
        let audit = try await store.audit()
        #expect((audit.accepted, audit.stored, audit.open, audit.unaccounted) == (2, 1, 1, 0))
        _ = try await store.accept(.to([alice], key: "second"))
        #expect(try await store.house.database.inbox(of: alice.account)?.messages.count == 2)
        #expect(try await store.house.database.accounts(after: nil, limit: 10).first?.messages == 2)
        #expect(try SegmentFolder("\(store.folder.path)/store/segments").numbers().count == 2)
        let again = try store.reopened()
        #expect(try await again.audit().stored == 2)
        #expect(try again.verify().isEmpty)
        again.stop()
    }
}

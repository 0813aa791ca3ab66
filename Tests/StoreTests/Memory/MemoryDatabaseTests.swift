// The memory engine does to the store what it is there for.

import IPC
import Mail
import Testing

@testable import store

@Suite struct MemoryDatabaseTests {
    private static let address = EmailAddress("alice@example.test")!

    private static let account: [Change] = [
        .directory(.addDomain(address.domain), at: 0),
        .directory(.addAccount(address, .user, KeptPassword(hash: "*", verifiers: [])), at: 0),
    ]

    @Test("what was answered is read, is there after a restart, and a closed one takes nothing") func durable() async throws {
        let disk = MemoryDisk()
        let database = MemoryDatabase(disk)
        guard case .directory? = database.commitAndWait(Self.account).last else { throw StoreFault("another word") }
        let id = try #require(try await database.account(NamedAccount(Self.address)))
        database.close()
        guard case .failed? = database.commitAndWait([.reserve(SpoolID(rawValue: 9))]).first else {
            throw StoreFault("a closed one took a change")
        }
        await #expect(throws: DatabaseError.self) { try await database.audit() }
        let again = MemoryDatabase(disk)
        #expect(try await again.account(NamedAccount(Self.address)) == id)
        #expect(try again.load().firstSpool == SpoolID(rawValue: 1))
        again.close()
    }

    @Test("a group that breaks leaves nothing, and one that waits with it is taken") func atomic() async throws {
        let database = MemoryDatabase(MemoryDisk(), pace: .init(commit: .milliseconds(20)))
        let place = SpoolLocation(SpoolPosition(segment: 1, offset: 0), length: 10)
        let message = IndexedMessage(
            spool: SpoolID(rawValue: 1), location: place, plan: .to(relays: ["x@remote.test"]), acceptedAt: 0, size: 10,
            ownFile: 0)
        let broken: [ChangeResult] = await withCheckedContinuation { continuation in
            database.commit([.ingest(message), .reserve(SpoolID(rawValue: 7)), .ingest(message)]) {
                continuation.resume(returning: $0)
            }
            database.commit([.reserve(SpoolID(rawValue: 5))]) { _ in }
        }
        for result in broken { guard case .failed = result else { throw StoreFault("it was taken") } }
        _ = database.commitAndWait([])
        #expect(try database.load().firstSpool == SpoolID(rawValue: 5))
        #expect(try database.messages(from: SpoolID(rawValue: 0), limit: 9).isEmpty)
        database.close()
    }
}

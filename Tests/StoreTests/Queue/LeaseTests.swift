// What an agent is told of a message: its parameters as the sender gave them, and where its domain's mail goes now.

import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct LeaseTests {
    private func claim(_ store: TestStore) async -> [Lease] {
        await withCheckedContinuation { continuation in
            _ = store.house.queue.claim(ClaimRequest(agent: "test", limit: 100), agent: 1) { continuation.resume(returning: $0) }
        }
    }

    private func giveBack(_ store: TestStore, _ leases: [Lease]) { store.house.queue.giveUp(leases.map(\.id)) }

    @Test("E-09: the transport is the directory's of the moment, also for mail that waits already") func transport() async throws
    {
        var store = try TestStore()
        try await store.carryOut(
            .addDomain("ours.test"), .addDomainAlias("other.test", target: "ours.test"),
            .setDomain("ours.test", DomainChoices(transport: "inside.test:2525")))
        _ = try await store.accept(.to(relays: ["a@ours.test", "b@other.test", "c@foreign.test"]))
        func transports() async -> [String: String?] {
            let leases = await claim(store)
            giveBack(store, leases)
            return Dictionary(uniqueKeysWithValues: leases.map { ($0.destination, $0.transport) })
        }
        #expect(await transports() == ["ours.test": "inside.test:2525", "other.test": "inside.test:2525", "foreign.test": nil])
        try await store.carryOut(.setDomain("ours.test", DomainChoices(transport: "new.test:25")))
        #expect(await transports()["ours.test"] == "new.test:25")
        store = try store.reopened()
        #expect(await transports()["other.test"] == "new.test:25")
        try await store.carryOut(.setDomain("ours.test", DomainChoices(transport: "")))
        #expect(await transports() == ["ours.test": nil, "other.test": nil, "foreign.test": nil])
        store.stop()
    }

    static let senders = [
        SenderParameters(), SenderParameters(body: .eightBit), SenderParameters(body: .binary, isInternational: true),
        SenderParameters(envelopeID: "", returns: .full), SenderParameters(envelopeID: "QQ+31", returns: .header),
    ]

    static let recipients = [
        RecipientParameters(), RecipientParameters(notify: []), RecipientParameters(notify: [.success, .failure, .delay]),
        RecipientParameters(original: "rfc822;alice@example.test"), RecipientParameters(notify: .failure, original: ""),
    ]

    @Test("RFC 3461, RFC 6152, RFC 6531: parameters come out as they went in, also after a restart", arguments: senders)
    func parameters(sender: SenderParameters) async throws {
        var store = try TestStore()
        var plan = Plan.to(parameters: sender)
        plan.relays = Self.recipients.enumerated().map { RelayedRecipient("u\($0)@remote.test".address, $1) }
        let spool = try await store.accept(plan)
        for _ in 0..<2 {
            let leases = await claim(store)
            #expect(leases.count == 1 && leases[0].parameters == sender)
            #expect(leases[0].recipients.map(\.parameters) == Self.recipients)
            giveBack(store, leases)
            let location = try #require(try await store.house.database.location(of: spool))
            #expect(try store.house.reader.read(location, spool).envelope() == SpoolEnvelope(plan))
            store = try store.reopened()
        }
        store.stop()
    }

    @Test("parameters that cannot have come over the wire are refused") func tooLong() {
        var plan = Plan.to(relays: ["a@b.test"], parameters: SenderParameters(envelopeID: String(repeating: "x", count: 100)))
        plan.relays[0].parameters.original = String(repeating: "x", count: 500)
        #expect(plan.fault == nil)
        plan.relays[0].parameters.original = String(repeating: "x", count: 501)
        #expect(plan.fault == "ENVID or ORCPT of the plan is longer than 100 and 500 octets")
        plan.relays[0].parameters.original = nil
        plan.parameters.envelopeID = String(repeating: "x", count: 101)
        #expect(plan.fault != nil)
    }
}

// The router's words about the directory, over a real road: in order, bounded, late where they may be late.

import IPC
import Mail
import Testing

@testable import store

@Suite(.bothEngines) struct RouterWordsTests {
    @Test("entries come in the order asked, up to a thousand") func lookUp() async throws {
        let road = try await RouterRoad(try await DirectoryTests.furnished())
        let asked = ["nobody@example.test", "a@foreign.test", "alice@other.test"].map(\.address)
        guard case .entries(let entries, let version) = try await road.ask(.lookUp(asked)) else {
            throw StoreFault("another word")
        }
        #expect(entries == road.store.directory.lookUp(asked).entries && entries[1] == .foreign && entries.count == 3)
        #expect(version == road.store.directory.policy.version)
        guard case .entries(let many, _) = try await road.ask(.lookUp(Array(repeating: asked[2], count: 1_000))) else {
            throw StoreFault("another word")
        }
        #expect(many == Array(repeating: entries[2], count: 1_000))
        await #expect(throws: IPCError.self) {
            _ = try await road.ask(.lookUp(Array(repeating: asked[2], count: 1_001)))
        }
        try await road.stop()
    }

    @Test("an answer that would not fit ends its conversation, and no other") func tooMuch() async throws {
        let road = try await RouterRoad(try await DirectoryTests.furnished())
        let targets = (0..<1_000).map { "\(String(repeating: "t", count: 60))\($0)@\(String(repeating: "d", count: 60)).test" }
        try await road.store.carryOut(.addAlias("list@example.test".address, targets: targets.map(\.address)))
        let list = "list@example.test".address
        guard case .entries(let entries, _) = try await road.ask(.lookUp([list, list])) else { throw StoreFault("another word") }
        #expect(entries.count == 2)
        await #expect(throws: IPCError.self) { _ = try await road.ask(.lookUp(Array(repeating: list, count: 10))) }
        guard case .entries = try await road.ask(.lookUp([list])) else { throw StoreFault("another word") }
        try await road.stop()
    }

    @Test("a question for a change is answered by the change; policy has its version") func change() async throws {
        let road = try await RouterRoad(try await DirectoryTests.furnished())
        guard case .policy(let policy) = try await road.ask(.policy) else { throw StoreFault("another word") }
        #expect(policy == road.store.directory.policy)
        async let late = road.ask(.directoryChange(since: policy.version))
        let rule = NamedRule(account: "alice@example.test".address, recipient: "x@*", sender: nil, source: nil)
        try await road.store.carryOut(.addRule(rule))
        guard case .directory(policy.version + 1) = try await late else { throw StoreFault("another version") }
        guard case .policy(let new) = try await road.ask(.policy) else { throw StoreFault("another word") }
        #expect(new.version == policy.version + 1 && new.rules.count == 1)
        try await road.stop()
    }
}

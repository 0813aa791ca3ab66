// Who lives here, as the router asks it: one look-up says everything about an address (T-02, T-06, T-07, E-04, E-05, E-09).

import IPC
import Mail
import NIOCore
import Testing

@testable import store

@Suite(.bothEngines) struct DirectoryTests {
    static func furnished() async throws -> TestStore {
        let store = try TestStore()
        try await store.addUser("Alice@example.test")
        try await store.carryOut(
            .addDomainAlias("other.test", target: "example.test"), .addDomain("plain.test"),
            .addAccount("alice@example.test".address, .folder, password: nil, legacy: []),
            .addAccount("info@example.test".address, .folder, password: nil, legacy: []),
            .addAccount("alice@example.test".address, .processor, password: nil, legacy: []),
            .addAlias("sales@example.test".address, targets: ["alice@example.test".address, "b@remote.test".address]),
            .addAlias("alice@example.test".address, targets: ["b@remote.test".address]),
            .setDomain(
                "example.test",
                DomainChoices(catchAll: "info@example.test", transport: "Inside.Example.test:2525", delimiters: "+-")))
        return store
    }

    /// Address; whether user and folder are there, targets.
    static let addresses: [(String, Bool, Bool, [String]?)] = [
        ("alice@example.test", true, true, ["b@remote.test"]),
        ("ALICE@EXAMPLE.TEST", true, true, ["b@remote.test"]),
        // A domain's other name: every address of it is one of the domain's own.
        ("alice@other.test", true, true, ["b@remote.test"]),
        ("info@other.test", false, true, nil),
        ("sales@example.test", false, false, ["alice@example.test", "b@remote.test"]),
        ("nobody@example.test", false, false, nil), ("alice+x@example.test", false, false, nil),
    ]

    @Test("one look-up fills everything in; a domain's other name is followed by the store")
    func entries() async throws {
        var store = try await Self.furnished()
        // From the changes as they come, and from the database at the next start.
        for turn in ["changed", "loaded"] {
            for (address, isUser, isFolder, targets) in Self.addresses {
                let entry = try #require(store.entry(address), "\(address) \(turn)")
                #expect((entry.user != nil) == isUser && (entry.folder != nil) == isFolder, "\(address) \(turn)")
                #expect(entry.targets == targets?.map(\.address), "\(address) \(turn)")
                #expect(entry.catchAll == "info@example.test".address && entry.transport == "inside.example.test:2525")
                #expect(entry.domain == "example.test" && entry.delimiters == "+-")
            }
            #expect(store.entry("alice@plain.test") == LocalEntry(domain: "plain.test", delimiters: "+"))
            #expect(
                store.directory.lookUp(["a@foreign.test".address, "a@sub.example.test".address]).entries == [.foreign, .foreign])
            #expect(store.directory.transport(of: "other.test") == "inside.example.test:2525")
            #expect(store.directory.transport(of: "plain.test") == nil && store.directory.transport(of: "x.test") == nil)
            store = try store.reopened()
        }
        store.stop()
    }

    @Test("T-02: processor, user and folder share an address; each that goes leaves the others")
    func oneAfterTheOther() async throws {
        let store = try await Self.furnished()
        try await store.carryOut(.removeAlias("sales@example.test".address, targets: []))
        let address = "alice@example.test".address
        let ids = try #require(store.entry("alice@example.test"))
        #expect(ids.user != ids.folder)
        try await store.carryOut(.removeAccount(address, .processor))
        #expect(store.entry("alice@example.test")?.user == ids.user)
        try await store.carryOut(.removeAccount(address, .user))
        #expect(store.entry("alice@example.test")?.user == nil && store.entry("alice@example.test")?.folder == ids.folder)
        try await store.carryOut(.removeAccount(address, .folder))
        #expect(store.entry("alice@example.test")?.folder == nil)
        #expect(await store.refusal(.removeAccount(address, .user)) == "there is no account alice@example.test")
        store.stop()
    }

    @Test("T-06, T-07: folders and processors have an INBOX like users")
    func everybodyHasAnInbox() async throws {
        let store = try await Self.furnished()
        let rule = NamedRule(account: "alice@example.test".address, recipient: "orders@*", sender: nil, source: nil)
        try await store.carryOut(.addRule(rule))
        let folder = try #require(store.entry("info@example.test")?.folder)
        let processor = try #require(store.directory.policy.rules.first?.account)
        for account in [folder, processor] {
            _ = try await store.accept(.to([LocalPlacement(recipient: "x@example.test".address, account: account)]))
            #expect(try await store.house.database.inbox(of: account)?.messages.count == 1)
        }
        #expect(try await store.audit().unaccounted == 0)
        store.stop()
    }

    /// Every word that changes anything that the router may have kept.
    static let changes: [CommandToStore.Question] = [
        .addDomain("new.test"), .addDomainAlias("newer.test", target: "example.test"), .removeDomain("plain.test"),
        .setDomain("example.test", DomainChoices(catchAll: "")),
        .addAccount("f@example.test".address, .folder, password: nil, legacy: []),
        .addAccount("p@example.test".address, .processor, password: nil, legacy: []),
        .addAccount("u@example.test".address, .user, password: Secret("x"), legacy: []),
        .setPassword("alice@example.test".address, password: Secret("y"), legacy: []),
        .removeAccount("p@example.test".address, .processor), .addAlias("a@example.test".address, targets: ["b@c.test".address]),
        .removeAlias("a@example.test".address, targets: ["b@c.test".address]),
        .addRule(NamedRule(account: "f@example.test".address, recipient: "*@*", sender: nil, source: nil)),
        .removeRule(number: 1), .addRange(.trusted, "10.0.0.0/8".range), .removeRange(.trusted, "10.0.0.0/8".range),
        .addRange(.safe, "::1".range),
    ]

    @Test("every change moves the version, also that of the database, and answers who waits for one")
    func versions() async throws {
        var store = try await Self.furnished()
        for change in Self.changes {
            let before = store.directory.policy.version
            let heard = Recorded<UInt64>()
            #expect(store.directory.change(since: before) { heard.add($0) } != nil)
            try await store.carryOut(change)
            #expect(heard.all == [before + 1], "\(change)")
            #expect(try store.house.database.load().directoryVersion == before + 1)
        }
        let last = store.directory.policy.version
        store = try store.reopened()
        #expect(store.directory.policy.version > last)
        store.stop()
    }

    @Test("what is refused changes nothing, and who waits waits on")
    func refusedChangesNothing() async throws {
        let store = try await Self.furnished()
        let version = store.directory.policy.version
        let heard = Recorded<UInt64>()
        let waiter = try #require(store.directory.change(since: version) { heard.add($0) })
        for change in [CommandToStore.Question.addDomain("example.test"), .removeRule(number: 9), .removeDomain("x.test")] {
            #expect(await store.refusal(change) != nil)
        }
        #expect(store.directory.policy.version == version && heard.all.isEmpty)
        store.directory.forget(waiter)
        store.directory.stop()
        #expect(heard.all.isEmpty)
        store.stop()
    }

    @Test("who asks with another version is answered at once; who waits when the store stops, then")
    func waiting() async throws {
        let store = try await Self.furnished()
        let version = store.directory.policy.version
        let heard = Recorded<UInt64>()
        #expect(store.directory.change(since: version - 1) { heard.add($0) } == nil)
        #expect(store.directory.change(since: version + 7) { heard.add($0) } == nil)
        #expect(store.directory.change(since: version) { heard.add($0) } != nil)
        #expect(heard.all == [version, version])
        store.directory.stop()
        #expect(heard.all == [version, version, version])
        store.stop()
    }

    @Test("A-17, A-21, T-03: the policy has rules in order and both lists; mechanisms that somebody can use (D8)")
    func policy() async throws {
        var store = try TestStore()
        #expect(store.directory.policy.mechanisms == [])
        try await store.carryOut(
            .addDomain("example.test"), .addAccount("p@example.test".address, .processor, password: nil, legacy: []))
        #expect(store.directory.policy.mechanisms == [])
        for (pattern, sender, source) in [("z*@example.test", nil, nil), ("*@*", "", "10.0.0.0/8"), ("a?@*", "*@c.test", nil)]
            as [(String, String?, String?)]
        {
            let rule = NamedRule(
                account: "p@example.test".address, recipient: pattern, sender: sender, source: source?.range)
            try await store.carryOut(.addRule(rule))
        }
        try await store.carryOut(
            .removeRule(number: 1), .addRange(.trusted, "192.168.1.%".range), .addRange(.safe, "10.0.0.5-10.0.0.9".range),
            .addRange(.trusted, "2001:db8::/32".range))
        try await store.addUser("alice@example.test", legacy: ["NTLM"])
        let version = store.directory.policy.version
        for turn in 0..<2 {
            let policy = store.directory.policy
            let processor = try #require(policy.rules.first?.account)
            #expect(
                policy.rules == [
                    ReceiveRule(sender: "", source: "10.0.0.0/8".range, account: processor),
                    ReceiveRule(localPart: "a?", sender: "*@c.test", account: processor),
                ])
            #expect(Set(policy.trusted) == ["192.168.1.%".range, "2001:db8::/32".range])
            #expect(policy.safe == ["10.0.0.5-10.0.0.9".range])
            #expect(
                policy.mechanisms == [
                    "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "NTLM", "PLAIN", "LOGIN",
                ])
            #expect(policy.version >= version + UInt64(turn))
            store = try store.reopened()
        }
        try await store.carryOut(.setPassword("alice@example.test".address, password: Secret("n"), legacy: ["cram-md5"]))
        #expect(store.directory.policy.mechanisms.contains("CRAM-MD5") && !store.directory.policy.mechanisms.contains("NTLM"))
        try await store.carryOut(.removeAccount("alice@example.test".address, .user))
        #expect(store.directory.policy.mechanisms == [])
        store.stop()
    }
}

// Who is let in: version, edge, room, uid, groups, proof. Pure, then over real sockets.
import Crypto
import Glibc
import Mail
import NIOCore
import Testing

@testable import IPC

@Suite(.timeLimit(.minutes(1)))
struct HelloTests {
    private func terms(_ room: RoomName, _ key: EdgeKeys? = nil, version: UInt32 = WireVersion.current) -> HelloTerms {
        var terms = HelloTerms(TestEdge.self, identity: Identity(room: room, release: "1.0", key: key))
        terms.version = version
        return terms
    }

    /// Frozen in every version: how two versions tell each other that they differ.
    @Test func goldenHellos() throws {
        #expect(hex(try Hello.welcome.payload(version: 1)) == "0100000002")
        #expect(hex(try Hello.refusal("no").payload(version: 258)) == "02010000036e6f")
        let greeting = Hello.greeting(.init(edge: "e", room: "r", release: "1", nonce: [7], demandsProof: true))
        #expect(hex(try greeting.payload(version: 1)) == "0100000000" + "0165" + "0172" + "0131" + "0107" + "01")
        let introduction = Hello.introduction(.init(edge: "e", room: "r", release: "1", proof: [8]))
        #expect(hex(try introduction.payload(version: 1)) == "0100000001" + "0165" + "0172" + "0131" + "0108")
    }

    @Test func roundTrip() throws {
        for hello in [
            Hello.welcome, .refusal("because"), .introduction(.init(edge: "a", room: "b", release: "", proof: [])),
        ] {
            #expect(try Hello(hello.payload(version: 9), version: 9, edge: "x") == hello)
        }
    }

    @Test func otherVersionNamesBoth() throws {
        let payload = try Hello.welcome.payload(version: 7)
        #expect { try Hello(payload, version: 3, edge: "listener-router") } throws: {
            let text = ($0 as? HelloFailure)?.because ?? ""
            return text.contains("version 7") && text.contains("version 3") && text.contains("listener-router")
        }
        // A refusal can be read whatever the version.
        #expect(try Hello(Hello.refusal("x").payload(version: 7), version: 3, edge: "") == .refusal("x"))
    }

    @Test(arguments: ["", "01", "0100000009", "0100000002ff", "0100000000", "010000000101", "0100000001ff"])
    func rubbish(bytes: String) {
        #expect(throws: HelloFailure.self) { try Hello(unhex(bytes), version: 1, edge: "x") }
    }

    @Test func textFromAPeerIsMadeHarmless() throws {
        let hello = try Hello(unhex("01000000 03 61 0a 1b 62 ff"), version: 1, edge: "x")
        #expect(hello == .refusal("a??b\u{fffd}"))
        #expect(Hello.printable(String(repeating: "x", count: 9_000)).count == 512)
    }

    @Test func proofIsOverNonceEdgeAndRoom() throws {
        let key = SymmetricKey(data: [UInt8](repeating: 1, count: 32))
        let nonce = [UInt8](repeating: 2, count: 32)
        let proof = Hello.proof(key: key, nonce: nonce, edge: "e", room: "r")
        #expect(Hello.proves(proof, key: key, nonce: nonce, edge: "e", room: "r"))
        #expect(!Hello.proves(proof, key: key, nonce: nonce, edge: "e", room: "s"))
        #expect(!Hello.proves(proof, key: key, nonce: nonce, edge: "f", room: "r"))
        #expect(!Hello.proves(proof, key: key, nonce: nonce.reversed() + [0], edge: "e", room: "r"))
        #expect(!Hello.proves([], key: key, nonce: nonce, edge: "e", room: "r"))
        #expect(!Hello.proves(proof.dropLast(), key: key, nonce: nonce, edge: "e", room: "r"))
    }

    @Test func greetingIsChecked() throws {
        let key = EdgeKeys.generate(edges: ["listener-router"])
        let nonce = [UInt8](repeating: 0, count: 32)
        func answer(_ greeting: Hello.Greeting, _ key: EdgeKeys?) throws(HelloFailure) {
            _ = try terms(.listener, key).introduction(to: greeting)
        }
        let good = Hello.Greeting(
            edge: "listener-router", room: "router", release: "2", nonce: nonce, demandsProof: true)
        #expect(throws: Never.self) { try answer(good, key) }
        #expect { try answer(good, nil) } throws: { "\($0)".contains("holds no key") }
        #expect { try answer(good, EdgeKeys.generate(edges: ["other"])) } throws: { "\($0)".contains("holds no key") }
        let edge = Hello.Greeting(edge: "router-store", room: "router", release: "", nonce: [], demandsProof: false)
        #expect { try answer(edge, nil) } throws: { "\($0)".contains("router-store") }
        let room = Hello.Greeting(edge: "listener-router", room: "store", release: "", nonce: [], demandsProof: false)
        #expect { try answer(room, nil) } throws: { "\($0)".contains("says it is store") }
        let short = Hello.Greeting(
            edge: "listener-router", room: "router", release: "", nonce: [1], demandsProof: true)
        #expect { try answer(short, key) } throws: { "\($0)".contains("nonce") }
    }

    @Test func introductionIsChecked() throws {
        let nonce = [UInt8](repeating: 0, count: 32)
        let key = EdgeKeys.generate(edges: ["listener-router"])
        func check(_ edge: String, _ room: String, _ proof: [UInt8], proof demanded: Bool) throws(HelloFailure) {
            let ours = Hello.Introduction(edge: edge, room: room, release: "", proof: proof)
            _ = try terms(.router, key).check(ours, nonce: nonce, demandsProof: demanded)
        }
        let good = Hello.proof(
            key: key.key("listener-router")!, nonce: nonce, edge: "listener-router", room: "listener")
        #expect(throws: Never.self) { try check("listener-router", "listener", good, proof: true) }
        #expect(throws: Never.self) { try check("listener-router", "listener", [], proof: false) }
        #expect(throws: HelloFailure.self) { try check("listener-router", "listener", [], proof: true) }
        #expect(throws: HelloFailure.self) { try check("listener-router", "delivery", good, proof: true) }
        #expect(throws: HelloFailure.self) { try check("delivery-router", "listener", good, proof: false) }
    }

    @Test func ruleLooksAtUidAndGroups() {
        let rule = PeerRule(uids: [5], gids: [70])
        func admits(_ uid: UInt32, _ gid: UInt32, _ groups: [UInt32]?) -> Bool {
            (try? rule.check(uid: uid, gid: gid, groups: groups, edge: "x")) != nil
        }
        #expect(admits(5, 1, nil))
        #expect(admits(6, 70, nil))
        #expect(admits(6, 1, [3, 70]))
        #expect(!admits(6, 1, [3]))
        #expect(!admits(6, 1, nil))
        #expect(!admits(0, 0, [0]))
    }

    @Test func uidIsRefusedBeforeAWord() async throws {
        let road = try Road(rule: PeerRule(uids: [getuid() + 1]))
        try await road.start()
        await road.served.wait(for: "turnedAway")
        await road.asked.wait(for: "refused(")
        #expect(road.asked.all.contains { $0.contains("uid \(getuid()) gid \(getgid()) may not connect") })
        #expect(!road.asker.isConnected)
        try await road.stop()
    }

    @Test func groupIsEnough() async throws {
        let road = try Road(rule: PeerRule(uids: [], gids: [getgid()]))
        try await road.connect()
        #expect(try await road.asker.ask(.echo("x"), deadline: .seconds(5)) == .echo("x"))
        try await road.stop()
    }

    @Test func keyOpensTheDoor() async throws {
        let keys = EdgeKeys.generate(edges: ["listener-router", "router-store"])
        let road = try Road(
            serving: Identity(room: .router, release: "1", key: keys.subset(edges: ["listener-router"])),
            asking: Identity(room: .listener, release: "1", key: keys.subset(edges: ["listener-router"])),
            rule: PeerRule(uids: [getuid()], demandsProof: true))
        try await road.connect()
        #expect(try await road.asker.ask(.echo("x"), deadline: .seconds(5)) == .echo("x"))
        try await road.stop()
    }

    @Test func wrongKeyIsRefused() async throws {
        let road = try Road(
            serving: Identity(room: .router, release: "1", key: .generate(edges: ["listener-router"])),
            asking: Identity(room: .listener, release: "1", key: .generate(edges: ["listener-router"])),
            rule: PeerRule(uids: [getuid()], demandsProof: true))
        try await road.start()
        await road.asked.wait(for: "the proof is wrong")
        await road.served.wait(for: "the proof is wrong")
        #expect(!road.asker.isConnected)
        try await road.stop()
    }

    @Test func wrongRoomIsRefused() async throws {
        let road = try Road(asking: Identity(room: .delivery, release: "1"))
        try await road.start()
        await road.asked.wait(for: "room delivery does not ask here")
        try await road.stop()
    }
}

// A large message whose own file is not what was stored: its reader is told so, and everything else is read. (RFC 3206 §3)

import Glibc
import IPC
import Mail
import NIOCore
import POP3House
import Testing

@testable import store

@Suite(.bothEngines) struct DamagedContentTests {
    private static func path(_ store: TestStore) -> String { "\(store.folder.path)/store/\(StoreFile(.large, 1).path)" }

    /// One octet is gone, too many, or another. What is small is read at once, what is large piece by piece.
    @Test("the session is told that the message is damaged, and gets the others", arguments: [-1, 0, 1], [20_000, 300_000])
    func session(change: Int, octets: Int) async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        let spools = [
            try await store.accept(.to([alice])), try await store.acceptLarge(.to([alice]), octets: octets),
            try await store.accept(.to([alice])),
        ]
        let (first, third) = (try await store.text(spools[0]), try await store.text(spools[2]))
        let file = try OpenFile(Self.path(store), flags: O_WRONLY)
        try file.truncate(to: UInt64(octets + change))
        if change == 0 { #expect(pwrite(file.descriptor, "B", 1, off_t(octets / 2)) == 1) }
        let path = try freshSocketPath()
        let socket = SessionSocket(
            listening: try UnixSocket.listen(path: path, mode: 0o600), rule: PeerRule(uids: [geteuid()]), on: store.group,
            access: store.house.inboxes,
            redeem: { _ in
                MaildropVisit(login: alice.account, user: "alice@example.test", maildrop: alice.account, isReadOnly: false)
            }, log: { _ in })
        try await socket.start().get()
        try await onThread {
            let client = try SocketClient(unix: path)
            try client.send(SessionHouse.opening("1"))
            #expect(try client.text() == "+OK 3 messages")
            try client.send("RETR 1\r\nRETR 2\r\nRETR 3\r\nQUIT\r\n")
            #expect(try client.text() == "+OK \(first.utf8.count) octets")
            #expect(try client.body() == Array(first.utf8))
            #expect(try client.text() == "-ERR [SYS/PERM] This message is damaged")
            #expect(try client.text() == "+OK \(third.utf8.count) octets")
            #expect(try client.body() == Array(third.utf8))
            #expect(try client.text() == "+OK Goodbye")
        }
        let told = store.events.all.compactMap { event -> String? in
            if case .damaged(spools[1], let because) = event { because } else { nil }
        }
        let because = change == 0 ? "wrong checksum" : "wrong length"
        #expect(told.count == 1 && told.allSatisfy { $0.hasSuffix(because) }, "\(told)")
        await socket.stop()
        removeSocketPath(path)
        store.stop()
    }

    @Test("a file that becomes shorter while it is read is damage, and nobody waits for the rest") func whileRead() async throws {
        let store = try TestStore()
        let alice = store.account("alice@example.test")
        let (large, small) = (try await store.acceptLarge(.to([alice])), try await store.accept(.to([alice])))
        _ = try await store.house.inboxes.openMaildrop(alice.account)
        let (path, pieces) = (Self.path(store), Recorded<Int>())
        await #expect(throws: MaildropError.damaged(large)) {
            try await store.house.inboxes.readChunks(large) { piece in
                guard piece.readableBytes > 0 else { throw StoreFault("an empty piece") }
                pieces.add(piece.readableBytes)
                if pieces.all.count == 1 { try OpenFile(path, flags: O_WRONLY).truncate(to: 100_000) }
            }
        }
        #expect(pieces.all.dropFirst().reduce(0, +) == 100_000)
        _ = try await store.house.inboxes.read(small)
        store.stop()
    }
}

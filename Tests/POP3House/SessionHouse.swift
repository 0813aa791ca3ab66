// The store's session socket over maildrops in memory.

import IPC
import Mail
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import store

/// A session socket over maildrops in memory. The ticket is text: the account's number; a second number for whose login it is,
/// where that is another; `read-only`.
package final class SessionHouse: Sendable {
    package let path: String
    package let maildrops: MemoryMaildrops
    package let socket: SessionSocket
    package let events: EventBox

    package init(
        _ accounts: [AccountID: [[UInt8]]], limits: SessionLimits = SessionLimits(), uids: Set<UInt32> = [geteuid()],
        pace: LoginPace = LoginPace { 0 }, holders: MaildropHolders = MaildropHolders()
    ) async throws {
        let path = try freshSocketPath()
        self.path = path
        let events = EventBox()
        self.events = events
        maildrops = MemoryMaildrops(accounts)
        socket = SessionSocket(
            listening: try UnixSocket.listen(path: path, mode: 0o600), rule: PeerRule(uids: uids),
            on: MultiThreadedEventLoopGroup.singleton, access: maildrops, limits: limits, pace: pace, holders: holders,
            redeem: { opening in
                Self.visit(String(decoding: opening.ticket.bytes, as: UTF8.self))
            },
            log: { events.add($0) })
        try await socket.start().get()
    }

    deinit { removeSocketPath(path) }

    package static func name(_ login: AccountID) -> String { "user\(login.rawValue)@example.test" }

    private static func visit(_ ticket: String) -> MaildropVisit? {
        let words = ticket.split(separator: " ")
        let numbers = words.compactMap { Int64($0) }.map { AccountID(rawValue: $0) }
        guard let maildrop = numbers.first else { return nil }
        let login = numbers.last ?? maildrop
        return MaildropVisit(
            login: login, user: Self.name(login), maildrop: maildrop,
            isReadOnly: words.last == "read-only")
    }

    package static func facts(_ service: ServiceName = .pop3) -> SessionFacts {
        let host = InternetAddress(v4: 0x7F00_0001)
        return SessionFacts(
            trace: TraceID(high: 1, low: 2), service: service, client: host, clientPort: 4000, local: host,
            localPort: 110)
    }

    package static func opening(_ ticket: String, service: ServiceName = .pop3) throws -> [UInt8] {
        var buffer = ByteBuffer()
        try OpeningWriter.write(
            SessionOpening(ticket: Ticket(bytes: Array(ticket.utf8)), facts: facts(service)), into: &buffer)
        return Array(buffer.readableBytesView)
    }

    package func client(_ ticket: String = "1") throws -> SocketClient {
        let client = try SocketClient(unix: path)
        try client.send(Self.opening(ticket))
        return client
    }

    /// Returns when the account's lock has been given back as often as taken.
    package func waitUntilReleased(_ account: AccountID) async throws {
        for _ in 0..<2_000 {
            let state = maildrops.account(account)
            if state.opened > 0, state.opened == state.closed { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw SocketTrouble(description: "the lock was not given back")
    }
}

package final class EventBox: Sendable {
    private let box = NIOLockedValueBox<[SessionEvent]>([])
    package func add(_ event: SessionEvent) { box.withLockedValue { $0.append(event) } }
    package var all: [SessionEvent] { box.withLockedValue { $0 } }
}

/// Carries a client from one thread to the next.
package struct UncheckedBox<Value>: @unchecked Sendable {
    package let value: Value
    package init(_ value: Value) { self.value = value }
}

// A listener's POP3 port with everything behind it under the test's control: the router's answers come over a real road,
// the store is whatever listens on the session socket.

import IPC
import Mail
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import listener

/// Answers `admit` and `authenticate` as it is told.
package final class FakeRouter: Sendable {
    package struct Words: Sendable {
        package var admission = Admission.accepted(Terms())
        /// By user name; anybody else is refused.
        package var passwords = ["alice": "secret"]
        package var unavailable: String?
        /// Whose password is right, for a mailbox that is not open to them; by name as it was given.
        package var forbidden: Set<String> = []
        /// The account's ticket by user name.
        package var tickets = ["alice": "1"]
        /// To whatever begins an exchange; nil: none is known.
        package var exchange: ListenerToRouter.Answer?
        /// The openings that came.
        package var openings: [SASLOpening] = []
    }

    package let path: String
    private let words = NIOLockedValueBox(Words())
    private let server = NIOLockedValueBox<Server<ListenerToRouter>?>(nil)

    package init() async throws {
        path = try freshSocketPath()
        try await start()
    }

    deinit { removeSocketPath(path) }

    package var openings: [SASLOpening] { words.withLockedValue { $0.openings } }

    package func set(_ change: (inout Words) -> Void) { words.withLockedValue { change(&$0) } }

    package func start() async throws {
        let words = words
        let server = Server(
            ListenerToRouter.self, listening: try UnixSocket.listen(path: path, mode: 0o600),
            identity: Identity(room: .router, release: "test"), rule: PeerRule(uids: [geteuid()]),
            on: MultiThreadedEventLoopGroup.singleton, log: { _ in },
            conversation: { _, _ in RouterConversation(words) })
        try await server.start().get()
        self.server.withLockedValue { $0 = server }
    }

    /// As a router that dies.
    package func stop() async throws { try await server.withLockedValue { $0 }?.stop().get() }

    private final class RouterConversation: Conversing {
        typealias E = ListenerToRouter
        private let words: NIOLockedValueBox<Words>

        init(_ words: NIOLockedValueBox<Words>) { self.words = words }

        func question(_ question: ListenerToRouter.Question, in exchange: Exchange<ListenerToRouter>) {
            if case .sasl(let opening) = question { self.words.withLockedValue { $0.openings.append(opening) } }
            let words = words.withLockedValue { $0 }
            switch question {
            case .admit: exchange.answer(.admission(words.admission))
            case .authenticate(let login):
                if let because = words.unavailable {
                    exchange.answer(.login(.unavailable(because: because)))
                } else if words.forbidden.contains(login.user) {
                    exchange.answer(.login(.forbidden(user: login.name.user)))
                } else if words.passwords[login.user].map({ Array($0.utf8) }) == login.password.bytes {
                    let ticket = Ticket(bytes: Array((words.tickets[login.user] ?? "").utf8))
                    exchange.answer(.login(.granted(Grant(ticket: ticket, account: AccountID(rawValue: 1), name: login.user))))
                } else {
                    exchange.answer(.login(.refused(user: login.user)))
                }
            case .sasl:
                guard let answer = words.exchange else { return exchange.cancel() }
                exchange.answer(answer)
            default: exchange.cancel()
            }
        }
        func content(_ bytes: ByteBuffer, in exchange: Exchange<ListenerToRouter>) {}
        func ended(in exchange: Exchange<ListenerToRouter>) {}
        func cancelled() {}
    }
}

/// A TCP port of POP3 before a session socket.
package final class LoginHouse: Sendable {
    package let port: Int
    package let router: FakeRouter
    package let events = NIOLockedValueBox<[LoginEvent]>([])
    private let asker: Asker<ListenerToRouter>
    private let listening: any Channel

    /// - Parameter sendBuffer: the kernel's, towards clients; a small one leaves the tail in the listener.
    package init(
        store path: String, limits: LoginLimits = LoginHouse.quick, sendBuffer: CInt = 1 << 20,
        timestamp: String? = nil
    ) async throws {
        let router = try await FakeRouter()
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let asker = Asker(
            ListenerToRouter.self, path: router.path, identity: Identity(room: .listener, release: "test"),
            on: eventLoop, log: { _ in })
        asker.start()
        let events = events
        listening = try await ServerBootstrap(group: eventLoop)
            .childChannelOption(.socketOption(.so_sndbuf), value: SocketOptionValue(sendBuffer))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        LoginConnection(
                            LoginHouse.facts, router: LoginRouter(asker), connector: SessionConnector(path: path),
                            limits: limits, timestamp: timestamp, log: { event in events.withLockedValue { $0.append(event) } }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listening.localAddress?.port ?? 0
        self.router = router
        self.asker = asker
        while !asker.isConnected { try await Task.sleep(for: .milliseconds(2)) }
    }

    package static var quick: LoginLimits {
        var limits = LoginLimits()
        limits.refusal = .milliseconds(50)
        return limits
    }

    package static var facts: SessionFacts {
        let host = InternetAddress(v4: 0x7F00_0001)
        return SessionFacts(
            trace: TraceID(high: 1, low: 2), service: .pop3, client: host, clientPort: 4000, local: host,
            localPort: 110)
    }

    package func stop() async throws {
        try await listening.close()
        try await asker.close().get()
        try await router.stop()
    }
}

// The rooms that delivery talks to, served over real sockets from tables: a store that hands out leases and remembers
// what became of them, and a router that takes reports.

import Foundation
import IPC
import Mail
import NIOCore
import NIOPosix
import Synchronization
import TLS

@testable import delivery

/// A delivery room with its neighbours in a directory of its own.
final class FakeHouse: Sendable {
    let store: FakeStore
    let router: FakeRouter
    let names: NameServer
    let room: DeliveryRoom
    private let log = EventLog()
    private let directory: String

    static let hostname = "us.test"

    init(
        _ route: DeliveryPolicy.Route, trust: TrustAnchors = .file("/nonexistent"),
        world: DeliveryRoom.World = DeliveryRoom.World(), _ change: (inout DeliveryPolicy) -> Void = { _ in }
    ) async throws {
        directory = "/tmp/postern-delivery-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        store = try await FakeStore(directory + "/store.sock")
        router = try await FakeRouter(directory + "/router.sock")
        names = try await NameServer()
        var policy = DeliveryPolicy(hostname: FakeHouse.hostname, route: route)
        policy.dnsServers = [names.server]
        policy.times = DeliveryTimes(each: .seconds(10))
        policy.retry = RetrySchedule(delays: [60], lifetime: 5 * 86_400)
        change(&policy)
        let log = self.log
        room = DeliveryRoom(
            policy, agent: "delivery@test", paths: (directory + "/store.sock", directory + "/router.sock"),
            identity: Identity(room: .delivery, release: "test"),
            on: MultiThreadedEventLoopGroup.singleton, tls: try ClientTLS(trust: trust), world: world, road: { _ in },
            log: { log.add($0) })
        room.start()
    }

    var events: [DeliveryEvent] { log.events.withLock { $0 } }

    /// A domain whose exchanges are these sinks, by falling preference.
    func domain(_ name: String, _ sinks: Sink...) {
        for (index, sink) in sinks.enumerated() { names.address("mx\(index).\(name)", sink.address) }
        names.set(name, 15, .mx(sinks.indices.map { (UInt16($0 + 1) * 10, "mx\($0).\(name)") }))
    }

    func stop() async {
        await room.stop()
        await store.stop()
        await router.stop()
        names.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }
}

/// Keeps the house's events where a test can read them.
private final class EventLog: Sendable {
    let events = Mutex<[DeliveryEvent]>([])
    func add(_ event: DeliveryEvent) { events.withLock { $0.append(event) } }
}

/// What a test puts into the queue.
struct Letter: Sendable {
    var sender = EmailAddress("alice@home.test")
    var recipients = ["bob@remote.test"]
    var content = "Subject: hello\r\n\r\nA line.\r\n"
    var attempts: UInt32 = 0
    /// Milliseconds ago.
    var age: Int64 = 0
    var expiresIn: UInt32 = 60
    var isEightBit = false
    var wishes = RecipientParameters()
    /// Queue entries; nil: new ones.
    var entries: [UInt64]?
}

final class FakeStore: Sendable {
    private let path: String
    private let state: StoreState
    private let server: Mutex<Server<DeliveryToStore>?>

    init(_ path: String) async throws {
        self.path = path
        state = StoreState()
        server = Mutex(nil)
        try await start()
    }

    func start() async throws {
        let fd = try UnixSocket.listen(path: path, mode: 0o600)
        let server = Server(
            DeliveryToStore.self, listening: fd, identity: Identity(room: .store, release: "test"),
            rule: PeerRule(uids: [getuid()]), on: state.loop, log: { _ in }
        ) { [state] _, _ in StoreConversation(state) }
        try await server.start().get()
        self.server.withLock { $0 = server }
    }

    /// As if the room had died.
    func stop() async { try? await server.withLock { $0 }?.stop().get() }

    /// - Returns: the lease's number.
    @discardableResult
    func add(_ letter: Letter) -> LeaseID { add([letter])[0] }

    /// All at once, so that one claim gets them.
    @discardableResult
    func add(_ letters: [Letter]) -> [LeaseID] { state.run { $0.add(letters) } }

    /// Waits for the outcomes of a lease, in the order of its recipients.
    func outcomes(of lease: LeaseID) async throws -> [Outcome] {
        try await state.run { $0.promise(lease).futureResult }.get()
    }

    func outcome(of lease: LeaseID) async throws -> Outcome { try await outcomes(of: lease)[0] }

    /// Every settlement in the order in which it came.
    var settlements: [Settlement] { state.run { $0.settlements } }
    var renewals: Int { state.run { $0.renewals } }
    var claims: [ClaimRequest] { state.run { $0.claims } }
    /// What `settle` and `renew` are answered with.
    func answerSettled(_ answer: Bool) { state.run { $0.answer = answer } }
    func makeUnreadable(_ reason: String?) { state.run { $0.unreadable = reason } }
}

/// Confined to one loop, on which everything is asked.
final class StoreState: @unchecked Sendable {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    var settlements: [Settlement] = []
    var renewals = 0
    var claims: [ClaimRequest] = []
    var answer = true
    var unreadable: String?
    private var waitingLeases: [Lease] = []
    private var waitingClaims: [(ClaimRequest, Exchange<DeliveryToStore>)] = []
    private var contents: [SpoolID: ByteBuffer] = [:]
    private var entries: [LeaseID: [UInt64]] = [:]
    private var promises: [LeaseID: EventLoopPromise<[Outcome]>] = [:]
    private var next: UInt64 = 0

    func run<Value: Sendable>(_ body: @escaping @Sendable (StoreState) -> Value) -> Value {
        if loop.inEventLoop { return body(self) }
        do {
            return try loop.submit { body(self) }.wait()
        } catch {
            fatalError("the loop of the fake store is gone: \(error)")
        }
    }

    func promise(_ lease: LeaseID) -> EventLoopPromise<[Outcome]> {
        if let promise = promises[lease] { return promise }
        let promise = loop.makePromise(of: [Outcome].self)
        promises[lease] = promise
        return promise
    }

    func add(_ letters: [Letter]) -> [LeaseID] {
        let ids = letters.map { letter in
            next += 1
            let id = LeaseID(rawValue: next)
            let message = SpoolID(rawValue: next)
            contents[message] = ByteBuffer(string: letter.content)
            let recipients = letter.recipients.enumerated().map { index, address in
                let entry = letter.entries?[index] ?? next * 1000 + UInt64(index)
                return QueuedRecipient(
                    entry: entry, address: EmailAddress(address)!, parameters: letter.wishes,
                    attempts: letter.attempts)
            }
            entries[id] = recipients.map(\.entry)
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            waitingLeases.append(
                Lease(
                    id: id, expiresIn: letter.expiresIn, message: message, trace: TraceID(high: 0, low: next),
                    sender: letter.sender, destination: recipients[0].address.domain, recipients: recipients,
                    size: UInt64(letter.content.utf8.count),
                    parameters: SenderParameters(body: letter.isEightBit ? .eightBit : .sevenBit),
                    acceptedAt: now - letter.age))
            return id
        }
        serve()
        return ids
    }

    func claim(_ request: ClaimRequest, _ exchange: Exchange<DeliveryToStore>) {
        claims.append(request)
        waitingClaims.append((request, exchange))
        serve()
    }

    func forget(_ exchange: Exchange<DeliveryToStore>) { waitingClaims.removeAll { $0.1 === exchange } }

    private func serve() {
        for (request, exchange) in waitingClaims {
            let fitting = waitingLeases.filter { !request.saturated.contains($0.destination) }.prefix(
                Int(request.limit))
            guard !fitting.isEmpty else { continue }
            let ids = Set(fitting.map(\.id))
            waitingLeases.removeAll { ids.contains($0.id) }
            forget(exchange)
            exchange.answer(.work(Array(fitting)))
        }
    }

    func content(_ message: SpoolID, _ part: ReadPart) -> ByteBuffer? {
        guard unreadable == nil, var bytes = contents[message] else { return nil }
        guard case .header(let most) = part else { return bytes }
        let text = String(buffer: bytes)
        let header = text.range(of: "\r\n\r\n").map { text[..<$0.upperBound] } ?? text[...]
        bytes = ByteBuffer(string: String(header.prefix(Int(most))))
        return bytes
    }

    func settle(_ settlement: Settlement) {
        settlements.append(settlement)
        guard answer else { return }
        let order = entries[settlement.lease] ?? []
        let outcomes = order.compactMap { entry in settlement.results.first { $0.entry == entry }?.outcome }
        promise(settlement.lease).succeed(outcomes)
    }
}

private final class StoreConversation: Conversing {
    typealias E = DeliveryToStore
    private let state: StoreState
    private var exchange: Exchange<DeliveryToStore>?
    private var rest = ByteBuffer()
    private var total = 0

    init(_ state: StoreState) { self.state = state }

    func question(_ question: DeliveryToStore.Question, in exchange: Exchange<DeliveryToStore>) {
        self.exchange = exchange
        switch question {
        case .claim(let request): state.claim(request, exchange)
        case .settle(let settlement):
            state.settle(settlement)
            exchange.answer(.settled(state.answer))
        case .renew:
            state.renewals += 1
            exchange.answer(.settled(state.answer))
        case .read(let message, let part):
            guard let bytes = state.content(message, part) else {
                return exchange.answer(.unreadable(because: state.unreadable ?? "unknown message"))
            }
            (rest, total) = (bytes, bytes.readableBytes)
            exchange.onWritable = { [unowned self] in pour() }
            pour()
        }
    }

    private func pour() {
        guard let exchange, total >= 0 else { return }
        while rest.readableBytes > 0, exchange.isWritable {
            exchange.send(rest.readSlice(length: min(rest.readableBytes, 65_536))!)
        }
        guard rest.readableBytes == 0 else { return }
        exchange.answer(.bytes(count: UInt64(total)))
        total = -1
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<DeliveryToStore>) {}
    func ended(in exchange: Exchange<DeliveryToStore>) {}
    func cancelled() { if let exchange { state.forget(exchange) } }
}

final class FakeRouter: Sendable {
    struct Report: Sendable {
        var submission: Submission
        var content: String
    }

    fileprivate struct State {
        var reports: [Report] = []
        var answers: [Receipt] = []
    }

    fileprivate let state = Mutex(State())
    private let path: String
    private let server = Mutex<Server<DeliveryToRouter>?>(nil)

    init(_ path: String) async throws {
        self.path = path
        try await start()
    }

    func start() async throws {
        let fd = try UnixSocket.listen(path: path, mode: 0o600)
        let server = Server(
            DeliveryToRouter.self, listening: fd, identity: Identity(room: .router, release: "test"),
            rule: PeerRule(uids: [getuid()]), on: MultiThreadedEventLoopGroup.singleton, log: { _ in }
        ) { [self] _, _ in RouterConversation(self) }
        try await server.start().get()
        self.server.withLock { $0 = server }
    }

    func stop() async { try? await server.withLock { $0 }?.stop().get() }

    var reports: [Report] { state.withLock { $0.reports } }
    /// The next receipts; then everything is accepted.
    func answer(_ receipts: Receipt...) { state.withLock { $0.answers = receipts } }
}

private final class RouterConversation: Conversing {
    typealias E = DeliveryToRouter
    private let router: FakeRouter
    private var bytes = ByteBuffer()

    init(_ router: FakeRouter) { self.router = router }

    func question(_ question: DeliveryToRouter.Question, in exchange: Exchange<DeliveryToRouter>) {
        guard case .submit(let submission) = question else { return }
        let receipt = router.state.withLock { state in
            state.reports.append(FakeRouter.Report(submission: submission, content: String(buffer: bytes)))
            let count = UInt64(state.reports.count)
            return state.answers.isEmpty ? .accepted(SpoolID(rawValue: count)) : state.answers.removeFirst()
        }
        exchange.answer(.receipt(receipt))
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<DeliveryToRouter>) {
        var bytes = bytes
        exchange.consumed(bytes.readableBytes)
        self.bytes.writeBuffer(&bytes)
    }

    func ended(in exchange: Exchange<DeliveryToRouter>) {}
    func cancelled() {}
}

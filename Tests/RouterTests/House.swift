// A router between a fake store and askers that play the listener and the delivery agent.

import FakeRooms
import IPC
import Mail
import NIOCore
import NIOPosix

@testable import router

final class House: Sendable {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let folder = TemporaryFolder()
    let store: FakeStore
    let room: RouterRoom
    let loop: any EventLoop
    let events = Seen<RouterEvent>()
    private let listener: Asker<ListenerToRouter>
    private let delivery: Asker<DeliveryToRouter>
    private let road = Seen<IPCEvent>()

    init(
        messageSize: Int = 50 << 20, trusted: [String] = ["127.0.0.0/8"], _ change: (inout RouterPolicy) -> Void = { _ in }
    ) throws {
        var policy = House.policy(messageSize: messageSize, trusted: trusted)
        change(&policy)
        store = try FakeStore(path: folder.path + "/store", on: group)
        store.add(account: "alice@example.test", 1)
        let (events, road) = (events, road)
        room = RouterRoom(
            policy, listener: try folder.serve("listener"),
            delivery: try folder.serve("delivery"),
            store: folder.path + "/store", identity: Identity(room: .router, release: "test"),
            on: House.roomGroup, now: { 1_795_247_644 }, road: { road.note($0) },
            log: { events.note($0) })
        try room.start().wait()
        loop = group.next()
        listener = Asker(
            ListenerToRouter.self, path: folder.path + "/listener",
            identity: Identity(room: .listener, release: "test"), on: loop, log: { _ in })
        delivery = Asker(
            DeliveryToRouter.self, path: folder.path + "/delivery",
            identity: Identity(room: .delivery, release: "test"), on: loop, log: { _ in })
        listener.start()
        delivery.start()
        let (asking, submitting) = (listener, delivery)
        guard comes(within: 10, { asking.isConnected && submitting.isConnected }),
            comes(within: 10, { events.all.contains { if case .directoryVersion = $0 { true } else { false } } })
        else { throw IPCError.unreachable }
    }

    static func policy(messageSize: Int = 50 << 20, trusted: [String]) -> RouterPolicy {
        var policy = RouterPolicy(hostname: "mail.example.test", trusted: trusted.map { AddressRange($0)! })
        policy.messageSize = messageSize
        return policy
    }

    func stop() {
        _ = try? listener.close().and(delivery.close()).wait()
        try? room.stop().wait()
        store.stop()
        folder.remove()
        group.shutdownGracefully { _ in }
    }

    var storeIsUp: Bool {
        var isUp = false
        for case let event in road.all {
            switch event {
            case .connected: isUp = true
            case .disconnected: isUp = false
            default: break
            }
        }
        return isUp
    }

    func figure(_ name: String) -> Int64 { room.figures().first { $0.name == name }?.value ?? -1 }

    static func facts(
        client: String = "127.0.0.1", service: ServiceName = .smtp, greeting: String = "client.example.net",
        listener: UInt16 = 0, login: Ticket? = nil
    ) -> SessionFacts {
        SessionFacts(
            trace: TraceID(high: 1, low: 2), service: service, client: InternetAddress(client)!, clientPort: 4000,
            local: InternetAddress("127.0.0.1")!, localPort: 25, greeting: greeting, isExtended: true,
            listener: listener, login: login)
    }

    func talk(client: String = "127.0.0.1") async throws -> Talk { try await talk(House.facts(client: client)) }

    func talk(_ facts: SessionFacts) async throws -> Talk {
        try await loop.submit { [listener] in Talk(try listener.open(), facts) }.get()
    }

    func ask(login user: String, _ password: String) -> EventLoopFuture<LoginAnswer> {
        let login = Login(facts: House.facts(service: .pop3), user: user, password: Secret(password))
        return listener.ask(.authenticate(login), deadline: .seconds(20)).flatMapThrowing { answer in
            guard case .login(let answer) = answer else { throw IPCError.violation("\(answer)") }
            return answer
        }
    }

    func login(_ user: String, _ password: String) async throws -> LoginAnswer { try await ask(login: user, password).get() }

    func login(_ user: String, _ password: String, _ facts: SessionFacts) async throws -> LoginAnswer {
        let login = Login(facts: facts, user: user, password: Secret(password))
        guard case .login(let answer) = try await ask(.authenticate(login)) else { throw IPCError.overrun }
        return answer
    }

    func asking(_ question: ListenerToRouter.Question) -> EventLoopFuture<ListenerToRouter.Answer> {
        listener.ask(question, deadline: .seconds(20))
    }

    func ask(_ question: ListenerToRouter.Question) async throws -> ListenerToRouter.Answer {
        try await asking(question).get()
    }

    func admit(_ facts: SessionFacts) async throws -> Admission {
        guard case .admission(let admission) = try await ask(.admit(facts)) else { throw IPCError.overrun }
        return admission
    }

    /// Logs in over SMTP and gives the proof.
    func logIn(_ user: String) async throws -> Ticket {
        store.with { $0.passwords[user] = "right" }
        let talk = try await exchange(House.facts())
        guard case .login(.granted(let grant)) = try await talk.begin("PLAIN", "\(user):right") else {
            throw IPCError.overrun
        }
        return grant.ticket
    }

    func exchange(_ facts: SessionFacts) async throws -> LoginTalk {
        try await loop.submit { [listener] in LoginTalk(try listener.open(), facts) }.get()
    }

    func command(_ question: CommandToRouter.Question) async throws -> CommandToRouter.Answer {
        await withCheckedContinuation { continuation in room.serve(question) { continuation.resume(returning: $0) } }
    }

    func heardVersion(_ version: UInt64) -> Bool {
        events.all.contains { if case .directoryVersion(version) = $0 { true } else { false } }
    }

    func submit(_ recipients: [String], key: String, _ text: String) async throws -> Receipt {
        let submission = Submission(
            trace: TraceID(high: 3, low: 4), sender: nil, recipients: recipients.map { EmailAddress($0)! },
            idempotencyKey: key)
        let (loop, delivery) = (loop, delivery)
        return try await loop.flatSubmit {
            let promise = loop.makePromise(of: Receipt.self)
            do {
                let conversation = try delivery.open()
                conversation.send(ByteBuffer(string: text))
                conversation.ask(.submit(submission), last: true, deadline: .seconds(10)) { result in
                    promise.completeWith(
                        result.map { answer in
                            guard case .receipt(let receipt) = answer else { preconditionFailure("\(answer)") }
                            return receipt
                        }.mapError { $0 })
                }
            } catch { promise.fail(error) }
            return promise.futureResult
        }.get()
    }
}

extension TemporaryFolder {
    fileprivate func serve(_ name: String) throws -> ServedEdge {
        ServedEdge(descriptor: try UnixSocket.listen(path: "\(path)/\(name)", mode: 0o600), rule: .mine)
    }
}

extension House {
    /// Of one loop, never shut down: rooms are stopped, their thread stays.
    static let roomGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}

/// One transaction, played word by word.
final class Talk: @unchecked Sendable {
    // Unchecked: the conversation is only touched on its loop.
    private let conversation: Conversation<ListenerToRouter>
    private let facts: SessionFacts
    private var loop: any EventLoop { conversation.eventLoop }

    init(_ conversation: Conversation<ListenerToRouter>, _ facts: SessionFacts) {
        self.conversation = conversation
        self.facts = facts
    }

    private func ask(_ questions: [ListenerToRouter.Question], last: Bool = false) async throws -> [ListenerToRouter.Answer] {
        let loop = loop
        return try await loop.flatSubmit { [self] in
            let promises = questions.map { _ in loop.makePromise(of: ListenerToRouter.Answer.self) }
            for (question, promise) in zip(questions, promises) {
                conversation.ask(question, last: last, deadline: .seconds(20)) { result in
                    promise.completeWith(result.mapError { $0 })
                }
            }
            return EventLoopFuture.whenAllSucceed(promises.map(\.futureResult), on: loop)
        }.get()
    }

    func sender(
        _ address: String?, size: UInt64? = nil, parameters: SenderParameters = SenderParameters()
    ) async throws -> Verdict {
        var parameters = parameters
        parameters.declaredSize = size
        let question = ListenerToRouter.Question.sender(facts, address.map { EmailAddress($0)! }, parameters)
        return try await ask([question])[0].verdict
    }

    func recipient(_ address: String, _ wishes: RecipientParameters = RecipientParameters()) async throws -> Verdict {
        try await ask([.recipient(EmailAddress(address)!, wishes)])[0].verdict
    }

    func recipients(_ addresses: [String]) async throws -> [Verdict] {
        try await ask(addresses.map { .recipient(EmailAddress($0)!, RecipientParameters()) }).map { try $0.verdict }
    }

    func content(_ text: String) async throws {
        try await loop.submit { [self] in conversation.send(ByteBuffer(string: text)) }.get()
    }

    func deliver() async throws -> Receipt {
        guard case .receipt(let receipt) = try await ask([.deliver], last: true)[0] else { throw IPCError.overrun }
        return receipt
    }

    func cancel() async throws { try await loop.submit { [self] in conversation.cancel() }.get() }

    /// Sends so many octets, as fast as the router takes them; notes what it has sent.
    func pour(_ total: Int) -> Seen<Int> {
        let sent = Seen<Int>()
        loop.execute { self.pour(total, sent) }
        return sent
    }

    private func pour(_ total: Int, _ sent: Seen<Int>) {
        let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 64 << 10)
        var left = total
        while left > 0, conversation.isWritable {
            conversation.send(piece)
            sent.note(piece.readableBytes)
            left -= piece.readableBytes
        }
        let rest = left
        conversation.onWritable = rest > 0 ? { self.pour(rest, sent) } : nil
    }
}

/// One exchange of SASL, played word by word.
final class LoginTalk: @unchecked Sendable {
    // Unchecked: the conversation is only touched on its loop.
    private let conversation: Conversation<ListenerToRouter>
    private let facts: SessionFacts

    init(_ conversation: Conversation<ListenerToRouter>, _ facts: SessionFacts) {
        self.conversation = conversation
        self.facts = facts
    }

    func begin(_ mechanism: String, _ initial: String?) async throws -> ListenerToRouter.Answer {
        let opening = SASLOpening(
            facts: facts, mechanism: mechanism, initial: initial.map { Secret($0) }, channelBinding: nil)
        return try await ask(.sasl(opening))
    }

    func respond(_ response: String) async throws -> ListenerToRouter.Answer {
        try await ask(.saslResponse(Secret(response)))
    }

    private func ask(_ question: ListenerToRouter.Question) async throws -> ListenerToRouter.Answer {
        let loop = conversation.eventLoop
        return try await loop.flatSubmit { [self] in
            let promise = loop.makePromise(of: ListenerToRouter.Answer.self)
            conversation.ask(question, last: false, deadline: .seconds(20)) { result in
                promise.completeWith(result.mapError { $0 })
            }
            return promise.futureResult
        }.get()
    }
}

extension ListenerToRouter.Answer {
    fileprivate var verdict: Verdict {
        get throws {
            guard case .verdict(let verdict) = self else { throw IPCError.violation("\(self)") }
            return verdict
        }
    }
}

extension Verdict {
    var isAccepted: Bool { reply == nil }
    var reply: Reply? { if case .refused(let refusal) = self { refusal.reply } else { nil } }
}

extension Receipt {
    var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
    var code: UInt16 { refusal?.reply.code ?? 250 }
}

extension LoginAnswer {
    var isGranted: Bool { if case .granted = self { true } else { false } }
    var isRefused: Bool { if case .refused = self { true } else { false } }
}

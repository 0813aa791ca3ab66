// The store's roads as the other rooms use them: the router's with a real channel, the command's by its words.

import IPC
import Mail
import NIOCore
import NIOPosix
import POP3House
import SASLClients

@testable import store

/// A router before a store.
final class RouterRoad: Sendable {
    let store: TestStore
    private let server: Server<RouterToStore>
    private let asker: Asker<RouterToStore>

    init(_ store: TestStore) async throws {
        self.store = store
        let path = try freshSocketPath()
        let servings = store.house.servings(on: store.group)
        server = Server(
            RouterToStore.self, listening: try UnixSocket.listen(path: path, mode: 0o600),
            identity: Identity(room: .store, release: "test"), rule: PeerRule(uids: [geteuid()]), on: store.group,
            log: { _ in }
        ) { _, eventLoop in RouterConversation(servings[eventLoop]) }
        try await server.start().get()
        asker = Asker(
            RouterToStore.self, path: path, identity: Identity(room: .router, release: "test"),
            on: MultiThreadedEventLoopGroup.singleton.next(), log: { _ in })
        asker.start()
        let asker = asker
        try await eventually { asker.isConnected }
    }

    func ask(_ question: RouterToStore.Question) async throws -> RouterToStore.Answer {
        try await asker.ask(question, deadline: .seconds(30)).get()
    }

    func stop() async throws {
        try await asker.close().get()
        try await server.stop().get()
        store.stop()
    }

    /// Several questions on one conversation: each answer says what is asked next, nil ends it.
    func converse(
        _ first: RouterToStore.Question, _ next: @escaping @Sendable (RouterToStore.Answer) -> RouterToStore.Question?
    ) async throws -> RouterToStore.Answer {
        let asker = asker
        return try await asker.eventLoop.flatSubmit {
            let promise = asker.eventLoop.makePromise(of: RouterToStore.Answer.self)
            do {
                let conversation = try asker.open()
                self.ask(first, next, conversation, promise)
            } catch {
                promise.fail(error)
            }
            return promise.futureResult
        }.get()
    }

    private func ask(
        _ question: RouterToStore.Question, _ next: @escaping @Sendable (RouterToStore.Answer) -> RouterToStore.Question?,
        _ conversation: Conversation<RouterToStore>, _ promise: EventLoopPromise<RouterToStore.Answer>
    ) {
        conversation.ask(question, last: false, deadline: .seconds(30)) { result in
            switch result {
            case .failure(let error): promise.fail(error)
            case .success(let answer):
                if let question = next(answer) { return self.ask(question, next, conversation, promise) }
                conversation.end()
                promise.succeed(answer)
            }
        }
    }
}

// Logins.
extension RouterRoad {
    func verify(_ user: String, _ password: String, _ service: ServiceName = .pop3) async throws -> LoginAnswer {
        let login = Login(facts: SessionHouse.facts(service), user: user, password: Secret(password))
        guard case .login(let answer) = try await ask(.verify(login)) else { throw StoreFault("another word") }
        return answer
    }

    /// Each answer to a challenge is made by the next function; more challenges are an error.
    func sasl(
        _ mechanism: String, initial: [UInt8]? = nil, service: ServiceName = .submission, binding: [UInt8]? = nil,
        _ answers: [@Sendable ([UInt8]) -> [UInt8]] = []
    ) async throws -> LoginAnswer {
        let opening = SASLOpening(
            facts: SessionHouse.facts(service), mechanism: mechanism, initial: initial.map { Secret($0) },
            channelBinding: binding)
        let left = Recorded<Int>()
        let answer = try await converse(.sasl(opening)) { answer in
            guard case .challenge(let challenge) = answer, left.all.count < answers.count else { return nil }
            left.add(1)
            return .saslResponse(Secret(answers[left.all.count - 1](challenge)))
        }
        guard case .login(let login) = answer else { throw StoreFault("a challenge too many") }
        return login
    }

    func scram(
        _ digest: SCRAMClient.Digest, _ user: String, _ password: String, plus: [UInt8]? = nil, shown: [UInt8]? = nil,
        service: ServiceName = .submission
    ) async throws -> LoginAnswer {
        @Sendable func client() -> SCRAMClient {
            var client = SCRAMClient(digest, user: user, password: password)
            if let plus { (client.header, client.bound) = ("p=tls-server-end-point,,", plus) }
            return client
        }
        let name = (digest == .sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256") + (plus == nil ? "" : "-PLUS")
        return try await sasl(
            name, initial: client().first, service: service, binding: shown ?? plus,
            [
                { challenge in
                    var client = client()
                    return client.final(answering: challenge)
                }, { _ in [] },
            ])
    }

    func plain(_ user: String, _ password: String, service: ServiceName = .submission) async throws -> LoginAnswer {
        try await sasl("PLAIN", initial: SASLClients.plain(user: user, password: password), service: service)
    }

    func cram(_ user: String, _ password: String, service: ServiceName = .submission) async throws -> LoginAnswer {
        try await sasl(
            "CRAM-MD5", service: service, [{ SASLClients.cram(user: user, password: password, challenge: $0) }])
    }
}

extension TestStore {
    /// The administrator's word, and what the store says to it.
    func command(_ question: CommandToStore.Question) async -> CommandToStore.Answer {
        let serving = house.commandServing { _, eventLoop in eventLoop.makeFailedFuture(StoreFault("no room")) }
        let eventLoop = group.next()
        return await withCheckedContinuation { continuation in
            serving.carryOut(question, on: eventLoop) { continuation.resume(returning: $0) }
        }
    }

    /// nil: done; otherwise the refusal.
    func refusal(_ question: CommandToStore.Question) async -> String? {
        switch await command(question) {
        case .done: nil
        case .refused(let because): because
        default: "another word"
        }
    }

    /// Expects that all are done.
    func carryOut(_ questions: CommandToStore.Question...) async throws {
        for question in questions {
            if let because = await refusal(question) { throw StoreFault("\(question): \(because)") }
        }
    }

    func addUser(_ address: String, _ password: String = "s3cret", legacy: [String] = []) async throws {
        let address = EmailAddress(address)!
        _ = await command(.addDomain(address.domain))
        try await carryOut(.addAccount(address, .user, password: Secret(password), legacy: legacy))
    }

    var directory: Directory { house.directory }

    func entry(_ address: String) -> LocalEntry? {
        guard case .local(let entry)? = directory.lookUp([EmailAddress(address)!]).entries.first else { return nil }
        return entry
    }
}

extension LoginAnswer {
    var grant: Grant? {
        if case .granted(let grant) = self { return grant }
        return nil
    }

    var isRefused: Bool {
        if case .refused = self { return true }
        return false
    }
}

extension String {
    var address: EmailAddress { EmailAddress(self)! }
    var range: AddressRange { AddressRange(self)! }
}

// The real libunbound against a name server of ours on the loopback.

import DNS
import Mail
import NIOCore
import NIOPosix
import Testing

@testable import delivery

@Suite struct UnboundResolverTests {
    private func resolver(_ server: NameServer, _ change: (inout UnboundResolver.Limits) -> Void = { _ in })
        -> UnboundResolver
    {
        var limits = UnboundResolver.Limits()
        change(&limits)
        return UnboundResolver(
            servers: [server.server], limits: limits, on: MultiThreadedEventLoopGroup.singleton.next())
    }

    @Test func tellsAnswersApart() async throws {
        let server = try await NameServer()
        let resolver = resolver(server)
        defer { resolver.stop() }
        server.mx("one.test", (10, "mx.one.test"), (20, "MX2.one.test"))
        server.mx("null.test", (0, ""))
        server.address("mx.one.test", "192.0.2.1", "192.0.2.2")
        server.address6("mx.one.test", "2001:db8::1")
        server.entry("empty.test", .empty)
        server.entry("broken.test", .servfail)
        server.entry("alias.test", .alias("one.test"))
        let one = await resolver.mx("one.test")
        guard case .records(let records) = one else { throw UnexpectedAnswer(one) }
        #expect(
            Set(records) == [.init(preference: 10, host: "mx.one.test"), .init(preference: 20, host: "mx2.one.test")])
        #expect(await resolver.mx("alias.test") != .noData)
        #expect(await resolver.mx("null.test") == .records([.init(preference: 0, host: "")]))
        #expect(await resolver.mx("empty.test") == .noData)
        #expect(await resolver.mx("nothing.test") == .noSuchDomain)
        guard case .temporaryFailure(let because) = await resolver.mx("broken.test") else {
            throw UnexpectedAnswer(one)
        }
        #expect(because.contains("SERVFAIL"))
        guard case .records(let addresses) = await resolver.addresses("mx.one.test") else {
            throw UnexpectedAnswer(one)
        }
        #expect(addresses.first == InternetAddress("2001:db8::1"))
        #expect(Set(addresses) == Set(["2001:db8::1", "192.0.2.1", "192.0.2.2"].map { InternetAddress($0)! }))
        #expect(await resolver.addresses("nothing.test") == .noSuchDomain)
    }

    @Test func silenceEndsWithTheDeadline() async throws {
        let server = try await NameServer()
        let resolver = resolver(server) { $0.deadline = .milliseconds(200) }
        defer { resolver.stop() }
        server.entry("silent.test", .silent)
        #expect(await resolver.mx("silent.test") == .temporaryFailure(because: "the DNS gave no answer in time"))
    }

    @Test func questionsAreLimited() async throws {
        let server = try await NameServer()
        let resolver = resolver(server) {
            $0.deadline = .milliseconds(500)
            $0.questions = 3
        }
        defer { resolver.stop() }
        server.entry("silent.test", .silent)
        let refusals = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    await resolver.mx("silent.test") == .temporaryFailure(because: "more than 3 DNS questions are open")
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(refusals == 2)
        #expect(await resolver.mx("nothing.test") == .noSuchDomain)
    }

    @Test func stoppingAnswersEverybody() async throws {
        let server = try await NameServer()
        let resolver = resolver(server)
        server.entry("silent.test", .silent)
        async let open = resolver.mx("silent.test")
        while !server.asked.contains("silent.test 15") { try await Task.sleep(for: .milliseconds(5)) }
        resolver.stop()
        guard case .temporaryFailure = await open else { throw UnexpectedAnswer(await open) }
        guard case .temporaryFailure = await resolver.mx("any.test") else { throw UnexpectedAnswer(await open) }
    }

    @Test func aCancelledTaskGetsItsAnswerAtOnce() async throws {
        let server = try await NameServer()
        let resolver = resolver(server)
        defer { resolver.stop() }
        server.entry("silent.test", .silent)
        let task = Task { await resolver.mx("silent.test") }
        while !server.asked.contains("silent.test 15") { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        #expect(await task.value == .temporaryFailure(because: "the question was cancelled"))
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("127.0.0.1:5353", "127.0.0.1@5353"), ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:53", "2001:db8::1@53"), ("dns.test", nil), ("127.0.0.1:0", nil), ("127.0.0.1:70000", nil),
        ("", nil),
    ])
    func writesTargets(text: String, target: String?) {
        #expect(UnboundContext.target(text) == target)
    }
}

struct UnexpectedAnswer: Error, CustomStringConvertible {
    let description: String
    init(_ answer: some Sendable) { description = "unexpected: \(answer)" }
}

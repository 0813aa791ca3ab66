// Rooms that answer the command as a test tells them to, at the real sockets of a house of their own.

import ArgumentParser
import Door
import Foundation
import IPC
import Mail
import NIOCore
import NIOPosix
import Synchronization

@testable import postern

/// Keeps every question it hears, as JSON in one line.
final class FakeRoom<E: Edge>: Sendable {
    typealias Reply = @Sendable (E.Question) -> E.Answer
    private let server: Server<E>
    private let heard: Heard

    final class Heard: Sendable {
        private let lines = Mutex<[String]>([])
        func note(_ question: E.Question) {
            let line = (try? json(question).split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.joined())
            lines.withLock { $0.append(line ?? "") }
        }
        var all: [String] { lines.withLock { $0 } }
    }

    init(_ edge: E.Type, at path: String, reply: @escaping Reply) async throws {
        let heard = Heard()
        self.heard = heard
        server = Server(
            E.self, listening: try UnixSocket.listen(path: path, mode: 0o600),
            identity: Identity(room: E.server, release: release), rule: PeerRule(uids: [getuid()]),
            on: MultiThreadedEventLoopGroup.singleton, log: { _ in }
        ) { _, _ in FakeConversation<E>(heard, reply) }
        try await server.start().get()
    }

    var questions: [String] { heard.all }

    func stop() async throws { try await server.stop().get() }
}

private final class FakeConversation<E: Edge>: Conversing {
    private let heard: FakeRoom<E>.Heard
    private let reply: FakeRoom<E>.Reply

    init(_ heard: FakeRoom<E>.Heard, _ reply: @escaping FakeRoom<E>.Reply) {
        self.heard = heard
        self.reply = reply
    }

    func question(_ question: E.Question, in exchange: Exchange<E>) {
        heard.note(question)
        exchange.answer(reply(question))
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<E>) { exchange.consumed(bytes.readableBytes) }
    func ended(in exchange: Exchange<E>) {}
    func cancelled() {}
}

/// A house with a store and a router, and nobody else.
struct FakeHouse {
    private let folder: String
    let store: FakeRoom<CommandToStore>
    let router: FakeRoom<CommandToRouter>
    var settings: String { "\(folder)/postern.toml" }

    init(
        relay: String = "", store: @escaping FakeRoom<CommandToStore>.Reply = { _ in .done },
        router: @escaping FakeRoom<CommandToRouter>.Reply = { _ in .done }
    ) async throws {
        folder = "/tmp/postern-\(UInt32.random(in: 0 ... .max))"
        let roads = Roads(runtime: "\(folder)/run")
        try FileManager.default.createDirectory(atPath: roads.controls, withIntermediateDirectories: true)
        self.store = try await FakeRoom(CommandToStore.self, at: roads.control(.store), reply: store)
        self.router = try await FakeRoom(CommandToRouter.self, at: roads.control(.router), reply: router)
        let text = "[server]\nhostname = \"mail.a.org\"\nstate = \"\(folder)\"\n[relay]\n\(relay)\n"
        try text.write(toFile: settings, atomically: true, encoding: .utf8)
    }

    /// Runs one command line as `main` does.
    func run(_ line: String) async throws {
        let words = line.split(separator: " ").map(String.init)
        guard var command = try Postern.parseAsRoot(words + ["--config", settings]) as? any AsyncParsableCommand else {
            throw Failure("\(line) asks no room")
        }
        try await command.run()
    }

    var option: SettingsOption {
        get throws { try SettingsOption.parse(["--config", settings]) }
    }

    func close() async throws {
        try await store.stop()
        try await router.stop()
        try FileManager.default.removeItem(atPath: folder)
    }
}

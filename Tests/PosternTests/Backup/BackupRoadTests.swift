// The command's words of a backup on a real socket: content with its answers, refusals, and a store that goes away. (2.9)

import ArgumentParser
import Crypto
import Door
import Foundation
import IPC
import Mail
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import postern

/// A store of two files behind its control socket.
final class BackupRoom: Sendable {
    static let files: [StoreFile: [UInt8]] = [
        .index: Array("the index".utf8), StoreFile(.segment, 1): [UInt8](repeating: 7, count: 3 << 20),
    ]
    private let folder: String
    private let server: Server<CommandToStore>
    private let heard = Heard()

    /// - Parameter refusal: instead of the snapshot; "" ends the conversation in the middle of content.
    init(refusal: String? = nil, missing: Int = 0) async throws {
        folder = "/tmp/postern-\(UInt32.random(in: 0 ... .max))"
        let roads = Roads(runtime: "\(folder)/run")
        try FileManager.default.createDirectory(atPath: roads.controls, withIntermediateDirectories: true)
        try "[server]\nhostname = \"mail.a.org\"\nstate = \"\(folder)\"\n".write(
            toFile: "\(folder)/postern.toml", atomically: true, encoding: .utf8)
        let heard = heard
        server = Server(
            CommandToStore.self, listening: try UnixSocket.listen(path: roads.control(.store), mode: 0o600),
            identity: Identity(room: .store, release: release), rule: PeerRule(uids: [getuid()]),
            on: MultiThreadedEventLoopGroup.singleton, log: { _ in }
        ) { _, _ in BackupRoomConversation(heard, refusal, missing) }
        try await server.start().get()
    }

    final class Heard: Sendable {
        let words = Mutex<[String]>([])
        func note(_ word: String) { words.withLock { $0.append(word) } }
    }

    var words: [String] { heard.words.withLock { $0 } }

    var backup: String { "\(folder)/backup" }

    func run(_ line: String) async throws {
        let words = line.split(separator: " ").map(String.init) + ["--config", "\(folder)/postern.toml"]
        guard var command = try Postern.parseAsRoot(words) as? any AsyncParsableCommand else { throw Failure("no room") }
        try await command.run()
    }

    func stop() async throws {
        try await server.stop().get()
        try FileManager.default.removeItem(atPath: folder)
    }
}

private final class BackupRoomConversation: Conversing {
    private let heard: BackupRoom.Heard
    private let refusal: String?
    private let missing: Int

    init(_ heard: BackupRoom.Heard, _ refusal: String?, _ missing: Int) {
        self.heard = heard
        self.refusal = refusal
        self.missing = missing
    }

    func question(_ question: CommandToStore.Question, in exchange: Exchange<CommandToStore>) {
        guard case .backup(let question) = question else { return exchange.answer(.refused("not that")) }
        switch question {
        case .begin:
            heard.note("begin")
            if let refusal, !refusal.isEmpty { return exchange.answer(.refused(refusal)) }
            exchange.answer(
                .backup(
                    .begun(
                        BackupBegun(
                            store: "a", files: 2, octets: 9 + 3 << 20, messages: 1,
                            missing: (0..<missing).map { "large/\($0)" }, missingCount: missing))))
        case .list:
            let files = BackupRoom.files.keys.sorted()
            exchange.answer(
                .backup(
                    .files(
                        files.map { ListedFile(file: $0, length: UInt64(BackupRoom.files[$0]?.count ?? 0), stamp: "s") })))
        case .read(let file, let from, let count):
            heard.note("read \(file.path)")
            let bytes = BackupRoom.files[file]?.dropFirst(Int(from)).prefix(Int(count)) ?? []
            exchange.send(ByteBuffer(bytes: bytes))
            if refusal == "", file != .index { return exchange.cancel() }
            exchange.answer(.backup(.read(octets: UInt64(bytes.count))))
        case .sum: exchange.answer(.backup(.sum([])))
        case .end:
            heard.note("end")
            exchange.answer(.backup(.ended))
        }
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<CommandToStore>) { exchange.consumed(bytes.readableBytes) }
    func ended(in exchange: Exchange<CommandToStore>) { heard.note("ended") }
    func cancelled() {}
}

@Suite struct BackupRoadTests {
    private func house(
        refusal: String? = nil, missing: Int = 0, _ body: (BackupRoom) async throws -> Void
    ) async throws {
        let room = try await BackupRoom(refusal: refusal, missing: missing)
        do {
            try await body(room)
        } catch {
            try await room.stop()
            throw error
        }
        try await room.stop()
    }

    @Test(arguments: ["", " --rate 100MB", " --quiet", " --json", " --full"])
    func theWholeWay(options: String) async throws {
        try await house { room in
            try await room.run("backup \(room.backup)\(options)")
            let (_, manifest) = try BackupFolder.existing(room.backup)
            for entry in manifest.files {
                let file = try #require(StoreFile(path: entry.file))
                let bytes = try #require(BackupRoom.files[file])
                #expect(try Data(contentsOf: URL(filePath: "\(room.backup)/\(entry.path)")) == Data(bytes))
                #expect(entry.sha256 == hexadecimal(SHA256.hash(data: bytes)))
            }
            #expect(room.words == ["begin", "read index.sqlite", "read segments/0000000000000001.seg", "end", "ended"])
        }
    }

    @Test func aRateIsKept() async throws {
        try await house { room in
            let start = ContinuousClock.now
            try await room.run("backup \(room.backup) --rate 4MB --quiet")
            // 3 MB, of which the last window need not be waited for.
            #expect(ContinuousClock.now - start >= .milliseconds(250))
        }
    }

    @Test func aRefusalIsTheStoresOwnSentence() async throws {
        try await house(refusal: "another backup runs: wait") { room in
            let failure = await #expect(throws: Failure.self) { try await room.run("backup \(room.backup)") }
            #expect(failure?.description == "another backup runs: wait")
            let folder = try BackupFolder(room.backup)
            #expect(folder.manifest == nil)
        }
    }

    @Test func aStoreThatGoesAwayLeavesWhatIsThere() async throws {
        try await house { room in
            try await room.run("backup \(room.backup) --quiet")
        }
        try await house(refusal: "") { room in
            let failure = await #expect(throws: Failure.self) { try await room.run("backup \(room.backup)") }
            #expect(failure?.description.contains("run it again to continue") == true)
            #expect(throws: Failure.self) { try BackupFolder.existing(room.backup) }
        }
    }

    @Test func missingFilesAreSaidAfterTheBackupIsMade() async throws {
        try await house(missing: 2) { room in
            let code = await #expect(throws: ExitCode.self) { try await room.run("backup \(room.backup) --quiet") }
            #expect(code?.rawValue == 1)
            let made = try BackupFolder.existing(room.backup).manifest
            #expect(made.missing == ["large/0", "large/1"])
        }
    }

    @Test func noHouse() async throws {
        let room = try await BackupRoom()
        try FileManager.default.removeItem(atPath: room.backup.replacing("/backup", with: "/run/control/store.sock"))
        let failure = await #expect(throws: Failure.self) { try await room.run("backup \(room.backup)") }
        #expect(failure?.description.contains("is the house running?") == true)
        try await room.stop()
    }

    @Test(arguments: [
        "backup", "backup /x --rate 1kB", "backup /x /y", "backup verify", "restore", "restore --from", "restore /x",
    ])
    func wrongUsage(line: String) {
        let words = line.split(separator: " ").map(String.init)
        #expect(throws: (any Error).self) { try Postern.parseAsRoot(words) }
    }

    @Test func aFolderWithoutABackupIsNotRestored() async throws {
        try await house { room in
            for line in ["restore --from \(room.backup)", "restore --from /nowhere"] {
                let failure = await #expect(throws: Failure.self) { try await room.run(line) }
                #expect(failure?.description.contains("it is no backup") == true)
            }
        }
    }
}

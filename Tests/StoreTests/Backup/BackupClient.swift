// The command's side of a backup for tests: on a real channel, into a folder; and the way back through a pipe.

import Crypto
import Glibc
import IPC
import Mail
import NIOCore
import NIOPosix
import POP3House
import Synchronization

@testable import store

/// One conversation with the store's command socket.
final class BackupClient: @unchecked Sendable {
    // Unchecked: `conversation` is only touched on the loop.
    let store: TestStore
    private let road: CommandRoad
    private var asker: Asker<CommandToStore> { road.asker }
    private var conversation: Conversation<CommandToStore>?
    private let content = Mutex<[UInt8]>([])

    init(_ store: TestStore) async throws {
        self.store = store
        road = try await CommandRoad(store)
        try await begin()
    }

    /// A new conversation; the one before stays as it is.
    func begin() async throws {
        try await asker.eventLoop.submit { [self] in
            let new = try asker.open()
            new.onContent = { [self, weak new] bytes in
                content.withLock { $0 += bytes.readableBytesView }
                new?.consumed(bytes.readableBytes)
            }
            conversation = new
        }.get()
    }

    /// Throws what the store refuses.
    func ask(_ question: BackupQuestion, last: Bool = false) async throws -> BackupAnswer {
        let answer = try await asker.eventLoop.flatSubmit { [self] in
            let promise = asker.eventLoop.makePromise(of: CommandToStore.Answer.self)
            conversation?.ask(.backup(question), last: last, deadline: .seconds(60)) { promise.completeWith($0.mapError { $0 }) }
            return promise.futureResult
        }.get()
        switch answer {
        case .backup(let answer): return answer
        case .refused(let because): throw StoreFault(because)
        default: throw StoreFault("another word")
        }
    }

    func beginBackup() async throws -> BackupBegun {
        guard case .begun(let begun) = try await ask(.begin) else { throw StoreFault("not begun") }
        return begun
    }

    func list() async throws -> [ListedFile] {
        guard case .files(let files) = try await ask(.list(from: 0)) else { throw StoreFault("no list") }
        return files
    }

    func read(_ file: StoreFile, from: UInt64 = 0, _ count: UInt64) async throws -> [UInt8] {
        content.withLock { $0 = [] }
        guard case .read(count) = try await ask(.read(file, from: from, count: count)) else { throw StoreFault("no content") }
        return content.withLock { $0 }
    }

    func sum(_ file: StoreFile, _ count: UInt64) async throws -> [UInt8] {
        guard case .sum(let sum) = try await ask(.sum(file, count: count)) else { throw StoreFault("no sum") }
        return sum
    }

    func end() async throws { guard case .ended = try await ask(.end, last: true) else { throw StoreFault("not ended") } }

    func cancel() async throws { try await asker.eventLoop.submit { [self] in conversation?.cancel() }.get() }

    /// Everything of one moment, in memory.
    func take() async throws -> TakenBackup {
        _ = try await beginBackup()
        var taken: [StoreFile: [UInt8]] = [:]
        for listed in try await list() {
            var bytes: [UInt8] = []
            while bytes.count < Int(listed.length) {
                let count = min(listed.length - UInt64(bytes.count), BackupLimits.piece)
                bytes += try await read(listed.file, from: UInt64(bytes.count), count)
            }
            taken[listed.file] = bytes
        }
        try await end()
        return TakenBackup(files: taken)
    }

    func stop() async throws { try await road.stop() }
}

struct TakenBackup {
    var files: [StoreFile: [UInt8]]

    /// As the command sends it.
    /// - Parameter isWhole: whether the end is said.
    func stream(isWhole: Bool = true) -> [UInt8] {
        var bytes: [UInt8] = []
        for (file, content) in files.sorted(by: { $0.key < $1.key }) {
            bytes += RestoreHead(file, length: UInt64(content.count)).bytes + content
        }
        return isWhole ? bytes + RestoreHead(nil).bytes : bytes
    }

    /// In a file, for a process of its own.
    func save(_ path: String, isWhole: Bool = true) throws {
        let file = try OpenFile(path, flags: O_WRONLY | O_CREAT | O_TRUNC)
        let error = stream(isWhole: isWhole).withUnsafeBytes {
            DiskCalls.system.write(
                file.descriptor, [iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)], 0)
        }
        guard error == 0 else { throw DiskError("write", path, error) }
    }

    /// Into a folder as a backup has it; returns the list for `check-backup`.
    func lay(_ folder: String) throws -> String {
        for part in ["", "/segments", "/large"] { try Folder.make(folder + part) }
        var lines = ""
        for (file, content) in files {
            let made = try OpenFile("\(folder)/\(file.path)", flags: O_WRONLY | O_CREAT | O_TRUNC)
            guard content.isEmpty || write(made.descriptor, content, content.count) == content.count else {
                throw DiskError("write", made.path)
            }
            lines += "\(file.path) \(file.path) \(content.count)\n"
        }
        return lines
    }
}

extension StoreRestore {
    /// From a file that has a stream.
    static func run(_ folder: TestFolder, _ stream: String, replaces: Bool = false, now: Int64 = 1_800_000_000_000) throws
        -> RestoreReport
    {
        let home = "\(folder.path)/store"
        try Folder.make(home)
        let input = try OpenFile(stream, flags: O_RDONLY)
        return try StoreRestore(home: home, now: now).run(input.descriptor, replaces: replaces)
    }
}

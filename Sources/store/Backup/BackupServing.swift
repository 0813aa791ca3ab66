// Serves backups: one at a time, each within one conversation, and nothing stays held behind it.

import Crypto
import Glibc
import IPC
import NIOCore
import NIOPosix

/// Shared by all conversations.
final class BackupServing: Sendable {
    let sources: BackupSources
    let files: NIOThreadPool
    let pin: BackupPin
    private let log: @Sendable (StoreEvent) -> Void

    init(
        _ sources: BackupSources, pin: BackupPin, files: NIOThreadPool, log: @escaping @Sendable (StoreEvent) -> Void
    ) {
        self.sources = sources
        self.pin = pin
        self.files = files
        self.log = log
    }

    /// Takes a snapshot on a thread of its own. Whoever gets one must `end` it. `answer` is called on that thread.
    func begin(_ answer: @escaping @Sendable (Result<BackupContents, StoreFault>) -> Void) {
        guard pin.hold() else {
            return answer(.failure(StoreFault("another backup runs: wait until it is done, or end its command")))
        }
        _ = RoomThread("store-backup") { [self] in
            do {
                let contents = try sources.take()
                log(.backupBegun(contents.begun))
                answer(.success(contents))
            } catch {
                let fault = StoreFault("no snapshot of the index can be taken: \(error)")
                end(since: sources.now(), because: "\(fault)")
                answer(.failure(fault))
            }
        }
    }

    /// S2,S3→S1.
    /// - Parameters:
    ///   - since: milliseconds since 1970.
    ///   - because: why before its end; nil: it is done.
    func end(since: Int64, because: String?) {
        BackupSources.removeSnapshot(sources.home)
        pin.release(sources.disk)
        log(because.map { .backupGivenUp(because: $0) } ?? .backupFinished(milliseconds: max(0, sources.now() - since)))
    }

    /// SHA-256 of the first octets. Blocks.
    func sum(_ file: StoreFile, _ count: UInt64) throws -> [UInt8] {
        let open = try OpenFile(sources.path(file), flags: O_RDONLY)
        var digest = SHA256()
        var offset: UInt64 = 0
        while offset < count {
            let bytes = try open.bytes(from: offset, Int(min(count - offset, 1 << 20)))
            guard !bytes.isEmpty else { throw StoreFault("\(open.path): became shorter") }
            digest.update(data: bytes)
            offset += UInt64(bytes.count)
        }
        return Array(digest.finalize())
    }
}

/// The backup of one conversation. Confined to its event loop.
final class BackupTalk {
    private enum State {
        case idle
        case beginning
        case running(BackupContents)
        case over
    }

    private let serving: BackupServing
    private var state = State.idle
    private var reading: BackupReading?
    private var patience: Scheduled<Void>?
    /// No question will come any more.
    private var isLast = false

    init(_ serving: BackupServing) { self.serving = serving }

    func question(_ question: BackupQuestion, in exchange: Exchange<CommandToStore>) {
        wait(in: exchange)
        switch (question, state) {
        case (.begin, .idle): begin(in: exchange)
        case (.end, .running):
            exchange.answer(.backup(.ended))
            over(because: nil)
        case (.list(let from), .running(let contents)):
            let page = contents.files.dropFirst(max(0, from)).prefix(BackupLimits.page)
            exchange.answer(.backup(.files(Array(page))))
        case (.read(let file, let from, let count), .running(let contents)) where reading == nil:
            guard count <= BackupLimits.piece, contained(file, from, count, contents) else { return unlisted(file, exchange) }
            read(file, from, count, in: exchange)
        case (.sum(let file, let count), .running(let contents)):
            guard contained(file, 0, count, contents) else { return unlisted(file, exchange) }
            sum(file, count, in: exchange)
        default: exchange.answer(.refused("this is not the time for that word of a backup"))
        }
    }

    /// What was asked is still answered.
    func ended() {
        isLast = true
        if case .running = state, reading == nil { over() }
    }

    private static let gone = "its command went away"

    /// The conversation has ended, or will not go on.
    /// - Parameter because: nil: all was said.
    func over(because: String? = BackupTalk.gone) {
        patience?.cancel()
        reading?.stop()
        reading = nil
        if case .running(let contents) = state { serving.end(since: contents.begunAt, because: because) }
        state = .over
    }

    private func contained(_ file: StoreFile, _ from: UInt64, _ count: UInt64, _ contents: BackupContents) -> Bool {
        guard let length = contents.length(of: file) else { return false }
        return from <= length && count <= length - from
    }

    private func unlisted(_ file: StoreFile, _ exchange: Exchange<CommandToStore>) {
        exchange.answer(.refused("\(file.path) is not of this backup, or shorter"))
    }

    /// Who is stopped for ever must not hold files for ever.
    private func wait(in exchange: Exchange<CommandToStore>) {
        patience?.cancel()
        patience = exchange.eventLoop.assumeIsolated().scheduleTask(in: .seconds(BackupLimits.idle)) { [self] in
            over(because: "nothing was asked for \(BackupLimits.idle) seconds")
            exchange.cancel()
        }
    }
}

// The words that take a while.
extension BackupTalk {
    private func begin(in exchange: Exchange<CommandToStore>) {
        state = .beginning
        serving.begin(
            exchange.hop { [self] result in
                switch (result, state) {
                case (.success(let contents), .beginning):
                    state = .running(contents)
                    exchange.answer(.backup(.begun(contents.begun)))
                    if isLast { over() }
                case (.success(let contents), _): serving.end(since: contents.begunAt, because: Self.gone)
                case (.failure(let fault), _):
                    if case .beginning = state { state = .idle }
                    exchange.answer(.refused("\(fault)"))
                }
            })
    }

    private func read(
        _ file: StoreFile, _ from: UInt64, _ count: UInt64, in exchange: Exchange<CommandToStore>
    ) {
        let new = BackupReading(serving.sources.path(file), from..<from + count, serving.files, exchange) { [self] result in
            reading = nil
            defer { if isLast { over() } }
            switch result {
            case .success: exchange.answer(.backup(.read(octets: count)))
            case .failure(let fault): exchange.answer(.refused("\(fault)"))
            }
        }
        reading = new
        new.start()
    }

    private func sum(_ file: StoreFile, _ count: UInt64, in exchange: Exchange<CommandToStore>) {
        let answer: @Sendable (CommandToStore.Answer) -> Void = exchange.hop { exchange.answer($0) }
        serving.files.submit { [serving] _ in
            do { answer(.backup(.sum(try serving.sum(file, count)))) } catch {
                answer(.refused("\(file.path) cannot be read: \(error)"))
            }
        }
    }
}

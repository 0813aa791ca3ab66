// A store on a folder of its own, with the clock, the disk and the ids of the test.

import Glibc
import IPC
import Mail
import NIOCore
import NIOPosix
import Settings
import Synchronization
import Testing

@testable import store

/// Collects what is said from any thread.
final class Recorded<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    func add(_ element: Element) { elements.withLock { $0.append(element) } }

    var all: [Element] { elements.withLock { $0 } }
}

/// A clock that only the test moves. Milliseconds.
final class TestClock: Sendable {
    private let time: Mutex<Int64>

    init(_ time: Int64 = 1_700_000_000_000) { self.time = Mutex(time) }

    var now: Int64 { time.withLock { $0 } }

    func advance(seconds: Int64) { time.withLock { $0 += seconds * 1000 } }
}

/// A folder that is gone with its owner.
final class TestFolder: Sendable {
    let path: String
    /// Where the memory engine keeps what survives a restart.
    let disk = MemoryDisk()
    private let isKept: Bool

    /// Somebody else's: it stays.
    init(kept path: String) {
        self.path = path
        isKept = true
    }

    init() {
        isKept = false
        var name = Array("/var/tmp/store-test-XXXXXX".utf8CString)
        precondition(mkdtemp(&name) != nil)
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { if !isKept { Self.remove(path) } }

    private static func remove(_ path: String) {
        for name in (try? Folder.names(path)) ?? [] {
            let inner = "\(path)/\(name)"
            if unlink(inner) != 0 { remove(inner) }
        }
        rmdir(path)
    }
}

final class TestStore: Sendable {
    let folder: TestFolder
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let house: Household
    let clock: TestClock
    let events = Recorded<StoreEvent>()
    let engine: TestEngine

    static let settings = """
        [server]
        hostname = "mail.example.test"
        state = "STATE"

        """

    /// - Parameter more: lines of a settings file.
    init(
        _ folder: TestFolder = TestFolder(), clock: TestClock = TestClock(), options: StoreOptions = .quick,
        more: String = "", engine: TestEngine = .current
    ) throws {
        self.folder = folder
        self.clock = clock
        self.engine = engine
        var options = options
        options.engine = engine.engine(on: folder.disk)
        let text = Self.settings.replacingState(folder.path) + more
        let settings = try StoreSettings(try Settings.parse(text, file: "test"))
        let events = events
        house = try Household(
            settings, options: options, on: group, now: { clock.now }, log: { events.add($0) })
        house.writer.start()
    }

    func stop() {
        house.stop()
        try? group.syncShutdownGracefully()
    }

    /// Stops, and opens the same folder again.
    func reopened(options: StoreOptions = .quick, more: String = "") throws -> TestStore {
        stop()
        return try TestStore(folder, clock: clock, options: options, more: more, engine: engine)
    }

    /// Past the directory in memory, in a domain that is made if it is not there.
    @discardableResult
    func account(_ name: String, _ kind: AccountKind = .user) -> LocalPlacement {
        let address = EmailAddress(name)!
        let nobodys = KeptPassword(hash: "*", verifiers: [])
        let results = house.database.commitAndWait([
            .directory(.addDomain(address.domain), at: clock.now),
            .directory(.addAccount(address, kind, nobodys), at: clock.now),
        ])
        guard case .directory(.account(let id, _, _, _))? = results.last else {
            preconditionFailure("\(name) cannot be added")
        }
        return LocalPlacement(recipient: address, account: id)
    }

    func ingest(_ plan: Plan, _ text: String = "Subject: a\r\n\r\nbody\r\n") async -> Receipt {
        let content = ByteBuffer(string: text)
        return await submit(plan, .pieces([content], count: content.readableBytes))
    }

    func submit(_ plan: Plan, _ content: Incoming.Content) async -> Receipt {
        await withCheckedContinuation { continuation in
            house.writer.submit(
                Incoming(plan, content, on: group.next()) { continuation.resume(returning: $0) })
        }
    }

    /// Ingests and expects that it is taken.
    func accept(_ plan: Plan, _ text: String = "Subject: a\r\n\r\nbody\r\n") async throws -> SpoolID {
        guard case .accepted(let spool) = await ingest(plan, text) else {
            throw StoreFault("the message was refused")
        }
        return spool
    }

    /// With its content in a file of its own.
    func acceptLarge(_ plan: Plan, number: UInt64 = 1, octets: Int = 300_000) async throws -> SpoolID {
        let file = try ContentFile("\(folder.path)/store/large", number: number, disk: .system)
        try file.append([ByteBuffer(repeating: 0x41, count: octets)])
        try file.seal()
        return try #require(await submit(plan, .ownFile(file)).spool)
    }

    func audit() async throws -> Audit { try await house.database.audit() }

    /// Damaged messages among all.
    func verify() throws -> [String] {
        let check = SpoolCheck(database: house.database, reader: house.reader)
        var damaged: [String] = []
        var after: SpoolID?
        while true {
            let page = try check.page(after: after)
            damaged += page.damaged
            guard let next = page.next else { return damaged }
            after = next
        }
    }

    func text(_ spool: SpoolID) async throws -> String {
        let location = try #require(try await house.database.location(of: spool))
        return String(buffer: try house.reader.read(location, spool).local)
    }
}

extension StoreOptions {
    /// Hashes at the lowest cost.
    static var quick: StoreOptions {
        var options = StoreOptions()
        options.hashes.cost = 1
        return options
    }
}

extension Plan {
    /// To local accounts and to others.
    static func to(
        _ placements: [LocalPlacement] = [], relays: [String] = [], sender: String? = "sender@remote.test",
        parameters: SenderParameters = SenderParameters(), key: String? = nil
    ) -> Plan {
        Plan(
            trace: TraceID(high: 1, low: 2), sender: sender.flatMap { EmailAddress($0) },
            localHeader: Array("Return-Path: <>\r\n".utf8), header: Array("Received: by test\r\n".utf8),
            placements: placements, relays: relays.map { RelayedRecipient(EmailAddress($0)!) }, parameters: parameters,
            idempotencyKey: key)
    }
}

extension Receipt {
    var spool: SpoolID? {
        if case .accepted(let spool) = self { return spool }
        return nil
    }

    var code: UInt16? {
        if case .refused(let refusal) = self { return refusal.reply.code }
        return nil
    }
}

extension String {
    fileprivate func replacingState(_ path: String) -> String {
        split(separator: "STATE", omittingEmptySubsequences: false).joined(separator: path)
    }
}

/// Waits for something that another thread does; a minute at most.
func eventually(_ condition: @Sendable () async throws -> Bool) async throws {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(60)
    while try await !condition() {
        guard clock.now < end else { throw StoreFault("it did not happen within a minute") }
        await Task.yield()
    }
}

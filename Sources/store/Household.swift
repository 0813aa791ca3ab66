// Everything the store is made of, put together in the order in which it can be: disk, index, recovery, then the rest.

import Glibc
import IPC
import Mail
import NIOCore
import NIOPosix
import SASL
import Settings

/// The state directory cannot be used; one sentence.
package struct StoreFault: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The parts of a running store, without its sockets.
package final class Household: Sendable {
    package let eventLoop: any EventLoop
    package let database: any Database
    package let reader: SpoolReader
    package let writer: SegmentWriter
    package let contents: ContentFiles
    package let queue: Queue
    package let directory: Directory
    package let authentication: Authentication
    package let hashes: PasswordHashes
    package let inboxes: InboxAccess
    package let pace: LoginPace
    package let holders = MaildropHolders()
    package let files: NIOThreadPool
    package let recovery: RecoveryReport
    package let upkeep: Upkeep
    private let upkeepLimits: UpkeepLimits
    private let logins: LoginSurroundings
    private let memory: UploadMemory
    private let inMemory: Int
    private let largestAppended: UInt64
    let backups: BackupServing
    private let gauge: DiskGauge
    private let lock: OpenFile
    private let now: @Sendable () -> Int64
    private let log: @Sendable (StoreEvent) -> Void

    /// Blocks until everything is recovered. The writer is not started.
    package init(
        _ settings: StoreSettings, options: StoreOptions, on group: any EventLoopGroup,
        now: @escaping @Sendable () -> Int64, log: @escaping @Sendable (StoreEvent) -> Void
    ) throws {
        let home = settings.state + "/store"
        self.log = log
        self.now = now
        eventLoop = group.next()
        try Folder.make(home)
        lock = try Self.lock("\(home)/lock")
        let folder = try SegmentFolder("\(home)/segments", disk: options.disk)
        try RestoredStore.mustBeWhole(home)
        BackupSources.removeSnapshot(home)
        try Self.mustHaveIndex(options.engine, home, folder)
        files = NIOThreadPool(numberOfThreads: 4)
        files.start()
        let database = try options.engine.open(
            Engine.Surroundings(home: home, readers: files, quotaGrace: Int64(settings.quotaGrace), log: log))
        self.database = database
        let limits = options.spool.with(settings)
        try Self.beginVersion(database)
        let loaded = try database.load()
        let recovered = try Recovery(
            database: database, folder: folder, ownFiles: "\(home)/large", limits: limits, log: log
        ).run(loaded)
        recovery = recovered.report
        let gauge = DiskGauge(home, reserve: limits.reserve, disk: options.disk, log: log)
        self.gauge = gauge
        reader = SpoolReader(folder, ownFiles: "\(home)/large", database: database)
        contents = ContentFiles(
            "\(home)/large", first: recovered.firstFile, threads: files, disk: options.disk, gauge: gauge)
        let directory = Directory(
            loaded.directory, version: loaded.directoryVersion, database: database, on: eventLoop, now: now)
        self.directory = directory
        database.watchQuotas { news in
            directory.learn(news)
            for step in news.compactMap(\.step) { log(.quotaCrossed(step)) }
        }
        let queue = Queue(
            loaded.queue, limits: options.queue, firstLease: loaded.firstSpool.rawValue << 20, database: database,
            transport: { directory.transport(of: $0) }, on: eventLoop, now: now, log: log)
        self.queue = queue
        let writer = SegmentWriter(
            folder, start: recovered.start, limits: limits, gauge: gauge,
            around: SpoolSurroundings(
                database: database, disk: options.disk, now: now, log: log, accepted: { queue.add($0) }))
        self.writer = writer
        upkeepLimits = options.upkeep
        let pin = BackupPin()
        upkeep = Upkeep(
            UpkeepSpool(
                folder: folder, reader: reader, ownFiles: "\(home)/large", limits: limits, disk: options.disk,
                writing: { writer.segment }, pin: pin),
            database: database, limits: options.upkeep.with(settings), now: now, log: log)
        let iterations = settings.iterations
        let vault = try PasswordVault(home)
        hashes = PasswordHashes(options.hashes.with(iterations: iterations), vault: vault)
        authentication = Authentication(
            directory: directory, database: database, hashes: hashes, tickets: Tickets(now: now), vault: vault, now: now,
            log: log)
        logins = LoginSurroundings(
            authentication: authentication, hostname: settings.hostname, decoy: loaded.decoy, iterations: iterations,
            allowsNTLMv1: settings.ntlmVersion1, now: now)
        inboxes = InboxAccess(database: database, reader: reader, files: files, now: now, log: log)
        pace = LoginPace(now: now)
        pace.set(settings.loginDelay)
        holders.set(settings.takeOver)
        memory = UploadMemory(limit: options.memory)
        inMemory = limits.inSegment
        largestAppended = options.largestAppended
        backups = BackupServing(
            BackupSources(
                home: home, folder: folder, database: database, disk: options.disk, reserve: limits.reserve, now: now),
            pin: pin, files: files, log: log)
        try authentication.setRelayLogin(settings.relayLogin)
    }

    /// What others know of the last run's directory, they ask for again: a login of the settings is no row of it.
    private static func beginVersion(_ database: any Database) throws(DatabaseError) {
        if case .failed(let error) = database.commitAndWait([.directory(.touch, at: 0)])[0] { throw error }
    }

    /// Takes what can change without a restart: the single login, the time between logins, and how the
    /// housework is done. Blocks.
    package func reload(_ settings: StoreSettings) throws {
        try authentication.setRelayLogin(settings.relayLogin)
        upkeep.reload(upkeepLimits.with(settings))
        pace.set(settings.loginDelay)
        holders.set(settings.takeOver)
    }

    /// An empty index would have nothing of the segments, and recovery would drop them all.
    private static func mustHaveIndex(_ engine: Engine, _ home: String, _ folder: SegmentFolder) throws {
        guard !engine.isThere(home), try !folder.numbers().isEmpty else { return }
        throw StoreFault(
            "\(home)/\(engine.name) is missing and there is mail: bring it back, or make it anew (postern-store rebuild-index)")
    }

    /// One store per directory: two writers would tear it.
    static func lock(_ path: String) throws -> OpenFile {
        let file = try OpenFile(path, flags: O_RDWR | O_CREAT)
        guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw StoreFault("\(path): another store works on this directory")
        }
        return file
    }

    /// Finishes what waits and closes. Blocks.
    package func stop() {
        queue.stop()
        directory.stop()
        upkeep.stop()
        writer.stop()
        hashes.stop()
        database.close()
        try? files.syncShutdownGracefully()
        flock(lock.descriptor, LOCK_UN)
    }

    package var figures: [Figure] {
        writer.figures + upkeep.figures + queue.figures + directory.figures + [
            Figure("octets-under-way", Int64(memory.octets)),
            Figure("copied-percent", Int64(clamping: upkeep.octetsCopied * 100 / max(1, writer.octetsWritten))),
        ]
    }

    func servings(on group: any EventLoopGroup) -> RouterServings {
        RouterServings(
            group.makeIterator().map { eventLoop in
                let uploads = UploadSurroundings(
                    memory: memory, files: contents, inMemory: inMemory, on: eventLoop)
                return RouterServing(
                    directory: directory, logins: logins, writer: writer, uploads: uploads, log: log)
            })
    }

    private var mailboxCommands: MailboxCommands { MailboxCommands(database: database, now: now, log: log) }

    func contentServing(_ uploads: UploadSurroundings) -> ContentServing {
        ContentServing(
            commands: mailboxCommands, reader: reader, files: files, writer: writer, uploads: uploads,
            largest: largestAppended, log: log)
    }

    func commandServing(
        _ answerRoom: @escaping @Sendable (CommandToRoom, any EventLoop) -> EventLoopFuture<RoomAnswer>
    ) -> CommandServing {
        CommandServing(
            directory: DirectoryCommands(directory: directory, hashes: hashes, database: database, log: log),
            mailboxes: mailboxCommands, queue: queue, database: database,
            check: SpoolCheck(database: database, reader: reader), files: files, backups: backups, answerRoom: answerRoom)
    }
}

/// Finds what belongs to an event loop.
struct RouterServings: Sendable {
    private let all: [RouterServing]

    init(_ all: [RouterServing]) { self.all = all }

    subscript(eventLoop: any EventLoop) -> RouterServing {
        for serving in all where serving.uploads.eventLoop === eventLoop { return serving }
        preconditionFailure("an event loop that is not of the room's group")
    }
}

extension SpoolLimits {
    /// The settings' limits over these.
    func with(_ settings: StoreSettings) -> SpoolLimits {
        var limits = self
        limits.segment = UInt64(settings.segmentSize)
        limits.inSegment = settings.largeMessage
        limits.group = settings.groupMessages
        limits.groupOctets = settings.groupSize
        return limits
    }
}

extension PasswordHashes.Limits {
    fileprivate func with(iterations: Int) -> PasswordHashes.Limits {
        var limits = self
        limits.iterations = iterations
        return limits
    }
}

extension StoreSettings {
    /// What clients can be asked to do.
    var iterations: Int { min(max(scramIterations, SCRAMKeys.iterationCounts.lowerBound), SCRAMKeys.iterationCounts.upperBound) }

    var sessionLimits: SessionLimits {
        var limits = SessionLimits()
        // Longer than the listener's own, which is the one that counts.
        limits.idle = max(limits.idle, .seconds(idleTimeout.components.seconds * 3 / 2))
        limits.pop3.errors = maxErrors
        limits.uidl =
            switch uidlFormat {
            case .postern: .usual
            case .dovecot: .dovecot
            case .courier: .courier
            }
        return limits
    }
}

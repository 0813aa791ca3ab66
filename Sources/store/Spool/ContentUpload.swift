// A large message's content on its way into its own file: written by a thread of the pool while more arrives.

import Glibc
import NIOCore
import NIOPosix

/// Makes content files; shared by all uploads.
package final class ContentFiles: Sendable {
    let folder: String
    let threads: NIOThreadPool
    private let disk: DiskCalls
    private let gauge: DiskGauge
    private let numbers: NumberSeries

    /// - Parameter first: a number that no file ever had.
    package init(_ folder: String, first: UInt64, threads: NIOThreadPool, disk: DiskCalls, gauge: DiskGauge) {
        self.folder = folder
        self.threads = threads
        self.disk = disk
        self.gauge = gauge
        numbers = NumberSeries(first)
    }

    fileprivate func open() throws(DiskError) -> ContentFile {
        guard gauge.hasRoom() else { throw DiskError("reserve", folder, ENOSPC) }
        return try ContentFile(folder, number: numbers.next(), disk: disk)
    }

    fileprivate func report(_ error: DiskError) { if error.isFull { gauge.reportFull() } }
}

/// Confined to its event loop, except for the file, which one job of the pool has at a time.
final class ContentUpload: @unchecked Sendable {
    // Unchecked: see above; jobs are started one after the other.
    private let files: ContentFiles
    private let eventLoop: any EventLoop
    /// Called on the loop with octets that are written.
    private let written: (Int) -> Void
    private var file: ContentFile?
    private var waiting: [ByteBuffer] = []
    private var isWorking = false
    private var failure: DiskError?
    private var isAbandoned = false
    private var finished: ((Result<ContentFile, DiskError>) -> Void)?

    init(_ files: ContentFiles, on eventLoop: any EventLoop, written: @escaping (Int) -> Void) {
        self.files = files
        self.eventLoop = eventLoop
        self.written = written
    }

    func append(_ bytes: ByteBuffer) {
        guard failure == nil, !isAbandoned else { return written(bytes.readableBytes) }
        waiting.append(bytes)
        work()
    }

    /// Nothing more will come: `body` is called once, when everything is on the disk or cannot be.
    func finish(_ body: @escaping (Result<ContentFile, DiskError>) -> Void) {
        finished = body
        work()
    }

    /// Nobody wants it any more.
    func abandon() {
        isAbandoned = true
        finished = nil
        let rest = waiting.reduce(0) { $0 + $1.readableBytes }
        waiting = []
        // Whoever goes on sending would wait for ever for what is not written any more.
        if rest > 0 { written(rest) }
        work()
    }

    private func work() {
        guard !isWorking else { return }
        if isAbandoned { return remove() }
        if let failure {
            remove()
            return take(&finished)?(.failure(failure)) ?? ()
        }
        let seal = waiting.isEmpty && finished != nil
        guard seal || !waiting.isEmpty else { return }
        isWorking = true
        let pieces = waiting
        waiting = []
        files.threads.submit { [self] state in
            let result: Result<ContentFile, DiskError> =
                if case .active = state { perform(pieces, seal: seal) } else { .failure(DiskError("write", files.folder, EINTR)) }
            eventLoop.execute { [self] in done(result, pieces, seal) }
        }
    }

    /// On a thread of the pool.
    private func perform(_ pieces: [ByteBuffer], seal: Bool) -> Result<ContentFile, DiskError> {
        do throws(DiskError) {
            let file: ContentFile
            if let open = self.file { file = open } else { file = try files.open() }
            self.file = file
            if !pieces.isEmpty { try file.append(pieces) }
            if seal { try file.seal() }
            return .success(file)
        } catch {
            files.report(error)
            return .failure(error)
        }
    }

    private func done(_ result: Result<ContentFile, DiskError>, _ pieces: [ByteBuffer], _ sealed: Bool) {
        isWorking = false
        let count = pieces.reduce(0) { $0 + $1.readableBytes }
        if case .failure(let error) = result {
            failure = error
            let rest = waiting.reduce(0) { $0 + $1.readableBytes }
            waiting = []
            written(count + rest)
            return work()
        }
        if count > 0 { written(count) }
        if sealed, !isAbandoned, case .success(let file) = result {
            self.file = nil
            return take(&finished)?(.success(file)) ?? ()
        }
        work()
    }

    private func remove() {
        guard let file else { return }
        self.file = nil
        files.threads.submit { _ in file.remove() }
    }

    private func take<Value>(_ value: inout Value?) -> Value? {
        defer { value = nil }
        return value
    }
}

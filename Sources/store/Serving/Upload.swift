// The content of one message while it arrives: in memory while it is small, in a file of its own when it is not, or when
// too many messages arrive at once.

import IPC
import Mail
import NIOCore
import Synchronization

/// Octets of content that all conversations hold in memory.
package final class UploadMemory: Sendable {
    private let limit: Int
    private let used = Atomic<Int>(0)

    package init(limit: Int) { self.limit = limit }

    /// False: there is too much; whoever can should go to the disk.
    func take(_ octets: Int) -> Bool { used.add(octets, ordering: .relaxed).newValue <= limit }

    func giveBack(_ octets: Int) { used.subtract(octets, ordering: .relaxed) }

    var octets: Int { used.load(ordering: .relaxed) }
}

/// What uploads of one event loop share.
final class UploadSurroundings: @unchecked Sendable {
    // Unchecked: `loose` is only touched on the loop.
    let memory: UploadMemory
    let files: ContentFiles
    let inMemory: Int
    let eventLoop: any EventLoop
    private var loose: [Upload] = []

    init(memory: UploadMemory, files: ContentFiles, inMemory: Int, on eventLoop: any EventLoop) {
        self.memory = memory
        self.files = files
        self.inMemory = inMemory
        self.eventLoop = eventLoop
    }

    /// The content of an exchange, which sends more as this is kept.
    func begin<E: Edge>(in exchange: Exchange<E>) -> Upload {
        Upload(self) { [weak exchange] octets in
            // The conversation may be over before the disk is done.
            exchange?.consumed(octets)
        }
    }

    /// Its slices are copied at the end of the loop's turn if its message is not complete by then: a slice holds the
    /// whole read buffer, up to 1 MB, and a slow client's message waits for long.
    func gatherLater(_ upload: Upload) {
        loose.append(upload)
        guard loose.count == 1 else { return }
        eventLoop.execute { [self] in
            let uploads = loose
            loose.removeAll(keepingCapacity: true)
            for upload in uploads { upload.gather() }
        }
    }
}

/// Confined to its event loop.
final class Upload {
    private let around: UploadSurroundings
    private let consumed: (Int) -> Void
    private var gathered = ByteBuffer()
    private var slices: [ByteBuffer] = []
    private var count = 0
    /// Counted in the shared memory.
    private var held = 0
    private var file: ContentUpload?
    private var isOver = false

    /// - Parameter consumed: lets the sender send as much more.
    init(_ around: UploadSurroundings, consumed: @escaping (Int) -> Void) {
        self.around = around
        self.consumed = consumed
    }

    func append(_ bytes: ByteBuffer) {
        let octets = bytes.readableBytes
        count += octets
        if let file { return hold(octets, in: file, bytes) }
        held += octets
        let hasRoom = around.memory.take(octets)
        if slices.isEmpty { around.gatherLater(self) }
        slices.append(bytes)
        if count > around.inMemory || !hasRoom { moveToFile() } else { consumed(octets) }
    }

    private func hold(_ octets: Int, in file: ContentUpload, _ bytes: ByteBuffer) {
        held += octets
        _ = around.memory.take(octets)
        file.append(bytes)
    }

    private func moveToFile() {
        // What was credited when it came is not credited again when it is written.
        var credited = gathered.readableBytes + slices.dropLast().reduce(0) { $0 + $1.readableBytes }
        let file = ContentUpload(around.files, on: around.eventLoop) { [self] octets in
            giveBack(octets)
            let before = min(credited, octets)
            credited -= before
            if octets > before { consumed(octets - before) }
        }
        self.file = file
        for piece in pieces() { file.append(piece) }
        gathered = ByteBuffer()
        slices = []
    }

    private func pieces() -> [ByteBuffer] { gathered.readableBytes > 0 ? [gathered] + slices : slices }

    func gather() {
        guard !isOver, file == nil, !slices.isEmpty else { return }
        for slice in slices { gathered.writeImmutableBuffer(slice) }
        slices.removeAll()
    }

    /// What is being written when the upload is released was given back with it.
    private func giveBack(_ octets: Int) {
        let octets = min(octets, held)
        held -= octets
        around.memory.giveBack(octets)
    }

    /// The message is complete. `body` is called once; what the upload holds is given back with `release`.
    func finish(_ body: @escaping (Result<Incoming.Content, DiskError>) -> Void) {
        isOver = true
        guard let file else { return body(.success(.pieces(pieces(), count: count))) }
        file.finish { result in body(result.map { .ownFile($0) }) }
    }

    /// The message was written, or is not wanted any more.
    func release() {
        isOver = true
        file?.abandon()
        file = nil
        slices = []
        gathered = ByteBuffer()
        giveBack(held)
    }
}

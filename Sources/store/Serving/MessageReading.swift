// One message on its way to another room: the record's part at once, a content file in pieces as the road takes them.

import IPC
import Mail
import NIOCore
import NIOPosix

/// Confined to its event loop.
final class MessageReading<E: Edge> {
    private let message: StoredMessage
    /// What of the record goes to the reader.
    private let front: ByteBuffer
    private let part: ReadPart
    private let reader: SpoolReader
    private let exchange: Exchange<E>
    private let pouring: DiskPouring<E, SpoolReadError>
    private let done: (Result<UInt64, SpoolReadError>) -> Void

    /// - Parameters:
    ///   - front: `message.relayed` or `message.local`.
    ///   - done: called once, unless it is stopped: with the octets that were sent.
    init(
        _ message: StoredMessage, front: ByteBuffer, _ part: ReadPart, from reader: SpoolReader, files: NIOThreadPool,
        to exchange: Exchange<E>, done: @escaping (Result<UInt64, SpoolReadError>) -> Void
    ) {
        self.message = message
        self.front = front
        self.part = part
        self.reader = reader
        self.exchange = exchange
        self.done = done
        pouring = DiskPouring(files, to: exchange) { done(.failure($0)) }
    }

    func stop() { pouring.stop() }

    func start() {
        guard message.record.flags.contains(.ownFile) else {
            return finish(with: front)
        }
        let record = message.record
        pouring.onDisk { [reader] () throws(SpoolReadError) in
            let file = try reader.openContent(of: record)
            try reader.checkContent(of: record, file)
            return file
        } then: { [self] file in
            opened(file)
        }
    }

    private func opened(_ file: OpenFile) {
        if case .header(let limit) = part {
            let wanted = min(Int(limit), 1 << 20)
            pouring.onDisk { [reader] () throws(SpoolReadError) in
                try reader.readContent(file, from: 0, atMost: wanted)
            } then: { [self] content in
                var bytes = front
                bytes.writeImmutableBuffer(content)
                finish(with: bytes)
            }
        } else {
            send(front)
            pour(file)
        }
    }

    /// Everything is in memory.
    private func finish(with front: ByteBuffer) {
        var bytes = front
        if case .header(let limit) = part { bytes = bytes.header(atMost: Int(limit)) }
        send(bytes)
        done(.success(UInt64(bytes.readableBytes)))
    }

    private func send(_ bytes: ByteBuffer) { if bytes.readableBytes > 0 { exchange.send(bytes) } }

    private func pour(_ file: OpenFile) {
        let length = message.record.contentLength
        pouring.pour(0..<length) { [reader] (from, count) throws(SpoolReadError) in
            let piece = try reader.readContent(file, from: from, atMost: count)
            guard piece.readableBytes > 0 else { throw .damaged("\(file.path): became shorter") }
            return piece
        } done: { [done, front] in
            done(.success(UInt64(front.readableBytes) + length))
        }
    }
}

extension ByteBuffer {
    /// Up to and with the empty line (RFC 5322 §2.1), if it comes early enough; whole lines otherwise.
    func header(atMost limit: Int) -> ByteBuffer {
        withUnsafeReadableBytes { octets in
            var end = 0
            var start = 0
            while start < octets.count, let feed = octets[start...].firstIndex(of: 0x0A), feed < limit {
                end = feed + 1
                let length = feed - start
                if length == 0 || length == 1 && octets[start] == 0x0D { break }
                start = feed + 1
            }
            return getSlice(at: readerIndex, length: end) ?? ByteBuffer()
        }
    }
}

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
    private let files: NIOThreadPool
    private let exchange: Exchange<E>
    private let done: (Result<UInt64, SpoolReadError>) -> Void
    private var sent: UInt64 = 0
    private var offset: UInt64 = 0
    private var isStopped = false

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
        self.files = files
        self.exchange = exchange
        self.done = done
    }

    func stop() {
        isStopped = true
        exchange.onWritable = nil
    }

    func start() {
        guard message.record.flags.contains(.ownFile) else {
            return finish(with: front)
        }
        let record = message.record
        onDisk { (reader) throws(SpoolReadError) in
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
            onDisk { (reader) throws(SpoolReadError) in
                try reader.readContent(file, from: 0, atMost: wanted)
            } then: {
                [self] content in
                var bytes = front
                bytes.writeImmutableBuffer(content)
                finish(with: bytes)
            }
        } else {
            send(front)
            pump(file)
        }
    }

    /// Everything is in memory.
    private func finish(with front: ByteBuffer) {
        var bytes = front
        if case .header(let limit) = part { bytes = bytes.header(atMost: Int(limit)) }
        send(bytes)
        done(.success(sent))
    }

    private func send(_ bytes: ByteBuffer) {
        sent += UInt64(bytes.readableBytes)
        if bytes.readableBytes > 0 { exchange.send(bytes) }
    }

    private func pump(_ file: OpenFile) {
        guard !isStopped else { return }
        guard offset < message.record.contentLength else { return done(.success(sent)) }
        guard exchange.isWritable else {
            exchange.onWritable = { [self] in
                exchange.onWritable = nil
                pump(file)
            }
            return
        }
        let from = offset
        onDisk { (reader) throws(SpoolReadError) in
            try reader.readContent(file, from: from, atMost: 256 << 10)
        } then: {
            [self] chunk in
            guard chunk.readableBytes > 0 else { return done(.failure(.damaged("\(file.path): became shorter"))) }
            offset += UInt64(chunk.readableBytes)
            send(chunk)
            pump(file)
        }
    }

    private func onDisk<Value: Sendable>(
        _ body: @escaping @Sendable (SpoolReader) throws(SpoolReadError) -> Value, then: @escaping (Value) -> Void
    ) {
        let answer: @Sendable (Result<Value, SpoolReadError>) -> Void = exchange.hop { [self] result in
            guard !isStopped else { return }
            switch result {
            case .success(let value): then(value)
            case .failure(let error): done(.failure(error))
            }
        }
        files.submit { [reader] _ in
            do throws(SpoolReadError) { answer(.success(try body(reader))) } catch { answer(.failure(error)) }
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

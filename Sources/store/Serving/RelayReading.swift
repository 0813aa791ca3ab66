// One message on its way to a delivery agent: the record's part at once, a content file in pieces as the road takes them.

import IPC
import Mail
import NIOCore

/// Confined to its event loop.
final class RelayReading {
    private let message: StoredMessage
    private let part: ReadPart
    private let serving: DeliveryServing
    private let exchange: Exchange<DeliveryToStore>
    private let done: (Result<UInt64, SpoolReadError>) -> Void
    private var sent: UInt64 = 0
    private var offset: UInt64 = 0
    private var isStopped = false

    init(
        _ message: StoredMessage, _ part: ReadPart, _ serving: DeliveryServing, _ exchange: Exchange<DeliveryToStore>,
        done: @escaping (Result<UInt64, SpoolReadError>) -> Void
    ) {
        self.message = message
        self.part = part
        self.serving = serving
        self.exchange = exchange
        self.done = done
    }

    func stop() {
        isStopped = true
        exchange.onWritable = nil
    }

    func start() {
        guard message.record.flags.contains(.ownFile) else {
            return finish(with: message.relayed)
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
                var bytes = message.relayed
                bytes.writeImmutableBuffer(content)
                finish(with: bytes)
            }
        } else {
            send(message.relayed)
            pump(file)
        }
    }

    /// Everything is in memory.
    private func finish(with relayed: ByteBuffer) {
        var bytes = relayed
        if case .header(let limit) = part { bytes = Self.header(of: bytes, atMost: Int(limit)) }
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
        serving.files.submit { [reader = serving.reader] _ in
            do throws(SpoolReadError) { answer(.success(try body(reader))) } catch { answer(.failure(error)) }
        }
    }

    /// Up to and with the empty line (RFC 5322 §2.1), if it comes early enough; whole lines otherwise.
    static func header(of bytes: ByteBuffer, atMost limit: Int) -> ByteBuffer {
        bytes.withUnsafeReadableBytes { octets in
            var end = 0
            var start = 0
            while start < octets.count, let feed = octets[start...].firstIndex(of: 0x0A), feed < limit {
                end = feed + 1
                let length = feed - start
                if length == 0 || length == 1 && octets[start] == 0x0D { break }
                start = feed + 1
            }
            return bytes.getSlice(at: bytes.readerIndex, length: end) ?? ByteBuffer()
        }
    }
}

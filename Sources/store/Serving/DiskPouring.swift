// Bytes from the disk on their way to another room, piece by piece as the road takes them.

import IPC
import NIOCore
import NIOPosix

/// Confined to its event loop. After `stop`, or a fault, nothing more is heard of it.
final class DiskPouring<E: Edge, Fault: Error> {
    private static var piece: Int { 256 << 10 }

    private let threads: NIOThreadPool
    private let exchange: Exchange<E>
    private let failed: (Fault) -> Void
    private var isStopped = false

    init(_ threads: NIOThreadPool, to exchange: Exchange<E>, failed: @escaping (Fault) -> Void) {
        self.threads = threads
        self.exchange = exchange
        self.failed = failed
    }

    func stop() {
        isStopped = true
        exchange.onWritable = nil
    }

    /// What blocks, and what follows it on the event loop.
    func onDisk<Value: Sendable>(
        _ body: @escaping @Sendable () throws(Fault) -> Value, then: @escaping (Value) -> Void
    ) {
        let answer: @Sendable (Result<Value, Fault>) -> Void = exchange.hop { [self] result in
            guard !isStopped else { return }
            switch result {
            case .success(let value): then(value)
            case .failure(let fault):
                isStopped = true
                failed(fault)
            }
        }
        threads.submit { _ in
            do throws(Fault) { answer(.success(try body())) } catch { answer(.failure(error)) }
        }
    }

    /// - Parameters:
    ///   - read: at least one octet from this place on, and at most so many. Blocks.
    ///   - done: all has been sent.
    func pour(
        _ part: Range<UInt64>, _ read: @escaping @Sendable (UInt64, Int) throws(Fault) -> ByteBuffer,
        done: @escaping () -> Void
    ) {
        guard !isStopped else { return }
        guard !part.isEmpty else { return done() }
        guard exchange.isWritable else {
            exchange.onWritable = { [self] in
                exchange.onWritable = nil
                pour(part, read, done: done)
            }
            return
        }
        let (from, count) = (part.lowerBound, Int(min(UInt64(part.count), UInt64(Self.piece))))
        onDisk { () throws(Fault) in
            try read(from, count)
        } then: { [self] bytes in
            exchange.send(bytes)
            pour(from + UInt64(bytes.readableBytes)..<part.upperBound, read, done: done)
        }
    }
}

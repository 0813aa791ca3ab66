// A part of a file on its way to the command, in pieces as the road takes them.

import Glibc
import IPC
import NIOCore
import NIOPosix

/// Confined to its event loop.
final class BackupReading {
    private static let chunk: UInt64 = 256 << 10

    private let path: String
    private var rest: Range<UInt64>
    private let threads: NIOThreadPool
    private let exchange: Exchange<CommandToStore>
    private let done: (Result<Void, StoreFault>) -> Void
    private var isStopped = false

    init(
        _ path: String, _ part: Range<UInt64>, _ threads: NIOThreadPool, _ exchange: Exchange<CommandToStore>,
        done: @escaping (Result<Void, StoreFault>) -> Void
    ) {
        self.path = path
        rest = part
        self.threads = threads
        self.exchange = exchange
        self.done = done
    }

    func stop() {
        isStopped = true
        exchange.onWritable = nil
    }

    func start() {
        onDisk { [path] in
            try OpenFile(path, flags: O_RDONLY)
        } then: { [self] in
            pump($0)
        }
    }

    private func pump(_ file: OpenFile) {
        guard !isStopped else { return }
        guard !rest.isEmpty else { return done(.success(())) }
        guard exchange.isWritable else {
            exchange.onWritable = { [self] in
                exchange.onWritable = nil
                pump(file)
            }
            return
        }
        let (from, count) = (rest.lowerBound, min(UInt64(rest.count), Self.chunk))
        onDisk {
            ByteBuffer(bytes: try file.bytes(from: from, Int(count)))
        } then: { [self] bytes in
            guard bytes.readableBytes > 0 else { return done(.failure(StoreFault("\(path): became shorter"))) }
            rest = from + UInt64(bytes.readableBytes)..<rest.upperBound
            exchange.send(bytes)
            pump(file)
        }
    }

    private func onDisk<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value, then: @escaping (Value) -> Void) {
        let answer: @Sendable (Result<Value, StoreFault>) -> Void = exchange.hop { [self] result in
            guard !isStopped else { return }
            switch result {
            case .success(let value): then(value)
            case .failure(let fault): done(.failure(fault))
            }
        }
        threads.submit { _ in answer(Result { try body() }.mapError { StoreFault("\($0)") }) }
    }
}

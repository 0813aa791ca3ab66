// A part of a file on its way to the command.

import Glibc
import IPC
import NIOCore
import NIOPosix

/// Confined to its event loop.
final class BackupReading {
    private let path: String
    private let part: Range<UInt64>
    private let pouring: DiskPouring<CommandToStore, StoreFault>
    private let done: (Result<Void, StoreFault>) -> Void

    init(
        _ path: String, _ part: Range<UInt64>, _ threads: NIOThreadPool, _ exchange: Exchange<CommandToStore>,
        done: @escaping (Result<Void, StoreFault>) -> Void
    ) {
        self.path = path
        self.part = part
        self.done = done
        pouring = DiskPouring(threads, to: exchange) { done(.failure($0)) }
    }

    func stop() { pouring.stop() }

    func start() {
        pouring.onDisk { [path] () throws(StoreFault) in
            do throws(DiskError) { return try OpenFile(path, flags: O_RDONLY) } catch { throw StoreFault("\(error)") }
        } then: { [self] in
            pour($0)
        }
    }

    private func pour(_ file: OpenFile) {
        pouring.pour(part) { (from, count) throws(StoreFault) in
            let bytes: [UInt8]
            do throws(DiskError) { bytes = try file.bytes(from: from, count) } catch { throw StoreFault("\(error)") }
            guard !bytes.isEmpty else { throw StoreFault("\(file.path): became shorter") }
            return ByteBuffer(bytes: bytes)
        } done: { [done] in
            done(.success(()))
        }
    }
}

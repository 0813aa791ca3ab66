// Heads and bytes as they come through the pipe from the command.

import Glibc
import IPC

/// Used by one thread.
struct RestoreInput {
    private static let piece: UInt64 = 1 << 20

    private let descriptor: CInt

    init(_ descriptor: CInt) { self.descriptor = descriptor }

    /// nil: the end was said. Throws when the pipe ends without it.
    func head() throws -> (StoreFile, UInt64)? {
        var bytes: [UInt8] = []
        while bytes.count < RestoreHead.size { bytes += try self.bytes(atMost: UInt64(RestoreHead.size - bytes.count)) }
        guard let head = RestoreHead(bytes) else { throw StoreFault("what came is no file of a backup") }
        return head.file.map { ($0, head.length) }
    }

    /// At least one octet.
    func bytes(atMost count: UInt64) throws -> [UInt8] {
        let limit = Int(min(count, Self.piece))
        var got = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, done in
            repeat { got = read(descriptor, buffer.baseAddress, limit) } while got < 0 && errno == EINTR
            done = max(0, got)
        }
        guard got > 0 else { throw StoreFault("the backup did not come to its end; nothing was changed") }
        return bytes
    }
}

// One secret per edge, so that rooms which share a uid can be told apart. Made by the parent process at each start,
// handed to each room over a descriptor, never on disk. No printed form shows a key.
import Crypto
import Glibc
import NIOCore

package struct EdgeKeys: Sendable, CustomStringConvertible, CustomReflectable {
    /// Edge name → 32 bytes.
    private let keys: [String: [UInt8]]

    /// Bytes that `write(to:)` may send and `read(fd:)` accepts: small enough for a pipe's buffer.
    private static let limit = 32 << 10

    package var description: String { "EdgeKeys(\(keys.keys.sorted().joined(separator: " ")))" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    /// The edges that there is a key for.
    package var edges: Set<String> { Set(keys.keys) }

    /// New keys for these edges.
    package static func generate(edges: [String]) -> EdgeKeys {
        var keys: [String: [UInt8]] = [:]
        for edge in edges { keys[edge] = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }
        return EdgeKeys(keys: keys)
    }

    /// Only what one room needs.
    package func subset(edges: [String]) -> EdgeKeys { EdgeKeys(keys: keys.filter { edges.contains($0.key) }) }

    /// The key of one edge.
    func key(_ edge: String) -> SymmetricKey? { keys[edge].map { SymmetricKey(data: $0) } }

    /// Writes all keys in one go. The descriptor stays open.
    package func write(to fd: CInt) throws {
        var buffer = ByteBuffer(integer: UInt32(0))
        try BinaryEncoder.encode(keys, limit: Self.limit, into: &buffer)
        buffer.setInteger(UInt32(buffer.readableBytes - 4), at: 0, endianness: .little)
        while buffer.readableBytes > 0 {
            let written = buffer.withUnsafeReadableBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw SystemCallError("write", errno) }
            buffer.moveReaderIndex(forwardBy: written)
        }
    }

    /// Reads what `write(to:)` wrote, and not a byte more. The descriptor stays open.
    package static func read(fd: CInt) throws -> EdgeKeys {
        var head = try read(fd, 4)
        let length = Int(head.readInteger(endianness: .little, as: UInt32.self) ?? 0)
        guard length <= limit else { throw BinaryCoderError.tooLong(length) }
        let keys = try BinaryDecoder.decode([String: [UInt8]].self, from: try read(fd, length))
        guard keys.values.allSatisfy({ $0.count == 32 }) else { throw BinaryCoderError.malformed("edge key") }
        return EdgeKeys(keys: keys)
    }

    private static func read(_ fd: CInt, _ length: Int) throws -> ByteBuffer {
        var bytes = [UInt8](repeating: 0, count: length)
        var filled = 0
        while filled < length {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(fd, $0.baseAddress! + filled, length - filled) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw SystemCallError("read", errno) }
            guard count > 0 else { throw BinaryCoderError.truncated }
            filled += count
        }
        return ByteBuffer(bytes: bytes)
    }
}

/// A system call that failed; says which and why, in the system's words.
package struct SystemCallError: Error, Equatable, Sendable, CustomStringConvertible {
    package let call: String
    package let number: CInt

    package init(_ call: String, _ number: CInt) {
        self.call = call
        self.number = number
    }

    package var description: String { "\(call): \(String(cString: strerror(number)))" }
}

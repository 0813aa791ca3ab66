// A POP3 client over a blocking socket, strict about bytes, with a time-out on everything. For threads of its own.

import Foundation
import Glibc
import NIOCore

package struct SocketTrouble: Error, CustomStringConvertible {
    package var description: String
}

package final class SocketClient {
    private let descriptor: CInt
    private var buffer: [UInt8] = []
    private var position = 0

    package init(unix path: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try prepare(result)
    }

    /// - Parameter receiveBuffer: a small one makes the client slow.
    package init(port: Int, receiveBuffer: CInt? = nil) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try prepare(result)
    }

    private func prepare(_ connected: CInt) throws {
        guard connected == 0 else { throw SocketTrouble(description: "connect: \(errno)") }
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    package func send(_ bytes: some Sequence<UInt8>) throws {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw SocketTrouble(description: "send: \(errno)") }
            sent += count
        }
    }

    package func send(_ text: String) throws { try send(text.utf8) }

    package func endOutput() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// At most `limit` octets; none at the end.
    package func read(_ limit: Int = 65_536) throws -> [UInt8] {
        if position < buffer.count {
            defer { (buffer, position) = ([], 0) }
            return Array(buffer[position...])
        }
        var piece = [UInt8](repeating: 0, count: limit)
        let count = piece.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress!, limit, 0) }
        guard count >= 0 else { throw SocketTrouble(description: "recv: \(errno)") }
        return Array(piece[..<count])
    }

    /// One line without its CRLF. Only CRLF ends it.
    package func line() throws -> [UInt8] {
        var search = position
        while true {
            while search + 1 < buffer.count {
                if buffer[search] == 13, buffer[search + 1] == 10 {
                    defer { position = search + 2 }
                    return Array(buffer[position..<search])
                }
                search += 1
            }
            if position > 0 {
                buffer.removeFirst(position)
                (search, position) = (search - position, 0)
            }
            let kept = buffer
            let start = buffer.count
            (buffer, position) = ([], 0)
            let more = try read()
            guard !more.isEmpty else { throw SocketTrouble(description: "the end, after \(start) octets of a line") }
            buffer = kept + more
        }
    }

    package func text() throws -> String { String(decoding: try line(), as: UTF8.self) }

    /// Sends and reads one line.
    package func say(_ command: String) throws -> String {
        try send(command + "\r\n")
        return try text()
    }

    /// The body of a multi-line response as RFC 1939 §3 has it: dots unstuffed, the last CRLF being the response's.
    package func body() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let line = try line()
            if line == [0x2E] { return body }
            body += line.first == 0x2E ? line.dropFirst() : line[...]
            body += [13, 10]
        }
    }

    /// Whether the other side has closed and has nothing left to say.
    package func isAtEnd() throws -> Bool { try read().isEmpty }
}

/// Runs blocking work on a thread of its own, still as part of the test that asks for it.
package func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withTaskExecutorPreference(OwnThreads.executor) { try work() }
}

private final class OwnThreads: TaskExecutor {
    static let executor = OwnThreads()

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        Thread.detachNewThread { unowned.runSynchronously(on: executor) }
    }
}

/// Removes what `freshSocketPath` made.
package func removeSocketPath(_ path: String) {
    unlink(path)
    rmdir(String(path.dropLast("/socket".count)))
}

/// A path for a socket in a directory of its own, short enough for sockaddr_un.
package func freshSocketPath() throws -> String {
    var template = Array("/tmp/pop3-XXXXXX\0".utf8CString)
    guard mkdtemp(&template) != nil else { throw SocketTrouble(description: "mkdtemp: \(errno)") }
    return String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/socket"
}

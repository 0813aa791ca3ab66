// A blocking TCP client of the tests: lines in, lines out, and a time limit on every wait.

import Foundation

struct WireError: Error, CustomStringConvertible {
    let description: String
}

/// One connection. Every read fails after `timeout` seconds instead of hanging the run.
final class Wire {
    let descriptor: CInt
    private var buffer: [UInt8] = []
    /// What lies before it in `buffer` was given away.
    private var start = 0

    init(port: UInt16, host: String = "127.0.0.1", timeout: Double = 20) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw WireError(description: "socket: \(String(cString: strerror(errno)))") }
        var limit = timeval(tv_sec: Int(timeout), tv_usec: Int((timeout - timeout.rounded(.down)) * 1e6))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var noDelay: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<CInt>.size))
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            // All properties are set, so that `deinit` closes the descriptor.
            throw WireError(description: "connect to \(host):\(port): \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw WireError(description: "send: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }

    /// One line without its CRLF; nil at the end of the stream.
    func line() throws -> String? {
        while true {
            if let end = buffer[start...].firstIndex(of: 10) {
                let line = end > start && buffer[end - 1] == 13 ? buffer[start..<(end - 1)] : buffer[start..<end]
                start = end + 1
                return String(decoding: line, as: UTF8.self)
            }
            guard try fill() else {
                guard start == buffer.count else { throw WireError(description: "closed within a line") }
                return nil
            }
        }
    }

    /// An SMTP reply: its last line, after all its lines were read. nil at the end of the stream.
    func reply() throws -> String? {
        while let line = try line() {
            if line.count < 4 || line.dropFirst(3).first != "-" { return line }
        }
        return nil
    }

    /// Sends one command and gives the reply.
    @discardableResult
    func ask(_ command: String) throws -> String {
        try send(command + "\r\n")
        guard let reply = try reply() else { throw WireError(description: "closed after \(command)") }
        return reply
    }

    /// POP3: the lines of a multi-line answer up to the lone dot, unstuffed.
    func multiline() throws -> [String] {
        var lines: [String] = []
        while let line = try line() {
            if line == "." { return lines }
            lines.append(line.hasPrefix(".") ? String(line.dropFirst()) : line)
        }
        throw WireError(description: "closed within a multi-line answer")
    }

    /// Everything up to the end of the stream.
    func rest() throws -> [UInt8] {
        while try fill() {}
        return takeAll()
    }

    private func takeAll() -> [UInt8] {
        defer { (buffer, start) = ([], 0) }
        return Array(buffer[start...])
    }

    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count < 0 {
            let reason = errno == EAGAIN ? "nothing came in time" : String(cString: strerror(errno))
            if errno == ECONNRESET { return false }
            throw WireError(description: "read: \(reason)")
        }
        buffer.removeSubrange(..<start)
        start = 0
        buffer += chunk[..<count]
        return count > 0
    }
}

// A client with a plain blocking socket: says what the test says, hears what comes. Every wait has an end.

import Glibc

final class Stranger {
    struct Trouble: Error, CustomStringConvertible { let description: String }

    let descriptor: CInt
    private var heard: [UInt8] = []

    /// - Parameter seconds: How long a read may take.
    init(port: UInt16, seconds: Int = 20, receiveBuffer: CInt? = nil) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Trouble(description: "socket: \(errno)") }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if var size = receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4) }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, 16) }
        }
        guard connected == 0 else {
            // All properties are set, so that `deinit` closes the descriptor.
            throw Trouble(description: "connect: \(String(cString: strerror(errno)))")
        }
    }

    deinit { Glibc.close(descriptor) }

    func say(_ text: String) throws { try say(Array(text.utf8)) }

    func say(_ octets: [UInt8]) throws {
        var sent = 0
        while sent < octets.count {
            let count = octets[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Trouble(description: "send: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    /// Sends without waiting; gives how many octets were taken.
    func sayNow(_ octets: [UInt8]) -> Int {
        let count = octets.withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
        }
        return max(0, count)
    }

    /// One reply, all its lines, without the last line end.
    func reply() throws -> String {
        var lines: [String] = []
        while true {
            let line = try line()
            lines.append(line)
            if line.utf8.count < 4 || Array(line.utf8)[3] != UInt8(ascii: "-") { return lines.joined(separator: "\n") }
        }
    }

    func replies(_ count: Int) throws -> [String] { try (0..<count).map { _ in try reply() } }

    /// Says a line and gives the reply.
    func ask(_ line: String) throws -> String {
        try say(line + "\r\n")
        return try reply()
    }

    /// Exactly what one read gives.
    func hearOnce() throws -> String {
        guard heard.isEmpty else { throw Trouble(description: "something was heard before") }
        guard try hear() else { return "" }
        defer { heard = [] }
        return String(decoding: heard, as: UTF8.self)
    }

    /// All that comes until the server closes.
    func rest() throws -> String {
        while try hear() {}
        defer { heard = [] }
        return String(decoding: heard, as: UTF8.self)
    }

    func endSpeaking() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// Closes with a reset.
    func vanish() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        shutdown(descriptor, CInt(SHUT_RDWR))
    }

    private func line() throws -> String {
        while true {
            if let end = heard.firstIndex(of: 10) {
                var line = heard[..<end]
                heard = Array(heard[(end + 1)...])
                if line.last == 13 { line = line.dropLast() }
                return String(decoding: line, as: UTF8.self)
            }
            guard try hear() else { throw Trouble(description: "closed after '\(String(decoding: heard, as: UTF8.self))'") }
        }
    }

    private func hear() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw Trouble(description: "recv: \(String(cString: strerror(errno)))") }
        heard += buffer[..<count]
        return count > 0
    }
}

extension Stranger {
    /// Says hello, MAIL, RCPT and DATA and hears 354.
    func begin(_ recipient: String = "alice@example.test") throws {
        _ = try replies(1)
        _ = try ask("EHLO client.example.net")
        try say("MAIL FROM:<bob@example.net>\r\nRCPT TO:<\(recipient)>\r\nDATA\r\n")
        let replies = try replies(3)
        guard replies[2].hasPrefix("354") else { throw Trouble(description: "\(replies)") }
    }
}

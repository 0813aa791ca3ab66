// A fake remote mail server: records whole sessions, answers by a script that a test may change while it runs.

import Foundation

final class Sink: @unchecked Sendable {
    struct Message: Sendable {
        var greeting: String
        var sender: String
        var recipients: [String]
        var content: [UInt8]
    }

    let port: UInt16
    private let listening: CInt
    private let lock = NSLock()
    private var received: [Message] = []
    private var replies: [String: String] = [:]
    private var isStopped = false

    /// - Parameter port: 0 chooses a free one.
    init(port wanted: UInt16 = 0) throws {
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.listening = listening
        var yes: CInt = 1
        setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = wanted.bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(listening, raw, length) == 0 && listen(listening, 128) == 0
                    && getsockname(listening, raw, &length) == 0
            }
        }
        guard bound else { throw WireError(description: "the sink cannot bind: \(String(cString: strerror(errno)))") }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in accept() }
    }

    /// Answers `verb` ("RCPT", "." for the end of data, "CONNECT" …) with this from now on; nil goes back to yes.
    func answer(_ verb: String, _ reply: String?) { lock.withLock { replies[verb] = reply } }

    var messages: [Message] { lock.withLock { received } }

    func stop() {
        let wasStopped = lock.withLock {
            defer { isStopped = true }
            return isStopped
        }
        // Closed once: a second time the number may be somebody else's.
        guard !wasStopped else { return }
        shutdown(listening, Int32(SHUT_RDWR))
        close(listening)
    }

    private func accept() {
        while !lock.withLock({ isStopped }) {
            let descriptor = Foundation.accept(listening, nil, nil)
            guard descriptor >= 0 else { return }
            Thread.detachNewThread { [self] in
                serve(Line(descriptor))
                close(descriptor)
            }
        }
    }

    private func reply(_ verb: String, _ usual: String) -> String { lock.withLock { replies[verb] ?? usual } }

    private func serve(_ line: Line) {
        line.say(reply("CONNECT", "220 sink.test ESMTP"))
        var message = Message(greeting: "", sender: "", recipients: [], content: [])
        while let command = line.read() {
            let verb = command.prefix(4).uppercased()
            switch verb {
            case "EHLO", "HELO":
                message.greeting = String(command.dropFirst(5))
                line.say(
                    reply(
                        verb,
                        verb == "EHLO" ? "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE" : "250 sink.test"
                    ))
            case "MAIL":
                message.sender = Sink.path(command)
                (message.recipients, message.content) = ([], [])
                line.say(reply(verb, "250 2.1.0 Ok"))
            case "RCPT":
                let answer = reply(verb, "250 2.1.5 Ok")
                if answer.hasPrefix("2") { message.recipients.append(Sink.path(command)) }
                line.say(answer)
            case "DATA":
                let answer = reply(verb, message.recipients.isEmpty ? "554 5.5.1 No valid recipients" : "354 Go ahead")
                line.say(answer)
                guard answer.hasPrefix("3") else { continue }
                while let text = line.readRaw(), text != Array(".\r\n".utf8) {
                    message.content += text.first == UInt8(ascii: ".") ? text.dropFirst() : text[...]
                }
                let end = reply(".", "250 2.0.0 Ok: queued as SINK")
                if end.hasPrefix("2") { lock.withLock { received.append(message) } }
                line.say(end)
            case "QUIT":
                line.say("221 2.0.0 Bye")
                return
            default: line.say("250 2.0.0 Ok")
            }
        }
    }

    private static func path(_ command: String) -> String {
        guard let open = command.firstIndex(of: "<"), let end = command.firstIndex(of: ">") else { return command }
        return String(command[command.index(after: open)..<end])
    }

    /// The server's end of one connection.
    private final class Line {
        private let descriptor: CInt
        private var buffer: [UInt8] = []

        init(_ descriptor: CInt) { self.descriptor = descriptor }

        func say(_ text: String) {
            let bytes = Array((text + "\r\n").utf8)
            _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
        }

        func read() -> String? {
            readRaw().map { String(decoding: $0.prefix { $0 != 13 && $0 != 10 }, as: UTF8.self) }
        }

        func readRaw() -> [UInt8]? {
            while true {
                if let end = buffer.firstIndex(of: 10) {
                    defer { buffer.removeSubrange(...end) }
                    return Array(buffer[...end])
                }
                var chunk = [UInt8](repeating: 0, count: 65_536)
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count > 0 else { return nil }
                buffer += chunk[..<count]
            }
        }
    }
}

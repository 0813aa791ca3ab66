// Command lines and whole messages through the server session, with the shell's part done: replies appended to one
// buffer, answers given at once.
import CAllocations
import Mail
import SMTP

enum Pipelined {
    /// Nanoseconds a line: one MAIL, 98 RCPT and a RSET in a packet.
    static func lines() -> Double {
        var shell = Shell()
        var packet = "MAIL FROM:<sender@example.org>\r\n"
        for number in 0..<98 { packet += "RCPT TO:<recipient\(number)@example.test>\r\n" }
        packet += "RSET\r\n"
        return shell.time(Array(packet.utf8), units: 100)
    }

    static func noops() -> Double {
        var shell = Shell()
        return shell.time(Array(String(repeating: "NOOP\r\n", count: 96).utf8), units: 96)
    }

    /// Nanoseconds a message, from MAIL to the receipt.
    static func messages(octets: Int) -> Double {
        var shell = Shell()
        return shell.time(message(octets), units: 1)
    }

    static func message(_ octets: Int, domain: String = "example.test") -> [UInt8] {
        var text = "MAIL FROM:<sender@example.org>\r\nRCPT TO:<recipient@\(domain)>\r\nDATA\r\n"
        for _ in 0..<octets / 78 { text += String(repeating: "x", count: 76) + "\r\n" }
        return Array((text + ".\r\n").utf8)
    }
}

enum Allocations {
    /// - Parameter domain: Strings of more than 15 octets live on the heap.
    static func perMessage(domain: String) -> Double {
        var shell = Shell()
        let packet = Pipelined.message(5_000, domain: domain)
        for _ in 0..<100 { shell.feed(packet) }
        let before = allocations_count()
        for _ in 0..<1_000 { shell.feed(packet) }
        return Double(allocations_count() - before) / 1_000
    }
}

struct Shell: ~Copyable {
    private var session: SMTPServerSession
    private var outbox: [UInt8] = []
    private(set) var octets = 0

    init() {
        var limits = SMTPLimits()
        limits.commandsWithoutMail = Int.max
        session = SMTPServerSession(SMTPServerConfiguration(hostname: "mail.example.test", limits: limits))
        session.greet()
        feed(Array("EHLO client.example\r\n".utf8))
        outbox.reserveCapacity(100_000)
    }

    mutating func feed(_ packet: [UInt8]) {
        var offset = 0
        outbox.removeAll(keepingCapacity: true)
        let bytes = packet.span
        while true {
            switch session.next(in: bytes, from: &offset) {
            case .reply(let reply): reply.append(to: &outbox)
            case .ask: session.receive(.accepted)
            case .content(let range): octets &+= range.count
            case .endContent: session.receive(.queued(SpoolID(rawValue: 1)))
            case .openContent, .abortTransaction: break
            case .needsInput: return
            case .cancelAuthentication, .startTLS, .waits, .close: fatalError("the benchmark's session ended")
            }
        }
    }

    /// The best of five runs, in nanoseconds a unit.
    mutating func time(_ packet: [UInt8], units: Int) -> Double {
        var best = Double.infinity
        for _ in 0..<5 {
            let start = ThreadClock.now()
            var rounds = 0
            while rounds & 63 != 0 || ThreadClock.now() - start < 3e8 {
                feed(packet)
                rounds += 1
            }
            best = min(best, (ThreadClock.now() - start) / Double(rounds * units))
        }
        return best
    }
}

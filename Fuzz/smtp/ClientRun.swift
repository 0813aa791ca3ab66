// One client session against a remote server that chance plays.
import FuzzRun
import Mail
import SMTP

enum ClientRun {
    /// - Returns: messages that were finished.
    static func play(_ random: inout SplitMix) -> Int {
        var configuration = SMTPClientConfiguration(
            helloName: "c.example", tls: random.pick([.never, .wanted, .required]))
        configuration.isSecured = random.chance(20)
        if random.chance(40) {
            configuration.credentials = SMTPClientCredentials(
                user: "u", password: Secret("p"), allowsClearText: random.chance(50))
            configuration.hmacMD5 = { key, message in Array((key + message).prefix(16)) }
        }
        var shell = ClientShell(session: SMTPClientSession(configuration))
        for _ in 0..<random.below(60) {
            shell.step(&random)
            if shell.isClosed { break }
        }
        shell.lose()
        precondition(shell.begun == shell.finished, "a message without outcome")
        return shell.finished
    }
}

private struct ClientShell: ~Copyable {
    var session: SMTPClientSession
    var inbox: [UInt8] = []
    var isClosed = false
    var begun = 0
    var finished = 0
    private var isUpgrading = false
    private var isSending = false
    private var recipients = 0

    init(session: consuming SMTPClientSession) { self.session = session }

    mutating func step(_ random: inout SplitMix) {
        switch random.below(12) {
        case 0...1 where begun == finished && !isClosed: begin(&random)
        case 2 where isUpgrading:
            isUpgrading = false
            if random.chance(80) { session.tlsStarted() } else { session.tlsFailed("chance") }
        case 3 where isSending: send(&random)
        case 4 where random.chance(3): session.timedOut()
        case 5 where random.chance(5) && begun == finished: session.quit()
        default:
            inbox += random.pick(Corpus.client).utf8
            if random.chance(5) { inbox[random.below(inbox.count)] = UInt8(truncatingIfNeeded: random.next()) }
        }
        pull()
    }

    mutating func lose() {
        session.connectionLost("the run ends")
        pull()
    }

    private mutating func begin(_ random: inout SplitMix) {
        begun += 1
        recipients = 1 + random.below(4)
        let address = EmailAddress(localPart: random.pick(["a", "b c", "x\r\nQUIT", "ü"]), domain: "d.example")
        session.begin(
            SMTPClientMessage(
                sender: random.chance(50) ? .null : .mailbox(address),
                recipients: Array(repeating: address, count: recipients), size: random.below(200), isEightBit: true))
    }

    private mutating func send(_ random: inout SplitMix) {
        var wire: [UInt8] = []
        let chunk = Array(random.pick(Corpus.server).utf8)
        var offset = 0
        while let piece = session.contentPiece(of: chunk.span, from: &offset) {
            switch piece {
            case .octets(let range): wire += chunk[range]
            case .insertion(let octet): wire.append(octet)
            }
            precondition(wire.count <= 3 * chunk.count + 2, "the stuffer does not stop")
        }
        if random.chance(50) {
            session.endContent()
            isSending = false
        }
    }

    private mutating func pull() {
        var left = 10 * inbox.count + 100
        while true {
            left -= 1
            precondition(left > 0, "the session does not stop")
            var offset = 0
            let bytes = inbox
            let action = session.next(in: bytes.span, from: &offset)
            precondition((0...bytes.count).contains(offset), "an offset outside of the octets")
            inbox.removeFirst(offset)
            switch action {
            case .send(let bytes):
                precondition(bytes.suffix(2) == [13, 10] && !bytes.contains(0), "not a line")
            case .sendSecret: break
            case .startTLS: isUpgrading = true
            case .openContent: isSending = true
            case .abandonContent: isSending = false
            case .finished(let outcomes):
                finished += 1
                precondition(outcomes.count == recipients && finished == begun, "a message finished twice")
            case .failed: break
            case .needsInput, .waits, .ready:
                precondition(inbox.count <= 2048 + 2, "more is kept than a line")
                return
            case .close:
                isClosed = true
                return
            }
        }
    }
}

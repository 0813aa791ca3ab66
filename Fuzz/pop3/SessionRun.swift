// One client from the greeting to the end, twice: all its bytes at once, and in pieces. Both must hear the same, unless one
// of them has met STLS: there it matters what has come already.

import FuzzRun
import POP3

enum SessionRun {
    private static let corpus: [String] = [
        "USER a\r\n", "PASS b\r\n", "USER \u{E9}\r\n", "PASS  x y \r\n", "CAPA\r\n", "STAT\r\n", "LIST\r\n", "LIST 1\r\n",
        "UIDL\r\n", "UIDL 2\r\n", "RETR 1\r\n", "RETR 3\r\n", "TOP 1 0\r\n", "TOP 2 99999999999\r\n", "DELE 1\r\n",
        "DELE 2\r\n", "RSET\r\n", "NOOP\r\n", "QUIT\r\n", "AUTH PLAIN\r\n", "APOP a b\r\n", "STLS\r\n", "\r\n", "\n", "\r",
        " ", "\0", "retr 2 \r\n", "LIST 4294967296\r\n", "TOP 1\r\n", "DELE -1\r\n", "x", String(repeating: "y", count: 300),
        String(repeating: "z", count: 1_500), "\u{FF}\r\n", "AUTH\r\n", "AUTH PLAIN AGEAYg==\r\n", "AUTH PLAIN =\r\n",
        "AUTH CRAM-MD5\r\n", "AGEAYg==\r\n", "*\r\n", "\r\n", "=\r\n", "UTF8\r\n", "LANG\r\n", "LANG *\r\n", "LANG en-GB\r\n",
        "LANG x-\r\n", "APOP a b 00112233445566778899aabbccddeeff\r\n", "AUTH PLAIN " + String(repeating: "QUFB", count: 80),
        String(repeating: "QUFB", count: 80) + "\r\n",
    ]

    /// - Returns: how many actions there were.
    static func play(_ random: inout SplitMix) -> Int {
        var client: [UInt8] = random.below(4) > 0 ? Array("USER a\r\nPASS b\r\n".utf8) : []
        for _ in 0..<random.below(40) {
            var bytes = Array(random.pick(corpus).utf8)
            if random.below(8) == 0, !bytes.isEmpty { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            client += bytes
        }
        let answers = (0..<40).map { _ in random.below(6) }
        let port = Port(&random)
        var whole = Performance(port, answers, messages: random.below(5))
        var pieces = whole
        whole.feed(client[...])
        pieces.feed([])
        var start = 0
        while start < client.count {
            let end = min(client.count, start + 1 + random.below(70))
            pieces.feed(client[start..<end])
            start = end
        }
        if whole.hasMetSTLS || pieces.hasMetSTLS { return whole.actions + pieces.actions }
        precondition(whole.heard == pieces.heard, "other pieces, other replies")
        precondition(whole.actions == pieces.actions, "other pieces, other actions")
        return whole.actions
    }
}

/// Limits and offers, as chance has them.
struct Port {
    var limits = POP3Limits()
    var offer = POP3Offer()
    var isSecured: Bool
    var timestamp: String?
    var uidl: POP3UIDLFormat

    init(_ random: inout SplitMix) {
        // All that a client says here is less than `swallowedLine`, where the pieces would matter.
        limits.leniency = POP3Limits.Leniency(rawValue: UInt8(random.below(8)))
        limits.errors = random.pick([1, 3, 20])
        limits.refusedLogins = random.pick([1, 2, 5])
        limits.commands = random.pick([3, 1_000])
        limits.listingPiece = random.pick([1, 40, 32_768])
        limits.authenticationLine = random.pick([100, 300, 12_288])
        limits.takesPasswords = random.below(4) > 0
        offer.tls = random.pick([.none, .none, .offered, .required])
        offer.mechanisms = random.pick([[], ["PLAIN"], ["CRAM-MD5", "PLAIN"]])
        offer.securedMechanisms = random.pick([[], ["PLAIN"]])
        offer.expiry = random.pick([nil, .never, .days(3, varies: true)])
        isSecured = random.below(4) == 0
        timestamp = random.pick([nil, "<1@b>"])
        uidl = random.pick([.usual, .dovecot, .courier])
    }
}

/// The shells of both rooms in a few lines, with the other rooms' answers in a list.
struct Performance {
    private(set) var heard: [UInt8] = []
    private(set) var actions = 0
    private(set) var hasMetSTLS = false
    private let port: Port
    private var isShakingHands = false
    private var hasChallenge = false
    private var login: POP3LoginSession
    private var maildrop: POP3MaildropSession
    private var isHandedOver = false
    private var isClosed = false
    private var inbox: [UInt8] = []
    private var answers: [Int]

    init(_ port: Port, _ answers: [Int], messages: Int) {
        self.port = port
        self.answers = answers
        login = POP3LoginSession(
            limits: port.limits, offer: port.offer, isSecured: port.isSecured, timestamp: port.timestamp)
        let list = (0..<UInt32(messages)).map { number in
            POP3Message(uid: number * 7 + 1, size: UInt64(number) * 1_000, needsUTF8: number == 2)
        }
        maildrop = POP3MaildropSession(
            uidValidity: 9, messages: list, limits: port.limits, offer: port.offer, uidl: port.uidl,
            isSecured: port.isSecured)
    }

    mutating func feed(_ bytes: ArraySlice<UInt8>) {
        inbox += bytes
        // Each octet can cause some replies at most: a machine that does not stop is found here.
        for _ in 0..<(20 * (inbox.count + 100)) {
            let count = inbox.count
            let goesOn = isHandedOver ? stepMaildrop() : stepLogin()
            precondition(inbox.count <= count, "octets that were not given")
            if !goesOn {
                let longest = max(port.limits.commandLine, port.limits.authenticationLine)
                precondition(inbox.count <= longest + 1 || isClosed, "more than a line is kept")
                return
            }
        }
        preconditionFailure("the machine does not stop")
    }

    private mutating func answer() -> Int { answers.isEmpty ? 0 : answers.removeFirst() }

    private mutating func stepLogin() -> Bool {
        var offset = 0
        let bytes = inbox
        let action = login.next(in: bytes.span, from: &offset)
        inbox.removeFirst(offset)
        switch action {
        case .needsInput: return false
        case .waits:
            precondition(isShakingHands, "nothing was asked")
            return false
        case .reply(let reply):
            precondition(!isShakingHands, "something is said in the midst of a handshake")
            hear(reply)
        case .write(let bytes): hear(bytes)
        case .authenticate(let credentials):
            precondition(!credentials.user.isEmpty && !credentials.password.bytes.isEmpty)
            receive(isExchange: false)
        case .verifyDigest(let digest):
            precondition(digest.digest.bytes.count == 16 && !digest.user.isEmpty && digest.timestamp == port.timestamp)
            receive(isExchange: false)
        case .exchange(let exchange):
            if case .response = exchange { precondition(hasChallenge, "a response to nothing") }
            receive(isExchange: true)
        case .cancelExchange:
            precondition(hasChallenge, "nothing to cancel")
            hasChallenge = false
        case .startTLS: shakeHands()
        case .handOver: isHandedOver = true
        case .close:
            isClosed = true
            return false
        }
        actions += 1
        return true
    }

    private mutating func receive(isExchange: Bool) {
        hasChallenge = false
        switch answer() {
        case 0, 1: login.receive(.granted)
        case 2: login.receive(.refused)
        case 3: login.receive(.tooSoon)
        case 4 where isExchange:
            hasChallenge = true
            login.receive(.challenge([1, 2, 3]))
        default: login.receive(.unavailable)
        }
    }

    private mutating func shakeHands() {
        precondition(port.offer.tls != .none && !login.isSecured && !hasMetSTLS, "TLS that was not offered")
        (hasMetSTLS, isShakingHands, inbox) = (true, true, [])
        guard answer() < 3 else { return }
        isShakingHands = false
        login.secured()
    }

    private mutating func stepMaildrop() -> Bool {
        var offset = 0
        let bytes = inbox
        let action = maildrop.next(in: bytes.span, from: &offset)
        inbox.removeFirst(offset)
        switch action {
        case .needsInput: return false
        case .waits: preconditionFailure("nothing was asked")
        case .reply(let reply): hear(reply)
        case .write(let bytes): hear(bytes)
        case .retrieve(let retrieval): hear(retrieval.opening)
        case .remove(let uids):
            precondition(!uids.isEmpty && Set(uids).count == uids.count)
            maildrop.receive(answer() < 2 ? .removed : .failed)
        case .close:
            isClosed = true
            return false
        }
        actions += 1
        return true
    }

    private mutating func hear(_ lines: [UInt8]) {
        precondition(lines.suffix(2) == [13, 10], "not a line")
        heard += lines
    }

    private mutating func hear(_ reply: POP3Reply) {
        if reply == .tlsPipelined { hasMetSTLS = true }
        let line = Array(reply.line.utf8)
        let isLine = line.suffix(2) == [13, 10] && line.dropLast(2).allSatisfy { (0x20...0x7E).contains($0) }
        precondition(isLine && (line.starts(with: Array("+OK".utf8)) || line.starts(with: Array("-ERR".utf8))))
        heard += line
    }
}

// One client from the greeting to the end, twice: all its bytes at once, and in pieces. Both must hear the same.
import FuzzRun
import POP3

enum SessionRun {
    private static let corpus: [String] = [
        "USER a\r\n", "PASS b\r\n", "USER \u{E9}\r\n", "PASS  x y \r\n", "CAPA\r\n", "STAT\r\n", "LIST\r\n", "LIST 1\r\n",
        "UIDL\r\n", "UIDL 2\r\n", "RETR 1\r\n", "RETR 3\r\n", "TOP 1 0\r\n", "TOP 2 99999999999\r\n", "DELE 1\r\n",
        "DELE 2\r\n", "RSET\r\n", "NOOP\r\n", "QUIT\r\n", "AUTH PLAIN\r\n", "APOP a b\r\n", "STLS\r\n", "\r\n", "\n", "\r",
        " ", "\0", "retr 2 \r\n", "LIST 4294967296\r\n", "TOP 1\r\n", "DELE -1\r\n", "x", String(repeating: "y", count: 300),
        String(repeating: "z", count: 1_500), "\u{FF}\r\n",
    ]

    /// - Returns: how many actions there were.
    static func play(_ random: inout SplitMix) -> Int {
        var client: [UInt8] = random.below(4) > 0 ? Array("USER a\r\nPASS b\r\n".utf8) : []
        for _ in 0..<random.below(40) {
            var bytes = Array(random.pick(corpus).utf8)
            if random.below(8) == 0, !bytes.isEmpty { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            client += bytes
        }
        // All of it is less than `swallowedLine`, where the pieces would matter.
        var limits = POP3Limits()
        limits.leniency = POP3Limits.Leniency(rawValue: UInt8(random.below(4)))
        limits.errors = random.pick([1, 3, 20])
        limits.refusedLogins = random.pick([1, 2])
        limits.listingPiece = random.pick([1, 40, 32_768])
        let answers = (0..<8).map { _ in random.below(4) }
        var whole = Performance(limits, answers, messages: random.below(5))
        var pieces = whole
        whole.feed(client[...])
        pieces.feed([])
        var start = 0
        while start < client.count {
            let end = min(client.count, start + 1 + random.below(70))
            pieces.feed(client[start..<end])
            start = end
        }
        precondition(whole.heard == pieces.heard, "other pieces, other replies")
        precondition(whole.actions == pieces.actions, "other pieces, other actions")
        return whole.actions
    }
}

/// The shells of both rooms in a few lines, with the other rooms' answers in a list.
struct Performance {
    private(set) var heard: [UInt8] = []
    private(set) var actions = 0
    private let limits: POP3Limits
    private var login: POP3LoginSession
    private var maildrop: POP3MaildropSession
    private var isHandedOver = false
    private var isClosed = false
    private var inbox: [UInt8] = []
    private var answers: [Int]

    init(_ limits: POP3Limits, _ answers: [Int], messages: Int) {
        self.limits = limits
        self.answers = answers
        login = POP3LoginSession(limits: limits)
        let list = (0..<messages).map { POP3Message(uid: UInt32($0 * 7 + 1), size: UInt64($0 * 1_000)) }
        maildrop = POP3MaildropSession(uidValidity: 9, messages: list, limits: limits)
    }

    mutating func feed(_ bytes: ArraySlice<UInt8>) {
        inbox += bytes
        // Each octet can cause some replies at most: a machine that does not stop is found here.
        for _ in 0..<(20 * (inbox.count + 100)) {
            let count = inbox.count
            let goesOn = isHandedOver ? stepMaildrop() : stepLogin()
            precondition(inbox.count <= count, "octets that were not given")
            if !goesOn {
                precondition(inbox.count <= limits.commandLine + 1 || isClosed, "more than a line is kept")
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
        case .waits: preconditionFailure("nothing was asked")
        case .reply(let reply): hear(reply)
        case .write(let bytes): heard += bytes
        case .authenticate(let credentials):
            precondition(!credentials.user.isEmpty && !credentials.password.bytes.isEmpty)
            switch answer() {
            case 0, 1: login.receive(.granted)
            case 2: login.receive(.refused)
            default: login.receive(.unavailable)
            }
        case .handOver: isHandedOver = true
        case .close:
            isClosed = true
            return false
        }
        actions += 1
        return true
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
        case .write(let bytes): heard += bytes
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

    private mutating func hear(_ reply: POP3Reply) {
        let line = Array(reply.line.utf8)
        let isLine = line.suffix(2) == [13, 10] && line.dropLast(2).allSatisfy { (0x20...0x7E).contains($0) }
        precondition(isLine && (line.starts(with: Array("+OK".utf8)) || line.starts(with: Array("-ERR".utf8))))
        heard += line
    }
}

// The command word of a line. RFC 5321 §2.4: verbs compare without case.

enum Verb: Equatable {
    case ehlo, helo, lhlo, mail, rcpt, data, bdat, rset, noop, quit, vrfy, expn, help, starttls, auth, xclient
    /// Known to SMTP, not offered here: 502 (RFC 5321 §4.2.4).
    case notImplemented
    case unknown

    /// The verb of the line and where its argument begins: behind the first space, or at the end.
    static func read(_ bytes: borrowing Span<UInt8>, from start: Int, to end: Int) -> (verb: Verb, argument: Int) {
        var index = start
        var word: UInt64 = 0
        while index < end, bytes[index] != 0x20 {
            guard index - start < 8 else { return (.unknown, end) }
            word = word << 8 | UInt64(upper(bytes[index]))
            index += 1
        }
        return (named(word), min(index + 1, end))
    }

    @inline(__always)
    static func upper(_ octet: UInt8) -> UInt8 { octet >= 0x61 && octet <= 0x7A ? octet & 0xDF : octet }

    private static func named(_ word: UInt64) -> Verb {
        switch word {
        case 0x4548_4C4F: .ehlo
        case 0x4845_4C4F: .helo
        case 0x4D41_494C: .mail
        case 0x5243_5054: .rcpt
        case 0x4441_5441: .data
        case 0x5253_4554: .rset
        case 0x4E4F_4F50: .noop
        case 0x5155_4954: .quit
        case 0x5652_4659: .vrfy
        case 0x4558_504E: .expn
        case 0x4845_4C50: .help
        case 0x4244_4154: .bdat
        case 0x4155_5448: .auth
        case 0x4C48_4C4F: .lhlo
        case 0x5354_4152_5454_4C53: .starttls
        case 0x5843_4C49_454E_54: .xclient
        default: others.contains(word) ? .notImplemented : .unknown
        }
    }

    private static let others: [UInt64] = ["BURL", "ETRN", "ATRN", "SEND", "SOML", "SAML", "TURN"].map {
        $0.utf8.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

// RFC 1939 §3, RFC 2449 §4 and §8: status lines and capability lists keep to their form and length.

import Testing

@testable import POP3

@Suite struct ReplyTests {
    static let fixed: [POP3Reply] = [
        .goodbye, .passwordNext, .alive, .beginTLS, .utf8, .refused, .unavailable, .inUse, .damaged, .unreadable, .notRemoved,
        .tooManySessions, .lineTooLong, .unknownCommand, .syntax, .loginFirst, .loggedIn, .nameFirst, .encryptFirst,
        .secureFirst, .alreadySecured, .tlsPipelined, .tlsBeforeUTF8, .unknownMechanism, .notBase64, .cancelled, .tooSoon,
        .unknownLanguage, .needsUTF8, .tooManyCommands, .noSuchMessage, .deletedMessage, .tooManyErrors, .tooManyLogins,
        .forbidden, .readOnly,
    ]

    @Test("RFC 2449 §4: a status line is printable ASCII and at most 512 octets", arguments: fixed)
    func isALine(_ reply: POP3Reply) {
        let line = Array(reply.line.utf8)
        #expect(line.count <= 512 && line.suffix(2) == [13, 10])
        #expect(line.dropLast(2).allSatisfy { (0x20...0x7E).contains($0) })
        #expect(reply.line.hasPrefix(reply.isPositive ? "+OK " : "-ERR "))
    }

    static let coded: [(reply: POP3Reply, beginning: String)] = [
        (.inUse, "-ERR [IN-USE] "), (.tooSoon, "-ERR [LOGIN-DELAY] "), (.refused, "-ERR [AUTH] "),
        (.unavailable, "-ERR [SYS/TEMP] "), (.damaged, "-ERR [SYS/PERM] "), (.needsUTF8, "-ERR [UTF8] "),
        (.forbidden, "-ERR [AUTH] "), (.readOnly, "-ERR [SYS/PERM] "),
    ]

    @Test("RFC 2449 §8, RFC 3206 §3 and §4, RFC 6856 §5: response codes", arguments: coded)
    func hasItsCode(_ row: (reply: POP3Reply, beginning: String)) {
        #expect(row.reply.line.hasPrefix(row.beginning))
    }

    @Test("RFC 3206 §4: AUTH is said only of logins that more or other words of the client may mend")
    func authIsRare() {
        let withAuth = Self.fixed.filter { $0.code == .auth }
        #expect(withAuth == [.refused, .encryptFirst, .secureFirst, .tooManyLogins, .forbidden])
    }

    /// RFC 2449 §5: each line by itself; RFC 1939 §3: none begins with the dot but the last.
    @Test("RFC 2449 §5: capability lists end, and have each tag once", arguments: [true, false], [true, false])
    func capabilities(isSecured: Bool, isLoggedIn: Bool) {
        for tls in [POP3TLSOffer.none, .offered, .required] {
            for takesPasswords in [true, false] {
                var limits = POP3Limits()
                limits.takesPasswords = takesPasswords
                var offer = POP3Offer()
                offer.tls = tls
                offer.mechanisms = ["CRAM-MD5"]
                offer.securedMechanisms = ["CRAM-MD5", "PLAIN"]
                offer.loginDelay = POP3LoginDelay(seconds: 3, varies: true)
                let text = String(
                    decoding: offer.capabilities(isSecured: isSecured, isLoggedIn: isLoggedIn, limits), as: UTF8.self)
                let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
                #expect(lines.first?.hasPrefix("+OK") == true && Array(lines.suffix(2)) == [".", ""])
                let tags = lines.dropFirst().dropLast(2).map { $0.prefix { $0 != " " } }
                #expect(Set(tags).count == tags.count && tags.allSatisfy { !$0.hasPrefix(".") && !$0.isEmpty })
                let isOpen = isSecured || tls != .required
                #expect(tags.contains("STLS") == (tls != .none && !isSecured))
                #expect(tags.contains("USER") == (isSecured || takesPasswords && isOpen))
                #expect(tags.contains("SASL") == isOpen)
                #expect(lines.contains("SASL CRAM-MD5 PLAIN") == isSecured)
                #expect(text.contains("LOGIN-DELAY 3 USER") == !isLoggedIn)
            }
        }
    }

    @Test("RFC 2449 §3: keywords in any case; what only looks like one is none")
    func keywords() {
        for keyword in POP3Keyword.allCases {
            for word in [keyword.rawValue, keyword.rawValue.uppercased(), keyword.rawValue.capitalized] {
                let bytes = Array(word.utf8)
                #expect(POP3Keyword.read(bytes.span, 0..<bytes.count) == keyword)
            }
        }
        for word in ["", "UT", "UTF", "UTF9", "UTF\u{18}", "UTFX", "UTF88", "\u{12}TF8", "US@R", "AUTH\0", "QUI\u{14}", "1234"] {
            let bytes = Array(word.utf8)
            #expect(POP3Keyword.read(bytes.span, 0..<bytes.count) == nil, "\(word)")
        }
    }
}

extension String {
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}

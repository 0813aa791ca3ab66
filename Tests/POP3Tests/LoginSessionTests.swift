// What transcripts do not show of the session before the login: secrets that stay secret, answers that come when they come,
// and the frontier of TLS.

import Mail
import Testing

@testable import POP3

@Suite struct LoginSessionTests {
    typealias Action = POP3LoginSession.Action

    /// Everything that the session does with these bytes until it wants more or waits.
    private func feed(_ text: String, to session: inout POP3LoginSession) -> [Action] {
        let bytes = Array(text.utf8)
        var offset = 0
        var actions: [Action] = []
        while actions.count < 100 {
            let action = session.next(in: bytes.span, from: &offset)
            actions.append(action)
            if [.needsInput, .waits, .close, .handOver, .startTLS].contains(action) { break }
        }
        return actions
    }

    private func session(
        _ tls: POP3TLSOffer = .offered, limits: POP3Limits = POP3Limits(), timestamp: String? = nil
    ) -> POP3LoginSession {
        var offer = POP3Offer()
        offer.tls = tls
        offer.mechanisms = ["PLAIN"]
        offer.securedMechanisms = ["PLAIN"]
        var session = POP3LoginSession(limits: limits, offer: offer, timestamp: timestamp)
        _ = feed("", to: &session)
        return session
    }

    @Test("No action shows a secret when it is printed")
    func secretsStaySecret() {
        for line in [
            "USER a\r\nPASS hunter2\r\n", "AUTH PLAIN aHVudGVyMg==\r\n", "APOP a 68756e7465723268756e746572326875\r\n",
        ] {
            var session = session(timestamp: "<1@b>")
            let actions = feed(line, to: &session)
            let text = actions.map { "\($0) \(String(reflecting: $0))" }.joined()
            #expect(text.contains("***") && !text.contains("hunter") && !text.contains("104, 117"))
        }
        var session = session()
        _ = feed("AUTH PLAIN\r\n", to: &session)
        session.receive(.challenge([]))
        #expect("\(feed("aHVudGVyMg==\r\n", to: &session))".contains("***"))
    }

    @Test("Actions are equal only when their secrets are")
    func comparesSecrets() {
        let begin = { (octets: [UInt8]?) in POP3Exchange.begin(mechanism: "PLAIN", initial: octets.map { Secret($0) }) }
        #expect(begin([1]) == begin([1]) && begin([1]) != begin([2]) && begin(nil) != begin([]) && begin(nil) == begin(nil))
        #expect(POP3Exchange.response(Secret("a")) == .response(Secret("a")))
        #expect(POP3Exchange.response(Secret("a")) != .response(Secret("b")))
        #expect(begin([]) != .response(Secret("")))
        let digest = { POP3DigestLogin(user: "a", timestamp: "<1@b>", digest: Secret($0 as [UInt8])) }
        #expect(digest([1]) == digest([1]) && digest([1]) != digest([2]))
        let login = { POP3Credentials(user: "a", password: Secret($0 as String)) }
        #expect(login("a") == login("a") && login("a") != login("b"))
    }

    @Test("While a question is open nothing is read, however often the session is asked")
    func waitsForTheAnswer() {
        var session = session()
        #expect(feed("AUTH PLAIN =\r\nQUIT\r\n", to: &session).last == .waits)
        #expect(feed("QUIT\r\n", to: &session) == [.waits])
        session.receive(.refused)
        #expect(feed("QUIT\r\n", to: &session) == [.reply(.refused), .reply(.goodbye), .close])
    }

    @Test("RFC 2595 §4: what comes in clear between STLS and TLS ends the session without a word")
    func nothingInClearDuringTheHandshake() {
        var session = session()
        #expect(feed("STLS\r\n", to: &session) == [.reply(.beginTLS), .startTLS])
        #expect(feed("", to: &session) == [.waits])
        #expect(feed("CAPA\r\n", to: &session) == [.close])
        session.secured()
        #expect(feed("CAPA\r\n", to: &session) == [.close])
        #expect(!session.isSecured)
    }

    /// Every way to put one octet behind STLS that is there when the line is read.
    @Test("RFC 2595 §4: one octet behind STLS is too much", arguments: ["\r\n", "\n", " ", "\0", "\u{16}\u{3}\u{1}", "STLS\r\n"])
    func nothingBehindSTLS(_ rest: String) {
        var session = session()
        #expect(feed("STLS\r\n" + rest, to: &session) == [.reply(.tlsPipelined), .close])
    }

    @Test("RFC 2595 §4: `secured` counts only when it was asked for")
    func securedOutOfTurn() {
        var session = session()
        session.secured()
        #expect(!session.isSecured)
        _ = feed("STLS\r\n", to: &session)
        session.secured()
        #expect(session.isSecured)
        session.secured()
        #expect(feed("STLS\r\n", to: &session) == [.reply(.alreadySecured), .needsInput])
    }

    @Test("RFC 6856 §2: what the store must be told at the hand-over")
    func handsOverWhatWasSaid() {
        var session = session()
        _ = feed("STLS\r\n", to: &session)
        session.secured()
        _ = feed("UTF8\r\nAUTH PLAIN =\r\n", to: &session)
        session.receive(.granted)
        #expect(feed("STAT\r\n", to: &session) == [.handOver])
        #expect(session.isSecured && session.isUTF8)
        #expect(feed("STAT\r\n", to: &session) == [.handOver])
    }

    @Test("RFC 5034 §4: what is pipelined behind AUTH and its answers goes to the store untouched")
    func handsOverTheRest() {
        var session = session()
        let bytes = Array("AUTH PLAIN\r\nAGEAYg==\r\nSTAT\r\n".utf8)
        var offset = 0
        #expect(session.next(in: bytes.span, from: &offset) == .exchange(.begin(mechanism: "PLAIN", initial: nil)))
        #expect(session.next(in: bytes.span, from: &offset) == .waits)
        session.receive(.challenge([]))
        #expect(session.next(in: bytes.span, from: &offset) == .write(Array("+ \r\n".utf8)))
        #expect(session.next(in: bytes.span, from: &offset) == .exchange(.response(Secret("\0a\0b"))))
        session.receive(.granted)
        #expect(session.next(in: bytes.span, from: &offset) == .handOver)
        #expect(bytes[offset...].elementsEqual(Array("STAT\r\n".utf8)))
    }

    @Test("A line is searched once, however small the pieces that it comes in")
    func longLinesInSmallPieces() {
        var session = session()
        let line = Array(("AUTH PLAIN " + String(repeating: "QUFB", count: 3_000) + "\r\n").utf8)
        var inbox: [UInt8] = []
        var offset = 0
        for octet in line.dropLast() {
            inbox.append(octet)
            offset = 0
            #expect(session.next(in: inbox.span, from: &offset) == .needsInput)
            #expect(offset == 0)
        }
        inbox.append(10)
        guard case .exchange(.begin("PLAIN", let initial?)) = session.next(in: inbox.span, from: &offset) else {
            Issue.record("no exchange has begun")
            return
        }
        #expect(initial.bytes.count == 9_000 && offset == inbox.count)
    }
}

// The client session against remotes that follow a script: what it says, and which outcome each recipient gets.
import Mail
import Testing

@testable import SMTP

private func note(_ words: String, at place: SourceLocation = #_sourceLocation) {
    Issue.record("\(words)", sourceLocation: place)
}

/// The shell of a client session; the remote's lines come from the test.
private final class Remote {
    var session: SMTPClientSession
    /// What the client did since the last look: lines as sent, and other actions by their names.
    var seen: [String] = []
    var outcomes: [SMTPClientOutcome]?
    var failure: AttemptFailure?
    var isClosed = false
    private var inbox: [UInt8] = []
    private let readSize: Int
    private let content: [UInt8]

    init(_ configuration: SMTPClientConfiguration, readSize: Int = 4096, content: String = "Hi\r\n.dot\r\n") {
        session = SMTPClientSession(configuration)
        self.readSize = readSize
        self.content = Array(content.utf8)
    }

    /// - Returns: what the client did when it heard this.
    func says(_ lines: String...) -> [String] {
        var rest = Array(lines.map { $0 + "\r\n" }.joined().utf8)[...]
        repeat {
            inbox += rest.prefix(readSize)
            rest = rest.dropFirst(readSize)
            pull()
        } while !rest.isEmpty
        defer { seen = [] }
        return seen
    }

    func does(_ act: (inout SMTPClientSession) -> Void) -> [String] {
        act(&session)
        pull()
        defer { seen = [] }
        return seen
    }

    private func pull() {
        while true {
            var offset = 0
            let bytes = inbox
            let action = session.next(in: bytes.span, from: &offset)
            inbox.removeFirst(offset)
            switch action {
            case .send(let bytes): see(bytes)
            case .sendSecret(let line):
                #expect("\(line) \(action)".contains("*** "))
                see(line.bytes)
            case .startTLS: seen.append("[tls]")
            case .openContent: sendContent()
            case .abandonContent: seen.append("[abandon]")
            case .finished(let outcomes):
                #expect(self.outcomes == nil)
                self.outcomes = outcomes
            case .failed(let failure): self.failure = failure
            case .needsInput, .waits, .ready: return
            case .close:
                isClosed = true
                return
            }
        }
    }

    private func sendContent() {
        var wire: [UInt8] = []
        for start in stride(from: 0, to: content.count, by: readSize) {
            let chunk = Array(content[start..<min(start + readSize, content.count)])
            var offset = 0
            while let piece = session.contentPiece(of: chunk.span, from: &offset) {
                switch piece {
                case .octets(let range): wire += chunk[range]
                case .insertion(let octet): wire.append(octet)
                }
            }
        }
        if !wire.isEmpty { see(wire) }
        session.endContent()
    }

    private func see(_ bytes: [UInt8]) {
        seen += String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n").split(separator: "\n").map(
            String.init)
    }
}

struct SMTPClientSessionTests {
    static let sender = SenderPath.mailbox(EmailAddress(localPart: "s", domain: "from.example"))
    static func message(_ count: Int = 1, size: Int = 10, isEightBit: Bool = false) -> SMTPClientMessage {
        let recipients = (1...count).map { EmailAddress(localPart: "r\($0)", domain: "to.example") }
        return SMTPClientMessage(sender: sender, recipients: recipients, size: size, isEightBit: isEightBit)
    }
    static let plain = SMTPClientConfiguration(helloName: "me.example")

    @Test(arguments: [1, 3, 7, 4096])
    func onePipelinedMessage(readSize: Int) {
        let remote = Remote(Self.plain, readSize: readSize)
        remote.session.begin(Self.message(2, isEightBit: true))
        #expect(remote.says("220-hi", "220 there") == ["EHLO me.example"])
        #expect(
            remote.says("250-remote", "250-PIPELINING", "250-SIZE 1000", "250 8BITMIME") == [
                "MAIL FROM:<s@from.example> SIZE=10 BODY=8BITMIME", "RCPT TO:<r1@to.example>",
                "RCPT TO:<r2@to.example>", "DATA",
            ])
        #expect(remote.says("250 2.1.0 ok", "250 ok", "550-5.1.1 No", "550 5.1.1 such user") == [])
        #expect(remote.says("354 go") == ["Hi", "..dot", "."])
        #expect(remote.outcomes == nil)
        #expect(remote.says("250 2.0.0 Queued as 7") == [])
        #expect(remote.outcomes?[0] == .delivered(RemoteReply(code: 250, status: "2.0.0", text: "2.0.0 Queued as 7")))
        guard case .failed(let failure)? = remote.outcomes?[1] else { return note("not failed") }
        #expect(
            failure.reason == .recipientRejected && failure.phase == .recipient
                && failure.status(isPermanent: true) == "5.1.1")
        #expect(failure.reply?.line == "550 5.1.1 No 5.1.1 such user")
        #expect(remote.does { $0.quit() } == ["QUIT"])
        #expect(remote.says("221 bye") == [] && remote.isClosed)
    }

    /// RFC 3461 §5.2.1: what the sender said of reports goes on, where it is understood, and nowhere else.
    @Test(arguments: [true, false])
    func wishesForReportsArePassedOn(isOffered: Bool) {
        let remote = Remote(Self.plain)
        var message = Self.message(5)
        message.envelopeID = "a+b=c d"
        message.returns = .headers
        message.wishes = [
            ReportWish(notify: .never, original: nil),
            ReportWish(notify: [.success, .failure, .delay], original: "rfc822;old+tag@to.example"),
            ReportWish(notify: nil, original: "utf-8;jürgen@to.example"),
            ReportWish(notify: .success, original: "rfc822;" + String(repeating: "a", count: 481)),
        ]
        remote.session.begin(message)
        _ = remote.says("220 hi")
        let lines = remote.says("250-remote", "250-PIPELINING", isOffered ? "250 DSN" : "250 HELP")
        let bare = (1...5).map { "RCPT TO:<r\($0)@to.example>" }
        let wishes = [
            " NOTIFY=NEVER", " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;old+2Btag@to.example", "", " NOTIFY=SUCCESS", "",
        ]
        if isOffered {
            #expect(lines == ["MAIL FROM:<s@from.example> RET=HDRS ENVID=a+2Bb+3Dc+20d"] + zip(bare, wishes).map(+) + ["DATA"])
        } else {
            #expect(lines == ["MAIL FROM:<s@from.example>"] + bare + ["DATA"])
        }
    }

    @Test func oneCommandAtATimeWithoutPipelining() {
        let remote = Remote(Self.plain)
        remote.session.begin(Self.message(2))
        _ = remote.says("220 hi")
        #expect(remote.says("250 remote") == ["MAIL FROM:<s@from.example>"])
        #expect(remote.says("250 ok") == ["RCPT TO:<r1@to.example>"])
        #expect(remote.says("250 ok") == ["RCPT TO:<r2@to.example>"])
        #expect(remote.says("450 4.2.0 later") == ["DATA"])
        #expect(remote.says("354 go") == ["Hi", "..dot", "."])
        _ = remote.says("250 ok")
        #expect(remote.outcomes?.count == 2)
        guard case .delivered? = remote.outcomes?[0], case .deferred? = remote.outcomes?[1] else {
            return note("\(String(describing: remote.outcomes))")
        }
    }

    /// Behind a transaction that the remote still has open, RSET comes first.
    @Test func severalMessagesOverOneConnection() {
        let remote = Remote(Self.plain)
        remote.session.begin(Self.message())
        _ = remote.says("220 hi")
        _ = remote.says("250-remote", "250 PIPELINING")
        #expect(remote.says("250 ok", "550 no", "554 no valid recipients") == [])
        #expect(remote.outcomes?.count == 1)
        remote.outcomes = nil
        #expect(
            remote.does { $0.begin(Self.message()) } == [
                "RSET", "MAIL FROM:<s@from.example>", "RCPT TO:<r1@to.example>", "DATA",
            ])
        #expect(remote.says("250 flushed", "250 ok", "250 ok", "354 go") == ["Hi", "..dot", "."])
        _ = remote.says("250 ok")
        guard case .delivered? = remote.outcomes?[0] else { return note("not delivered") }
        remote.outcomes = nil
        #expect(remote.does { $0.begin(Self.message()) }.first == "MAIL FROM:<s@from.example>")
    }

    /// RFC 2920 §3.1: 354 for nobody is answered with an empty message.
    @Test func theEmptyMessageForNobody() {
        let remote = Remote(Self.plain)
        remote.session.begin(Self.message())
        _ = remote.says("220 hi")
        _ = remote.says("250-remote", "250 PIPELINING")
        #expect(remote.says("550 5.7.1 no", "503 first", "354 go") == ["."])
        #expect(remote.outcomes == nil)
        _ = remote.says("554 none")
        guard case .failed(let failure)? = remote.outcomes?[0] else { return note("not failed") }
        #expect(failure.reason == .senderRejected)
    }

    struct Ending: Sendable, CustomStringConvertible {
        var description: String
        var replies: [String]
        var reason: AttemptClass
        var phase: AttemptPhase
        var isPermanent = false
    }

    static let endings = [
        Ending(description: "greeting 554", replies: ["554 no"], reason: .remoteRefusedGreeting, phase: .greeting),
        Ending(description: "greeting 421", replies: ["421 busy"], reason: .remoteRefusedGreeting, phase: .greeting),
        Ending(description: "no greeting", replies: ["hello"], reason: .malformedReply, phase: .greeting),
        Ending(description: "EHLO 4yz", replies: ["220 a", "450 x"], reason: .remoteRejectedHelo, phase: .hello),
        Ending(
            description: "EHLO and HELO 5yz", replies: ["220 a", "502 x", "550 bad name"], reason: .remoteRejectedHelo,
            phase: .plainHello, isPermanent: true),
        Ending(
            description: "HELO 4yz", replies: ["220 a", "502 x", "450 y"], reason: .remoteRejectedHelo,
            phase: .plainHello),
        Ending(description: "421 at EHLO", replies: ["220 a", "421 x"], reason: .remoteClosing, phase: .hello),
        Ending(
            description: "421 at MAIL", replies: ["220 a", "250 b", "421 x"], reason: .remoteClosing, phase: .sender),
        Ending(
            description: "MAIL 550", replies: ["220 a", "250 b", "550 x"], reason: .senderRejected, phase: .sender,
            isPermanent: true),
        Ending(description: "MAIL 451", replies: ["220 a", "250 b", "451 x"], reason: .senderRejected, phase: .sender),
        Ending(
            description: "RCPT 552", replies: ["220 a", "250 b", "250 c", "552 x"], reason: .recipientRejected,
            phase: .recipient),
        Ending(
            description: "421 at RCPT", replies: ["220 a", "250 b", "250 c", "421 x"], reason: .remoteClosing,
            phase: .recipient),
        Ending(
            description: "DATA 451", replies: ["220 a", "250 b", "250 c", "250 d", "451 x"], reason: .dataRejected,
            phase: .data),
        Ending(
            description: "DATA 250", replies: ["220 a", "250 b", "250 c", "250 d", "250 x"], reason: .malformedReply,
            phase: .data),
        Ending(
            description: "dot 552", replies: ["220 a", "250 b", "250 c", "250 d", "354 e", "552 x"],
            reason: .contentRejected,
            phase: .endOfContent, isPermanent: true),
        Ending(
            description: "dot 452", replies: ["220 a", "250 b", "250 c", "250 d", "354 e", "452 x"],
            reason: .contentRejected,
            phase: .endOfContent),
        Ending(
            description: "dot 421", replies: ["220 a", "250 b", "250 c", "250 d", "354 e", "421 x"],
            reason: .remoteClosing,
            phase: .endOfContent),
        Ending(
            description: "codes that differ", replies: ["220 a", "250-b\r\n251 c"], reason: .malformedReply,
            phase: .hello),
    ]

    @Test(arguments: endings)
    func endsAs(ending: Ending) {
        let remote = Remote(Self.plain)
        remote.session.begin(Self.message())
        for reply in ending.replies { _ = remote.says(reply) }
        let failure: AttemptFailure
        switch remote.outcomes?.first {
        case .deferred(let value)? where !ending.isPermanent: failure = value
        case .failed(let value)? where ending.isPermanent: failure = value
        default: return note("\(String(describing: remote.outcomes))")
        }
        #expect(failure.reason == ending.reason && failure.phase == ending.phase)
        if ending.reason == .remoteRejectedHelo { #expect(failure.text.contains("(30012)")) }
    }

    /// Whenever the line breaks, mail is deferred with the truth about how far it came; never failed, never lost.
    @Test func lostAnywhere() {
        let replies = ["220 a", "250 b", "250 c", "250 d", "354 e"]
        let phases: [AttemptPhase] = [.greeting, .hello, .sender, .recipient, .data, .endOfContent]
        for count in 0...replies.count {
            let remote = Remote(Self.plain)
            remote.session.begin(Self.message())
            for reply in replies[..<count] { _ = remote.says(reply) }
            _ = remote.does { count % 2 == 0 ? $0.connectionLost("reset") : $0.timedOut() }
            guard case .deferred(let failure)? = remote.outcomes?[0] else { return note("not deferred") }
            #expect(failure.phase == phases[count] && failure.reason == (count % 2 == 0 ? .connectionLost : .timedOut))
            #expect(remote.isClosed)
        }
        #expect(AttemptPhase.endOfContent.rawValue.contains("message may be sent more than once"))
    }

    @Test func refusedInTheMiddleOfContent() {
        var session = SMTPClientSession(Self.plain)
        session.begin(Self.message())
        func hear(_ text: String) -> [SMTPClientAction] {
            var actions: [SMTPClientAction] = []
            let bytes = Array(text.utf8)
            var offset = 0
            while true {
                let action = session.next(in: bytes.span, from: &offset)
                actions.append(action)
                switch action {
                case .needsInput, .waits, .ready, .close: return actions
                default: continue
                }
            }
        }
        for reply in ["220 a\r\n", "250 b\r\n", "250 c\r\n", "250 d\r\n"] { _ = hear(reply) }
        #expect(hear("354 e\r\n") == [.openContent, .waits])
        let actions = hear("552 5.3.4 Too much\r\n")
        #expect(actions.first == .abandonContent && actions.last == .close && actions.count == 3)
        guard case .finished(let outcomes) = actions[1], case .failed(let failure) = outcomes[0] else {
            return note("\(actions)")
        }
        #expect(failure.phase == .content && failure.reason == .contentRejected)
    }

    @Test func tooLargeForTheRemote() {
        let remote = Remote(Self.plain)
        remote.session.begin(Self.message(size: 1001))
        _ = remote.says("220 hi")
        #expect(remote.says("250-a", "250 SIZE 1000") == [])
        guard case .failed(let failure)? = remote.outcomes?[0] else { return note("not failed") }
        #expect(failure.reason == .messageTooLarge && failure.status(isPermanent: true) == "5.3.4")
    }

    /// A line end in an address is no command; an octet above 127 is not sent without SMTPUTF8. Others get their mail.
    @Test func unsendableAddresses() {
        let remote = Remote(Self.plain)
        var message = Self.message(3)
        message.recipients[0] = EmailAddress(localPart: "x>\r\nRCPT TO:<evil", domain: "to.example")
        message.recipients[2] = EmailAddress(localPart: "ü", domain: "to.example")
        remote.session.begin(message)
        _ = remote.says("220 hi")
        #expect(
            remote.says("250-a", "250 PIPELINING") == ["MAIL FROM:<s@from.example>", "RCPT TO:<r2@to.example>", "DATA"])
        _ = remote.says("250 a", "250 b", "354 c")
        _ = remote.says("250 d")
        guard case .failed? = remote.outcomes?[0], case .delivered? = remote.outcomes?[1],
            case .failed? = remote.outcomes?[2]
        else { return note("\(String(describing: remote.outcomes))") }
    }

    @Test func theNullSender() {
        let remote = Remote(Self.plain)
        var message = Self.message()
        message.sender = .null
        remote.session.begin(message)
        _ = remote.says("220 hi")
        #expect(remote.says("250 a") == ["MAIL FROM:<>"])
    }

    @Test func lostBetweenMessages() {
        let remote = Remote(Self.plain)
        _ = remote.says("220 hi")
        _ = remote.says("250 a")
        #expect(remote.says("421 idle for too long") == [] && remote.isClosed)
        #expect(remote.failure?.reason == .remoteClosing && remote.failure?.phase == .idle)
    }

    /// A reply has an end; and what is kept of it too.
    @Test func boundedReplies() {
        let endless = Remote(Self.plain)
        endless.session.begin(Self.message())
        for _ in 0..<300 where !endless.isClosed { _ = endless.says("220-again") }
        #expect(endless.isClosed)
        let long = Remote(Self.plain)
        long.session.begin(Self.message())
        _ = long.says("220 hi")
        _ = long.says("250 a")
        _ = long.says(
            (0..<9).map { _ in "550-" + String(repeating: "w", count: 1000) }.joined(separator: "\r\n"), "550 end")
        guard case .failed(let failure)? = long.outcomes?[0] else { return note("not failed") }
        #expect(failure.reply!.text.utf8.count == 4096)
    }
}

struct ClientTLSTests {
    fileprivate static func remote(
        _ policy: SMTPClientConfiguration.TLSPolicy, credentials: SMTPClientCredentials? = nil
    ) -> Remote {
        let remote = Remote(SMTPClientConfiguration(helloName: "me", tls: policy, credentials: credentials))
        remote.session.begin(SMTPClientSessionTests.message())
        return remote
    }

    /// P-07: EHLO, STARTTLS, EHLO again; what was announced or injected in clear is forgotten.
    @Test func upgrade() {
        let remote = Self.remote(.wanted)
        _ = remote.says("220 hi")
        #expect(remote.says("250-a", "250-PIPELINING", "250 STARTTLS") == ["STARTTLS"])
        #expect(remote.says("220 go", "250-injected", "250 AUTH PLAIN") == ["[tls]"])
        #expect(remote.does { $0.tlsStarted() } == ["EHLO me"])
        #expect(remote.session.capabilities == SMTPCapabilities() && remote.session.isSecured)
        #expect(remote.says("250 a") == ["MAIL FROM:<s@from.example>"])
    }

    @Test func notOffered() {
        let wanted = Self.remote(.wanted)
        _ = wanted.says("220 hi")
        #expect(wanted.says("250 a") == ["MAIL FROM:<s@from.example>"])
        let required = Self.remote(.required)
        _ = required.says("220 hi")
        #expect(required.says("250 a") == ["QUIT"])
        guard case .deferred(let failure)? = required.outcomes?[0] else { return note("not deferred") }
        #expect(failure.reason == .tlsRequired && failure.status(isPermanent: false) == "4.7.0")
    }

    @Test func refused() {
        let wanted = Self.remote(.wanted)
        _ = wanted.says("220 hi")
        _ = wanted.says("250-a", "250 STARTTLS")
        #expect(wanted.says("454 not now") == ["MAIL FROM:<s@from.example>"])
        let required = Self.remote(.required)
        _ = required.says("220 hi")
        _ = required.says("250-a", "250 STARTTLS")
        #expect(required.says("454 not now") == ["QUIT"] && required.isClosed)
    }

    @Test func neverAndFailedAndNoEHLO() {
        let never = Self.remote(.never)
        _ = never.says("220 hi")
        #expect(never.says("250-a", "250 STARTTLS") == ["MAIL FROM:<s@from.example>"])
        let failed = Self.remote(.wanted)
        _ = failed.says("220 hi")
        _ = failed.says("250-a", "250 STARTTLS")
        _ = failed.says("220 go")
        #expect(failed.does { $0.tlsFailed("bad certificate") } == [] && failed.isClosed)
        guard case .deferred(let failure)? = failed.outcomes?[0] else { return note("not deferred") }
        #expect(failure.reason == .tlsFailed)
        // P-08
        let old = Self.remote(.required)
        _ = old.says("220 hi")
        #expect(old.says("500 what") == ["HELO me"])
        _ = old.says("250 a")
        guard case .deferred(let noEHLO)? = old.outcomes?[0] else { return note("not deferred") }
        #expect(noEHLO.reason == .noEHLO)
    }
}

struct ClientAuthenticationTests {
    fileprivate static func remote(
        _ mechanisms: [SMTPClientCredentials.Mechanism], clear: Bool = true, password: String = "pass"
    ) -> Remote {
        let credentials = SMTPClientCredentials(
            user: "tim", password: Secret(password), mechanisms: mechanisms, allowsClearText: clear)
        var configuration = SMTPClientConfiguration(helloName: "me", tls: .never, credentials: credentials)
        configuration.hmacMD5 = { key, message in
            // RFC 2195 §2's example, as a table: the function itself is the caller's.
            String(decoding: key, as: UTF8.self) == "tanstaaftanstaaf"
                && String(decoding: message, as: UTF8.self) == "<1896.697170952@postoffice.reston.mci.net>"
                ? [0xb9, 0x13, 0xa6, 0x02, 0xc7, 0xed, 0xa7, 0xa4, 0x95, 0xb4, 0xe6, 0xe7, 0x33, 0x4d, 0x38, 0x90] : []
        }
        let remote = Remote(configuration)
        remote.session.begin(SMTPClientSessionTests.message())
        return remote
    }

    @Test func plain() {
        let remote = Self.remote([.plain])
        _ = remote.says("220 hi")
        #expect(remote.says("250-a", "250 AUTH PLAIN LOGIN") == ["AUTH PLAIN AHRpbQBwYXNz"])
        #expect(remote.says("235 in") == ["MAIL FROM:<s@from.example>"])
    }

    @Test func login() {
        let remote = Self.remote([.login])
        _ = remote.says("220 hi")
        #expect(remote.says("250-a", "250 AUTH=LOGIN") == ["AUTH LOGIN"])
        #expect(remote.says("334 VXNlcm5hbWU6") == ["dGlt"])
        #expect(remote.says("334 UGFzc3dvcmQ6") == ["cGFzcw=="])
        #expect(remote.says("235 in") == ["MAIL FROM:<s@from.example>"])
    }

    /// RFC 2195 §2.
    @Test func cramMD5() {
        let remote = Self.remote([.cramMD5], clear: false, password: "tanstaaftanstaaf")
        _ = remote.says("220 hi")
        #expect(remote.says("250-a", "250 AUTH CRAM-MD5") == ["AUTH CRAM-MD5"])
        #expect(
            remote.says("334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+") == [
                "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"
            ])
        #expect(remote.says("235 in") == ["MAIL FROM:<s@from.example>"])
    }

    /// P-10: the next mechanism in the same session; P-11: deferred when none is left.
    @Test func ladder() {
        let remote = Self.remote([.cramMD5, .plain, .login])
        _ = remote.says("220 hi")
        #expect(remote.says("250-a", "250 AUTH PLAIN CRAM-MD5") == ["AUTH CRAM-MD5"])
        #expect(remote.says("535 5.7.8 no") == ["AUTH PLAIN AHRpbQBwYXNz"])
        #expect(remote.says("535 5.7.8 no") == ["QUIT"])
        guard case .deferred(let failure)? = remote.outcomes?[0] else { return note("not deferred") }
        #expect(failure.reason == .authRejected && failure.phase == .authenticating)
    }

    @Test func thePasswordIsNotSentInClear() {
        let remote = Self.remote([.plain, .login], clear: false)
        _ = remote.says("220 hi")
        #expect(remote.says("250-a", "250 AUTH PLAIN LOGIN") == ["QUIT"])
        guard case .deferred(let failure)? = remote.outcomes?[0] else { return note("not deferred") }
        #expect(failure.reason == .authUnavailable)
    }

    @Test func aChallengeThatIsNoneAndALoginWithoutEnd() {
        let remote = Self.remote([.cramMD5, .plain])
        _ = remote.says("220 hi")
        _ = remote.says("250-a", "250 AUTH PLAIN CRAM-MD5")
        #expect(remote.says("334 !") == ["*"])
        #expect(remote.says("501 cancelled").first?.hasPrefix("AUTH PLAIN") == true)
        for _ in 0..<10 where !remote.isClosed { _ = remote.says("334 ") }
        #expect(remote.isClosed)
    }
}

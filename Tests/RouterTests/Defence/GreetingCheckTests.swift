// HELO and EHLO arguments (FEATURES 2.3, T-19), row by row.

import Mail
import Testing

@testable import router

@Suite struct GreetingCheckTests {
    typealias Reason = GreetingCheck.Reason
    static let own = ["198.51.100.25", "2001:db8::25", "10.0.0.25"].map { InternetAddress($0)! }

    static func check(_ strictness: GreetingCheck.Strictness) -> GreetingCheck {
        GreetingCheck(
            GreetingCheck.Settings(
                malformed: strictness, bareAddress: strictness, ours: strictness, otherAddress: strictness,
                unqualified: strictness),
            ourNames: ["Mail.Example.org.", "mailbox1"])
    }

    static func judge(
        _ check: GreetingCheck, _ greeting: String, from client: String = "203.0.113.7", isExempt: Bool = false
    ) -> GreetingCheck.Result {
        check.judge(greeting, from: InternetAddress(client)!, isOurs: { own.contains($0) }, isExempt: isExempt)
    }

    static func refusal(_ check: GreetingCheck, _ greeting: String) -> Refusal? {
        guard case .refuse(let refusal) = judge(check, greeting) else { return nil }
        return refusal
    }

    @Test(arguments: [
        "host.example.net", "HOST.Example.NET", "host.example.net.", "a.b", "xn--mller-kva.example", "müller.example",
        "under_score.example.net", "1.2.3.example", "[203.0.113.7]", "sub.mail.example.org", "example.org", "4com.net",
    ])
    func whatAnHonestHostSays(greeting: String) { #expect(Self.judge(Self.check(.refuse), greeting) == .ok) }

    @Test(arguments: [
        ("", Reason.malformed), (" ", .malformed), ("a b.example", .malformed), ("-a.example", .malformed),
        ("a-.example", .malformed), ("a..example", .malformed), (".example.net", .malformed), ("example.net..", .malformed),
        (".", .malformed), ("user@example.net", .malformed), ("<host.example>", .malformed), ("a!b.example", .malformed),
        (String(repeating: "a", count: 64) + ".example", .malformed), (String(repeating: "a.", count: 128) + "a", .malformed),
        ("10.0.0", .malformed), ("256.1.1.1", .malformed), ("1.2.3.4.5", .malformed), ("12345", .malformed),
        ("[203.0.113.7", .malformed), ("203.0.113.7]", .malformed), ("[]", .malformed), ("[host.example]", .malformed),
        ("[", .malformed), ("[IPv6:]", .malformed), ("[IPv6:203.0.113.7]", .malformed), ("[2001:db8::7]", .malformed),
        ("[203.0.113.7] ", .malformed), ("[IPv6:2001:db8::7%eth0]", .malformed), ("a\u{0}.example", .malformed),
        ("203.0.113.7", .bareAddress), ("192.0.2.1", .bareAddress), ("2001:db8::7", .bareAddress),
        ("mail.example.org", .ourName), ("MAIL.example.ORG", .ourName), ("mail.example.org.", .ourName),
        ("mailbox1", .ourName), ("198.51.100.25", .ourAddress), ("[198.51.100.25]", .ourAddress),
        ("[IPv6:2001:DB8::25]", .ourAddress), ("[127.0.0.1]", .ourAddress), ("127.0.0.1", .ourAddress),
        ("[IPv6:::1]", .ourAddress), ("[203.0.113.8]", .otherAddress), ("[192.168.1.5]", .otherAddress),
        ("[IPv6:2001:db8::7]", .otherAddress), ("localhost", .unqualified), ("scanner", .unqualified), ("x.", .unqualified),
    ])
    func whatAStrangerShouldNotSay(greeting: String, reason: Reason) throws {
        #expect(Self.judge(Self.check(.log), greeting) == .suspicious(reason))
        #expect(Self.judge(Self.check(.off), greeting) == .ok)
        #expect(Self.judge(Self.check(.refuse), greeting, isExempt: true) == .ok)
        let refusal = try #require(Self.refusal(Self.check(.refuse), greeting))
        let codes: [Reason: (UInt16, String)] = [
            .malformed: (501, "5.5.2"), .bareAddress: (504, "5.5.2"), .unqualified: (504, "5.5.2"),
            .ourName: (550, "5.7.1"), .ourAddress: (550, "5.7.1"), .otherAddress: (550, "5.7.1"),
        ]
        #expect(refusal.reply.code == codes[reason]?.0 && refusal.reply.status == codes[reason]?.1)
        #expect(refusal.because.hasPrefix(reason.rawValue))
        #expect(!refusal.reply.text.contains("\n") && !refusal.because.contains("\u{0}"))
    }

    /// What we may say of ourselves, over the loopback and over our own addresses.
    @Test(arguments: ["127.0.0.1", "::1", "127.8.8.8", "198.51.100.25", "2001:db8::25", "10.0.0.25"])
    func weMayUseOurOwnName(client: String) {
        #expect(Self.judge(Self.check(.refuse), "mail.example.org", from: client) == .ok)
        let literal = client.contains(":") ? "[IPv6:\(client)]" : "[\(client)]"
        #expect(Self.judge(Self.check(.refuse), literal, from: client) == .ok)
    }

    @Test(arguments: [
        ("[IPv6:2001:db8::7]", "2001:db8::7"), ("[ipv6:2001:DB8:0::7]", "2001:db8::7"),
        ("[203.0.113.7]", "::ffff:203.0.113.7"), ("[IPv6:::ffff:203.0.113.7]", "203.0.113.7"),
    ])
    func aLiteralIsComparedAsAnAddress(greeting: String, client: String) {
        #expect(Self.judge(Self.check(.refuse), greeting, from: client) == .ok)
    }

    /// T-19: short names are allowed unless somebody asks for more.
    @Test func asSetByDefaultNothingIsRefusedAndShortNamesAreFine() {
        let check = GreetingCheck(GreetingCheck.Settings(), ourNames: ["mail.example.org"])
        #expect(Self.judge(check, "scanner") == .ok)
        for greeting in ["", "203.0.113.7", "mail.example.org", "[192.0.2.1]", "[198.51.100.25]"] {
            guard case .suspicious = Self.judge(check, greeting) else {
                Issue.record("\(greeting)")
                continue
            }
        }
    }

    @Test func aFaultThatIsPassedOverDoesNotHideTheNext() {
        var settings = GreetingCheck.Settings(
            malformed: .off, bareAddress: .refuse, ours: .off, otherAddress: .log, unqualified: .refuse)
        var check = GreetingCheck(settings, ourNames: ["mailbox1"])
        #expect(Self.judge(check, "[198.51.100.25]") == .suspicious(.otherAddress))
        #expect(Self.refusal(check, "198.51.100.25")?.reply.code == 504)
        #expect(Self.refusal(check, "mailbox1")?.reply.text.contains("fully-qualified") == true)
        settings.ours = .log
        check = GreetingCheck(settings, ourNames: ["mailbox1"])
        #expect(Self.judge(check, "mailbox1") == .suspicious(.ourName), "the first that is not passed over decides")
    }

    /// Whatever bytes come, there is an answer and it fits on a line.
    @Test func rubbishGetsAnAnswer() {
        var dice = Dice(31)
        let alphabet = Array("[]:.aZ09-_%@ \t\"\\IPv6:ü\u{7F}".unicodeScalars)
        for _ in 0..<5_000 {
            var text = ""
            for _ in 0..<(dice.next() % 24) { text.unicodeScalars.append(alphabet[Int(dice.next() % UInt64(alphabet.count))]) }
            if case .refuse(let refusal) = Self.judge(Self.check(.refuse), text) {
                #expect((500..<560).contains(refusal.reply.code))
                #expect(refusal.because.utf8.count < 1_100)
            }
        }
    }
}

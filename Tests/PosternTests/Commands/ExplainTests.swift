import Foundation
import IPC
import Mail
import Settings
import Testing

@testable import postern

@Suite struct ExplainTests {
    private func shown(_ reply: Reply, login: String? = nil, sender: String? = "b@b.org") throws -> ShownExplanation {
        let settings = try Settings.parse("[server]\nhostname = \"mail.a.org\"\n", file: "test")
        let hypothesis = Hypothesis(
            client: try #require(InternetAddress("192.0.2.7")), listener: 0, sender: sender.flatMap { EmailAddress($0) },
            recipient: try #require(EmailAddress("c@c.org")), login: login)
        let steps = [
            Explanation.Step(rule: "trusted-list", finding: "the client is not in the trusted list", isDecisive: false),
            Explanation.Step(rule: "relay-denied", finding: "nobody vouches\u{1B} for the client", isDecisive: true),
        ]
        return ShownExplanation(
            hypothesis, try HypotheticalPort(nil, in: settings.listen),
            Explanation(steps: steps, outcome: "refused", reply: reply))
    }

    /// F-2: every rule in its order, the one that decided marked.
    @Test func peopleReadTheRecordInItsOrder() throws {
        let text = try shown(Reply(550, "5.7.1", "relaying denied\nlog in first")).text
        #expect(
            text == """
                <b@b.org> to <c@c.org>
                from 192.0.2.7 at port 25 (smtp), not logged in

                   RULE          FINDING
                   trusted-list  the client is not in the trusted list
                *  relay-denied  nobody vouches. for the client

                outcome: refused
                reply: 550 5.7.1 relaying denied
                reply: 550 5.7.1 log in first
                """)
    }

    @Test func theLoginAndTheNullSenderAreShown() throws {
        let text = try shown(Reply(250, nil, "OK"), login: "alice", sender: nil).text
        #expect(text.hasPrefix("<> to <c@c.org>\nfrom 192.0.2.7 at port 25 (smtp), logged in as alice\n"))
        #expect(text.hasSuffix("reply: 250 OK"))
    }

    @Test func programsReadTheSame() throws {
        let text = try json(try shown(Reply(550, "5.7.1", "no"), login: "alice"))
        let whole = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(whole["client"] as? String == "192.0.2.7" && whole["user"] as? String == "alice")
        #expect(whole["from"] as? String == "b@b.org" && whole["to"] as? String == "c@c.org")
        #expect(whole["listener"] as? Int == 0 && whole["outcome"] as? String == "refused" && whole["port"] == nil)
        let steps = try #require(whole["steps"] as? [[String: Any]])
        #expect(steps.map { $0["rule"] as? String } == ["trusted-list", "relay-denied"])
        #expect(steps.map { $0["decides"] as? Bool } == [false, true])
        let reply = try #require(whole["reply"] as? [String: Any])
        #expect(reply["code"] as? Int == 550 && reply["status"] as? String == "5.7.1" && reply["text"] as? String == "no")
    }
}

@Suite struct HypotheticalPortTests {
    private static let three = """
        [server]
        hostname = "mail.a.org"
        [[listen]]
        service = "pop3"
        [[listen]]
        service = "smtp"
        port = 2525
        [[listen]]
        service = "submission"
        [[listen]]
        service = "lmtp"
        address = "unix:/run/lmtp"
        """
    private static let none = "[server]\nhostname = \"mail.a.org\"\n"
    private static let unserved = "[server]\nhostname = \"mail.a.org\"\n[[listen]]\nservice = \"pop3\"\n"

    private func port(_ number: UInt16?, _ text: String) throws -> HypotheticalPort {
        try HypotheticalPort(number, in: try Settings.parse(text, file: "test").listen)
    }

    @Test(arguments: [
        (UInt16?.none, Self.three, UInt16(2), "port 2525 (listen[2], smtp)"), (2, Self.three, 2, "port 2525 (listen[2], smtp)"),
        (3, Self.three, 3, "port 587 (listen[3], submission)"), (4, Self.three, 4, "/run/lmtp (listen[4], lmtp)"),
        (nil, Self.none, 0, "port 25 (smtp)"), (0, Self.none, 0, "port 25 (smtp)"),
    ])
    func thePortIsFound(number: UInt16?, text: String, found: UInt16, words: String) throws {
        let port = try port(number, text)
        #expect(port.number == found && port.words == words)
    }

    @Test(arguments: [
        (UInt16?(0), Self.three, "there is no listen[0]"), (5, Self.three, "there is no listen[5]"),
        (1, Self.three, "by which no mail comes in"), (1, Self.none, "have no [[listen]]"),
        (nil, Self.unserved, "no [[listen]] is one of smtp"),
    ])
    func aPortThatIsNotThereIsRefused(number: UInt16?, text: String, reason: String) {
        let failure = #expect(throws: Failure.self) { try port(number, text) }
        #expect(failure?.description.contains(reason) == true)
    }
}

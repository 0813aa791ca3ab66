// Who may do what, played against a running router: logins, tickets, lists that change while a session is open, ports
// with a role, aliases, and what a submitted message is given.

import FakeRooms
import IPC
import Mail
import NIOCore
import Testing

@testable import router

@Suite struct RightsTests {
    private static let stranger = "203.0.113.9"

    /// a login gives the right to relay that an address does not.
    @Test func aLoginMayRelay() async throws {
        let house = try House(trusted: [])
        defer { house.stop() }
        let ticket = try await house.logIn("alice@example.test")
        let without = try await house.talk(House.facts(client: Self.stranger))
        _ = try await without.sender("alice@example.test")
        #expect(try await without.recipient("x@example.com").reply?.code == 550)
        let with = try await house.talk(House.facts(client: Self.stranger, login: ticket))
        #expect(try await with.sender("alice@example.test").isAccepted)
        #expect(try await with.recipient("x@example.com").isAccepted)
        try await with.content("From: a\r\n\r\nx\r\n")
        #expect(try await with.deliver().code == 250)
        let header = String(decoding: try #require(house.store.messages.last).plan.header, as: UTF8.self)
        #expect(header.contains("with ESMTPA"))
        // RFC 6409 §8: what a mail program leaves out is added once.
        #expect(header.contains("\r\nMessage-ID: <1795247644."))
        #expect(header.contains("\r\nDate: Sat, 21 Nov 2026 07:54:04 +0000\r\n"))
    }

    @Test func whatIsThereIsNotAddedTwice() async throws {
        let house = try House()
        defer { house.stop() }
        let ticket = try await house.logIn("alice@example.test")
        let talk = try await house.talk(House.facts(login: ticket))
        _ = try await talk.sender("alice@example.test")
        _ = try await talk.recipient("x@example.com")
        try await talk.content("message-id: <1@a>\r\nDATE: yesterday\r\n\r\nx\r\n")
        #expect(try await talk.deliver().code == 250)
        let header = String(decoding: try #require(house.store.messages.last).plan.header, as: UTF8.self)
        #expect(header.components(of: "Message-ID:") == 0 && header.components(of: "\r\nDate:") == 0)
    }

    /// A message that comes from another server is left as it is.
    @Test func nothingIsAddedToMailFromOutside() async throws {
        let house = try House()
        defer { house.stop() }
        let talk = try await house.talk(House.facts(client: Self.stranger))
        _ = try await talk.sender("bob@example.net")
        _ = try await talk.recipient("alice@example.test")
        try await talk.content("Subject: x\r\n\r\nx\r\n")
        #expect(try await talk.deliver().code == 250)
        let header = String(decoding: try #require(house.store.messages.last).plan.header, as: UTF8.self)
        #expect(header.components(of: "Message-ID:") == 0)
    }

    /// A ticket that nobody made, or whose account is gone, proves nothing.
    @Test func aWrongTicketEndsTheSession() async throws {
        let house = try House()
        defer { house.stop() }
        let talk = try await house.talk(House.facts(login: Ticket(bytes: [9, 9, 9])))
        let verdict = try await talk.sender("alice@example.test")
        #expect(verdict.reply?.code == 421)
        let ticket = try await house.logIn("alice@example.test")
        #expect(try await house.talk(House.facts(login: ticket)).sender(nil).isAccepted)
        house.store.change { $0.grants = [:] }
        #expect(comes { house.heardVersion(2) })
        #expect(try await house.talk(House.facts(login: ticket)).sender(nil).reply?.code == 421)
    }

    /// E-15a, T-10: an address that is taken off the list has no right any more at the next RCPT.
    @Test func listsChangeWhileASessionIsOpen() async throws {
        let house = try House(trusted: [])
        defer { house.stop() }
        house.store.change { $0.trusted = [AddressRange("203.0.113.0/24")!] }
        #expect(comes { house.heardVersion(2) })
        let talk = try await house.talk(House.facts(client: Self.stranger))
        _ = try await talk.sender("a@example.net")
        #expect(try await talk.recipient("x@example.com").isAccepted)
        house.store.change { $0.trusted = [] }
        #expect(comes { house.heardVersion(3) })
        #expect(try await talk.recipient("y@example.com").reply?.status == "5.7.1")
        // a safe one may, whatever else is said.
        house.store.change { $0.safe = [AddressRange("203.0.113.9")!] }
        #expect(comes { house.heardVersion(4) })
        #expect(try await talk.recipient("z@example.com").isAccepted)
    }

    /// A-19, D5: at a port of its own for outgoing mail, who is out of range is dropped without a byte.
    @Test func outOfRangeIsDropped() async throws {
        let house = try House(trusted: ["192.0.2.0/24"]) { policy in
            policy.access.hasRangeControl = true
            var port = PortPolicy()
            port.role = .outgoing
            policy.ports.append(port)
            policy.safe = [AddressRange("203.0.113.77")!]
        }
        defer { house.stop() }
        guard case .dropped = try await house.admit(House.facts(client: Self.stranger, listener: 1)) else {
            return #expect(Bool(false), "not dropped")
        }
        #expect(try await house.admit(House.facts(client: "192.0.2.7", listener: 1)).isAccepted)
        #expect(try await house.admit(House.facts(client: "203.0.113.77", listener: 1)).isAccepted)
        #expect(try await house.admit(House.facts(client: Self.stranger, listener: 0)).isAccepted)
    }

    /// D2, R-03: what nobody here has goes to the port's account, and never anywhere else.
    @Test func aPortThatTakesAnything() async throws {
        let house = try House(trusted: []) { policy in
            var port = PortPolicy()
            port.accept = .any
            port.processor = EmailAddress("scans@example.test")
            policy.ports.append(port)
        }
        defer { house.stop() }
        house.store.change {
            $0.entries[EmailAddress("scans@example.test")!] = LocalEntry(
                processor: AccountID(rawValue: 5), domain: "example.test")
        }
        #expect(comes { house.heardVersion(2) })
        let talk = try await house.talk(House.facts(client: Self.stranger, listener: 1))
        _ = try await talk.sender("a@example.net")
        let verdicts = try await talk.recipients(["x@example.com", "nobody@example.test", "alice@example.test"])
        #expect(verdicts.map(\.isAccepted) == [true, true, true])
        try await talk.content("x\r\n")
        #expect(try await talk.deliver().code == 250)
        let plan = try #require(house.store.messages.last?.plan)
        #expect(plan.relays.isEmpty)
        #expect(plan.placements.map(\.account.rawValue) == [5, 5, 1])
    }

    /// T-02, P-21: an alias leads to a user and to a stranger; the rules decide about the alias, not about its targets.
    @Test func aliasesLeadOn() async throws {
        let house = try House(trusted: [])
        defer { house.stop() }
        house.store.change {
            $0.entries[EmailAddress("team@example.test")!] = LocalEntry(
                targets: [EmailAddress("alice@example.test")!, EmailAddress("x@example.com")!], domain: "example.test")
            $0.rules = [ReceiveRule(localPart: "order-*", domain: "example.test", account: AccountID(rawValue: 8))]
        }
        #expect(comes { house.heardVersion(2) })
        let talk = try await house.talk(House.facts(client: Self.stranger))
        _ = try await talk.sender("a@example.net")
        let verdicts = try await talk.recipients(["team@example.test", "order-17@example.test", "x@example.com"])
        #expect(verdicts.map(\.isAccepted) == [true, true, false])
        try await talk.content("x\r\n")
        #expect(try await talk.deliver().code == 250)
        let plan = try #require(house.store.messages.last?.plan)
        #expect(plan.placements.map(\.account.rawValue) == [1, 8])
        #expect(plan.relays == [RelayedRecipient(EmailAddress("x@example.com")!)])
    }

    /// R-05, D7: exactly the limit passes, one octet more is refused by name.
    @Test(arguments: [(30_000, UInt16(250)), (30_001, 552)])
    func attachments(octets: Int, code: UInt16) async throws {
        let house = try House { $0.attachmentSize = 30_000 }
        defer { house.stop() }
        let talk = try await house.talk()
        _ = try await talk.sender("a@example.net")
        _ = try await talk.recipient("alice@example.test")
        try await talk.content(Self.message(attachment: octets))
        let receipt = try await talk.deliver()
        #expect(receipt.code == code)
        if code != 250 { #expect(receipt.refusal?.reply.text.contains("scan.pdf") == true) }
    }

    private static func message(attachment octets: Int) -> String {
        let body = String(repeating: "x", count: octets)
        return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf; name=scan.pdf\r\n"
            + "Content-Transfer-Encoding: 7bit\r\n\r\n\(body)\r\n--b--\r\n"
    }

    /// RFC 3030 §3: delivery cannot send on what has no lines.
    @Test func binaryMailStaysHere() async throws {
        let house = try House()
        defer { house.stop() }
        let talk = try await house.talk()
        _ = try await talk.sender("a@example.net", parameters: SenderParameters(body: .binary))
        let verdicts = try await talk.recipients(["alice@example.test", "x@example.com"])
        #expect(verdicts[0].isAccepted && verdicts[1].reply?.status == "5.6.1")
    }

    /// RFC 6531 §3.7.1: a domain in U-labels is the one that the directory has in A-labels.
    @Test func internationalDomains() async throws {
        let house = try House()
        defer { house.stop() }
        house.store.add(account: "alice@xn--mller-kva.example", 9)
        let talk = try await house.talk()
        _ = try await talk.sender("a@example.net", parameters: SenderParameters(isInternational: true))
        let verdicts = try await talk.recipients(["alice@müller.example", "x@bücher.example", "x@\u{200D}ü.example"])
        #expect(verdicts.map { $0.reply?.code ?? 250 } == [250, 250, 553])
        try await talk.content("x\r\n")
        #expect(try await talk.deliver().code == 250)
        let plan = try #require(house.store.messages.last?.plan)
        #expect(plan.placements.map(\.account.rawValue) == [9])
        #expect(plan.relays.map(\.address.domain) == ["xn--bcher-kva.example"])
    }

    /// RFC 3461: what the sender wants to be told goes into the plan.
    @Test func wishesGoIntoThePlan() async throws {
        let house = try House()
        defer { house.stop() }
        let talk = try await house.talk()
        let said = SenderParameters(body: .eightBit, envelopeID: "QQ314159", returns: .header)
        _ = try await talk.sender("a@example.net", parameters: said)
        let wishes = RecipientParameters(notify: [.success, .delay], original: "rfc822;x@example.com")
        #expect(try await talk.recipient("x@example.com", wishes).isAccepted)
        try await talk.content("x\r\n")
        #expect(try await talk.deliver().code == 250)
        let plan = try #require(house.store.messages.last?.plan)
        #expect(plan.parameters == said)
        #expect(plan.relays == [RelayedRecipient(EmailAddress("x@example.com")!, wishes)])
    }
}

@Suite struct LoginTests {
    /// A refusal comes late, whether there was such a user or not.
    @Test func refusalsTakeTheirTime() async throws {
        let house = try House()
        defer { house.stop() }
        house.store.with { $0.passwords["alice@example.test"] = "right" }
        for user in ["alice@example.test", "nobody@example.test"] {
            let begin = NIODeadline.now()
            #expect(try await house.login(user, "wrong").isRefused)
            #expect(NIODeadline.now() - begin >= Authentication.refusalTime)
        }
    }

    /// The exchange goes through the router word by word.
    @Test func anExchangeOfSASL() async throws {
        let house = try House()
        defer { house.stop() }
        house.store.with { $0.passwords["alice@example.test"] = "right" }
        let talk = try await house.exchange(House.facts(service: .submission))
        guard case .challenge(let challenge) = try await talk.begin("PLAIN", nil) else {
            return #expect(Bool(false), "no challenge")
        }
        #expect(String(decoding: challenge, as: UTF8.self) == "user:password?")
        guard case .login(.granted(let grant)) = try await talk.respond("alice@example.test:right") else {
            return #expect(Bool(false), "not granted")
        }
        #expect(grant.name == "alice@example.test")
        let other = try await house.exchange(House.facts(service: .submission))
        guard case .login(.refused) = try await other.begin("PLAIN", "alice@example.test:wrong") else {
            return #expect(Bool(false), "not refused")
        }
    }

    /// Guessing over one service shuts the client out of all (FEATURES 2.2); a trusted client is never shut out.
    @Test func guessersAreShutOut() async throws {
        let house = try House(trusted: ["127.0.0.1"]) { $0.defence.penalties.banFrom = 3 }
        defer { house.stop() }
        for (client, isShutOut) in [("203.0.113.9", true), ("127.0.0.1", false)] {
            let facts = House.facts(client: client, service: .pop3)
            for number in 0..<4 { #expect(try await house.login("u\(number)@example.test", "x\(number)", facts).isRefused) }
            #expect(try await house.admit(House.facts(client: client)).isAccepted == !isShutOut)
        }
        let bans = try await house.command(.listBans)
        guard case .bans(let entries) = bans else { return #expect(Bool(false), "\(bans)") }
        #expect(entries.contains { $0.client == "203.0.113.9" && $0.remaining > 0 })
        guard case .pardoned(1) = try await house.command(.pardon(AddressRange("203.0.113.9")!)) else {
            return #expect(Bool(false), "not pardoned")
        }
        #expect(try await house.admit(House.facts(client: "203.0.113.9")).isAccepted)
    }

    /// D8: what some account can do is told to the listener, and again when it changes.
    @Test func mechanismsAreNews() async throws {
        let house = try House()
        defer { house.stop() }
        house.store.change { $0.mechanisms = ["PLAIN"] }
        #expect(comes { house.heardVersion(2) })
        guard case .mechanisms(["PLAIN"], let version) = try await house.ask(.mechanisms(since: 0)) else {
            return #expect(Bool(false), "not PLAIN")
        }
        let next = house.asking(.mechanisms(since: version))
        house.store.change { $0.mechanisms = ["PLAIN", "SCRAM-SHA-256"] }
        guard case .mechanisms(let names, _) = try await next.get() else { return #expect(Bool(false)) }
        #expect(names == ["PLAIN", "SCRAM-SHA-256"])
    }

    /// F-2: the same decision, with its reasons.
    @Test func explanations() async throws {
        let house = try House(trusted: [])
        defer { house.stop() }
        func explain(_ recipient: String, login: String? = nil) async throws -> Explanation {
            let hypothesis = Hypothesis(
                client: InternetAddress("203.0.113.9")!, listener: 0, sender: nil, recipient: EmailAddress(recipient)!,
                login: login)
            guard case .explained(let explanation) = try await house.command(.explain(hypothesis)) else {
                throw IPCError.violation("not explained")
            }
            return explanation
        }
        let denied = try await explain("x@example.com")
        #expect(denied.reply.code == 550)
        #expect(denied.steps.first { $0.isDecisive }?.rule == "relay-denied")
        let allowed = try await explain("x@example.com", login: "alice@example.test")
        #expect(allowed.reply.code == 250 && allowed.outcome == "queued for x@example.com")
        #expect(try await explain("alice@example.test").outcome == "stored in the mailbox of alice@example.test")
        // As RCPT has them: domains in one form, and names that are none.
        #expect(
            try await explain("x@MÜLLER.example", login: "alice@example.test").outcome == "queued for x@xn--mller-kva.example")
        let bad = try await explain("x@\u{200D}ü.example")
        #expect(bad.reply.code == 553 && bad.steps.map(\.rule) == ["bad-address"])
    }

    /// the single login is nobody's account, here as at the port.
    @Test func theSingleLoginIsExplainedAsSuch() async throws {
        let house = try House(trusted: []) {
            $0.access.relayLogins = .onlySingle
            $0.singleLogin = "relay"
        }
        defer { house.stop() }
        for (login, code) in [("relay", 250), ("alice@example.test", 550)] {
            let hypothesis = Hypothesis(
                client: InternetAddress("203.0.113.9")!, listener: 0, sender: nil, recipient: EmailAddress("x@example.com")!,
                login: login)
            guard case .explained(let explanation) = try await house.command(.explain(hypothesis)) else {
                throw IPCError.violation("not explained")
            }
            #expect(explanation.reply.code == code, "\(login)")
        }
    }

    /// Who has waited for the greeting once, and went on as a mail server does, does not wait again; who talks early does.
    @Test func waitingOnce() async throws {
        let house = try House(trusted: []) { $0.defence.greet.milliseconds = 700 }
        defer { house.stop() }
        let facts = House.facts(client: "203.0.113.9")
        func delay() async throws -> UInt32? {
            if case .accepted(let terms) = try await house.admit(facts) { terms.delay } else { nil }
        }
        #expect(try await delay() == 700)
        _ = try await house.talk(facts).sender(nil)
        #expect(try await delay() == 0)
        guard case .noted = try await house.ask(.offence(facts, .talkedEarly)) else { return #expect(Bool(false)) }
        #expect(try await delay() == 700)
    }

    /// FEATURES 2.3: HELO names that cannot be right are refused when the settings say so, but not from who has logged in.
    @Test func greetings() async throws {
        let house = try House(trusted: []) {
            $0.defence.greeting.ours = .refuse; $0.defence.greeting.malformed = .refuse
        }
        defer { house.stop() }
        let ticket = try await house.logIn("alice@example.test")
        for (name, login, code) in [
            ("mail.example.test", nil, UInt16(550)), ("mx.example.net", nil, 250), ("mail.example.test", ticket, 250),
        ] {
            let facts = House.facts(client: "203.0.113.9", greeting: name, login: login)
            #expect(try await house.talk(facts).sender(nil).reply?.code ?? 250 == code, "\(name)")
        }
    }

    @Test func ratesAreKept() async throws {
        let house = try House(trusted: []) { $0.defence.rates.messagesPerMinute = 2 }
        defer { house.stop() }
        var codes: [UInt16] = []
        for _ in 0..<3 {
            codes.append(try await house.talk(House.facts(client: "203.0.113.9")).sender(nil).reply?.code ?? 250)
        }
        #expect(codes == [250, 250, 450])
    }
}

extension String {
    fileprivate func components(of word: String) -> Int { ranges(of: word).count }
}

extension Admission {
    fileprivate var isAccepted: Bool { if case .accepted = self { true } else { false } }
}

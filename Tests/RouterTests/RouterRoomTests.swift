// The router as a room: real sockets on both sides, a fake store behind it, a listener played by an asker.

import FakeRooms
import IPC
import Mail
import NIOCore
import NIOPosix
import Testing

@testable import router

@Suite struct RouterRoomTests {
    @Test func aTransactionBecomesAPlan() async throws {
        let house = try House()
        defer { house.stop() }
        let talk = try await house.talk()
        #expect(try await talk.sender("bob@example.net").isAccepted)
        #expect(try await talk.recipient("alice@example.test").isAccepted)
        #expect(try await talk.recipient("carol@example.com").isAccepted)
        try await talk.content("Subject: x\r\n\r\nHello\r\n")
        let receipt = try await talk.deliver()
        guard case .accepted(let spool) = receipt else { return #expect(Bool(false), "\(receipt)") }
        let message = try #require(house.store.messages.first)
        #expect(message.spool == spool)
        #expect(String(decoding: message.content, as: UTF8.self) == "Subject: x\r\n\r\nHello\r\n")
        #expect(message.plan.sender == EmailAddress("bob@example.net"))
        #expect(
            message.plan.placements == [
                LocalPlacement(recipient: EmailAddress("alice@example.test")!, account: AccountID(rawValue: 1))
            ])
        #expect(message.plan.relays == [RelayedRecipient(EmailAddress("carol@example.com")!)])
        #expect(String(decoding: message.plan.localHeader, as: UTF8.self) == "Return-Path: <bob@example.net>\r\n")
        let header = String(decoding: message.plan.header, as: UTF8.self)
        #expect(header.hasPrefix("Received: from client.example.net ([127.0.0.1])"))
        #expect(header.contains("by mail.example.test"))
        #expect(header.contains("with ESMTP"))
        #expect(header.contains("Sat, 21 Nov 2026 07:54:04 +0000"))
        // Two recipients: neither is named.
        #expect(!header.contains("alice"))
    }

    @Test func aSingleRecipientIsNamedInReceived() async throws {
        let house = try House()
        defer { house.stop() }
        let talk = try await house.talk()
        _ = try await talk.sender(nil)
        _ = try await talk.recipient("alice@example.test")
        try await talk.content("x\r\n")
        _ = try await talk.deliver()
        let plan = try #require(house.store.messages.first?.plan)
        #expect(String(decoding: plan.header, as: UTF8.self).contains("for <alice@example.test>"))
        #expect(String(decoding: plan.localHeader, as: UTF8.self) == "Return-Path: <>\r\n")
        #expect(plan.sender == nil)
    }

    /// Many recipients in one go: answers in their order, one question to the store, known ones not asked again.
    @Test func manyRecipientsAreLookedUpTogether() async throws {
        let house = try House()
        defer { house.stop() }
        let talk = try await house.talk(client: "203.0.113.9")
        _ = try await talk.sender(nil)
        let names = (0..<300).map {
            $0 % 3 == 0 ? "alice@example.test" : $0 % 3 == 1 ? "x\($0)@example.test" : "y\($0)@example.com"
        }
        let verdicts = try await talk.recipients(names)
        for (name, verdict) in zip(names, verdicts) {
            switch name.first {
            case "a": #expect(verdict.isAccepted)
            case "x": #expect(verdict.reply == Reply(550, "5.1.1", "<\(name)>: no such user here"))
            default: #expect(verdict.reply == Reply(550, "5.7.1", "<\(name)>: relay access denied"))
            }
        }
        let asked = house.store.with { $0.lookUps }
        #expect(asked.count <= 3, "\(asked.count) questions")
        #expect(asked.joined().count <= 201)
        let again = try await house.talk(client: "203.0.113.9")
        _ = try await again.sender(nil)
        #expect(try await again.recipient("zzz@example.com").reply?.status == "5.7.1")
        #expect(house.store.with { $0.lookUps.count } == asked.count, "a foreign domain is known")
    }

    @Test func theDirectorysNewsAreHeard() async throws {
        let house = try House()
        defer { house.stop() }
        let talk = try await house.talk()
        _ = try await talk.sender(nil)
        #expect(try await talk.recipient("new@example.test").reply?.code == 550)
        house.store.change {
            $0.entries[EmailAddress("new@example.test")!] = LocalEntry(user: AccountID(rawValue: 9), domain: "example.test")
        }
        #expect(comes { house.events.all.contains { if case .directoryVersion(2) = $0 { true } else { false } } })
        #expect(try await talk.recipient("new@example.test").isAccepted)
    }

    @Test func postmasterAloneFindsTheDomainsPostmaster() async throws {
        let house = try House()
        defer { house.stop() }
        house.store.add(account: "postmaster@example.test", 4)
        let talk = try await house.talk(client: "203.0.113.9")
        _ = try await talk.sender(nil)
        #expect(try await talk.recipient("postmaster@mail.example.test").isAccepted)
        try await talk.content("x\r\n")
        _ = try await talk.deliver()
        #expect(house.store.messages.first?.plan.placements.first?.account == AccountID(rawValue: 4))
    }

    @Test func tooManyHopsAreALoop() async throws {
        let house = try House()
        defer { house.stop() }
        for (count, code) in [(100, UInt16(250)), (101, 554)] {
            let talk = try await house.talk()
            _ = try await talk.sender(nil)
            _ = try await talk.recipient("alice@example.test")
            for _ in 0..<count { try await talk.content("Received: x\r\n") }
            try await talk.content("\r\nReceived: body\r\n")
            let receipt = try await talk.deliver()
            #expect(receipt.code == code)
            if code == 554 { #expect(receipt.refusal?.reply.status == "5.4.6") }
        }
        #expect(comes { house.store.with { $0.cancelled } == 1 })
    }

    @Test func sizeIsHeldToWhateverTheListenerSays() async throws {
        let house = try House(messageSize: 100_000)
        defer { house.stop() }
        let declared = try await house.talk()
        #expect(try await declared.sender(nil, size: 100_001).reply?.code == 552)
        let talk = try await house.talk()
        #expect(try await talk.sender(nil, size: 100_000).isAccepted)
        _ = try await talk.recipient("alice@example.test")
        try await talk.content(String(repeating: "x", count: 100_001))
        #expect(try await talk.deliver().refusal?.reply == Reply(552, "5.3.4", "Message too large"))
        #expect(house.store.messages.isEmpty)
    }

    /// Our own trouble is 451 4.3.0, at every word.
    @Test func withoutAStore() async throws {
        let house = try House()
        defer { house.stop() }
        let talk = try await house.talk()
        _ = try await talk.sender(nil)
        _ = try await talk.recipient("alice@example.test")
        try await talk.content("half of it")
        #expect(comes { house.store.with { $0.heardOctets } == 10 })
        house.store.stop()
        #expect(try await talk.deliver().refusal?.reply == Reply(451, "4.3.0", "Local trouble, try again later"))
        let next = try await house.talk()
        #expect(try await next.sender(nil).isAccepted)
        #expect(try await next.recipient("alice@example.test").reply?.code == 451)
        #expect(try await next.deliver().refusal?.reply.code == 554, "no recipient was accepted")
        #expect(house.store.messages.isEmpty)
    }

    @Test func theStoresOwnRefusalIsPassedOn() async throws {
        let house = try House()
        defer { house.stop() }
        let full = Refusal(Reply(452, "4.3.1", "Insufficient storage"), because: "disk full")
        house.store.with { $0.refusal = full }
        let talk = try await house.talk()
        _ = try await talk.sender(nil)
        _ = try await talk.recipient("alice@example.test")
        try await talk.content("x\r\n")
        #expect(try await talk.deliver().refusal == full)
    }

    @Test func aTransactionGivenUpIsForgottenByTheStore() async throws {
        let house = try House()
        defer { house.stop() }
        let talk = try await house.talk()
        _ = try await talk.sender(nil)
        _ = try await talk.recipient("alice@example.test")
        try await talk.content("half of it")
        #expect(comes { house.store.with { $0.heardOctets } == 10 })
        try await talk.cancel()
        #expect(comes { house.store.with { $0.cancelled } == 1 })
        #expect(house.store.messages.isEmpty)
    }

    @Test func wordsOutOfOrderEndTheConversationOnly() async throws {
        let house = try House()
        defer { house.stop() }
        let good = try await house.talk()
        _ = try await good.sender(nil)
        let bad = try await house.talk()
        await #expect(throws: IPCError.cancelled) { try await bad.recipient("alice@example.test") }
        let worse = try await house.talk()
        _ = try await worse.sender(nil)
        await #expect(throws: IPCError.cancelled) { try await worse.sender(nil) }
        #expect(try await good.recipient("alice@example.test").isAccepted)
    }

    @Test func loginsPassThrough() async throws {
        let house = try House()
        defer { house.stop() }
        house.store.with { $0.passwords["alice"] = "right" }
        #expect(try await house.login("alice", "right").isGranted)
        #expect(try await house.login("alice", "wrong").isRefused)
        house.store.stop()
        #expect(comes { !house.storeIsUp })
        guard case .unavailable = try await house.login("alice", "right") else { return #expect(Bool(false)) }
    }

    /// T-27: whatever mailboxes are asked for, one user's password is being guessed; and a right one that opens nothing is no
    /// guess.
    @Test func guessesCountAgainstTheLogin() async throws {
        let house = try House(trusted: [])
        defer { house.stop() }
        house.store.with {
            $0.passwords["alice@example.test"] = "right"
            $0.closed = ["info@example.test"]
        }
        let facts = House.facts(client: "192.0.2.9", service: .pop3)
        for number in 0..<3 {
            let answer = try await house.login("box\(number)@example.test*alice@example.test", "wrong", facts)
            #expect(answer.isRefused)
        }
        // The same wrong words of the same user, three times: one failure.
        guard case .bans(let entries) = try await house.command(.listBans) else { return #expect(Bool(false)) }
        #expect(entries.map(\.points) == [1])
        let beforeRight = ContinuousClock.now
        guard
            case .forbidden("alice@example.test") =
                try await house.login("info@example.test*alice@example.test", "right", facts)
        else { return #expect(Bool(false)) }
        #expect(ContinuousClock.now - beforeRight < .seconds(2))
        #expect(try await house.login("sales@example.test*alice@example.test", "right", facts).isGranted)
        #expect(house.figure("logins refused") == 4 && house.figure("logins granted") == 1)
        let users = house.events.all.compactMap { event in
            if case .login(_, let user, _) = event { user } else { nil }
        }
        #expect(users == Array(repeating: "alice@example.test", count: 5))
    }

    @Test func loginsAreCheckedAFewAtATime() async throws {
        let house = try House()
        defer { house.stop() }
        house.store.with {
            $0.passwords["alice"] = "right"
            $0.isSilent = true
        }
        let limit = Authentication.concurrency + Authentication.waitingLimit
        let answers = (0..<limit + 5).map { _ in house.ask(login: "alice", "right") }
        #expect(comes { house.figure("logins unavailable") == 5 })
        house.store.goOn()
        let all = try await EventLoopFuture.whenAllSucceed(answers, on: house.loop).get()
        #expect(all.filter(\.isGranted).count == limit)
    }

    /// A bounce: local recipients are placed, foreign ones relayed whoever may relay, unknown ones refused.
    @Test func submissionsOfOurOwn() async throws {
        let house = try House(trusted: [])
        defer { house.stop() }
        #expect(try await house.submit(["alice@example.test"], key: "1", "bounce\r\n").code == 250)
        #expect(try await house.submit(["x@example.com"], key: "2", "bounce\r\n").code == 250)
        #expect(try await house.submit(["unknown@example.test"], key: "3", "bounce\r\n").refusal?.reply.code == 550)
        let messages = house.store.messages
        #expect(messages.count == 2)
        #expect(messages[0].plan.placements.first?.account == AccountID(rawValue: 1))
        #expect(messages[0].plan.idempotencyKey == "1")
        #expect(messages[1].plan.relays == [RelayedRecipient(EmailAddress("x@example.com")!)])
        #expect(String(decoding: messages[1].content, as: UTF8.self) == "bounce\r\n")
        #expect(comes { house.store.with { $0.cancelled } == 1 })
    }

    /// RFC 3461 §5.2.3: whoever asked for it hears that the message is in the mailbox; nobody else does.
    @Test func arrivalIsReportedToWhoAskedForIt() async throws {
        let house = try House()
        defer { house.stop() }
        let wish = RecipientParameters(notify: .success, original: "rfc822;old@example.test")
        for (sender, wishes) in [("s@example.com", wish), ("s@example.com", RecipientParameters(notify: .failure)), (nil, wish)] {
            let talk = try await house.talk()
            _ = try await talk.sender(sender, parameters: SenderParameters(envelopeID: "E1"))
            #expect(try await talk.recipient("alice@example.test", wishes).isAccepted)
            try await talk.content("Subject: x\r\n\r\nx\r\n")
            #expect(try await talk.deliver().code == 250)
        }
        #expect(comes { house.store.messages.count == 4 })
        let report = try #require(house.store.messages.first { $0.plan.idempotencyKey != nil })
        #expect(report.plan.sender == nil && report.plan.relays == [RelayedRecipient(EmailAddress("s@example.com")!)])
        let text = String(decoding: report.content, as: UTF8.self)
        for field in [
            "Original-Envelope-Id: E1\r\n", "Original-Recipient: rfc822;old@example.test\r\n",
            "Final-Recipient: rfc822; alice@example.test\r\n", "Action: delivered\r\n", "To: <s@example.com>\r\n",
        ] { #expect(text.contains(field), "\(field)") }
        #expect(house.store.messages.filter { $0.plan.idempotencyKey != nil }.count == 1)
    }

    /// New settings hold at the next recipient, as run-time lists do (E-15a).
    @Test func aReloadHoldsForTheNextRecipient() async throws {
        let house = try House()
        defer { house.stop() }
        let before = try await house.talk()
        _ = try await before.sender(nil)
        #expect(try await before.recipient("x@example.com").isAccepted)
        house.room.reload(House.policy(trusted: []))
        let after = try await house.talk()
        _ = try await after.sender(nil)
        #expect(try await after.recipient("x@example.com").reply?.status == "5.7.1")
        #expect(try await before.recipient("y@example.com").reply?.status == "5.7.1")
    }

    /// A store that stands still: no more than the windows is under way, and all of it arrives in the end.
    @Test func contentWaitsForTheStore() async throws {
        let house = try House()
        defer { house.stop() }
        house.store.with { $0.reads = false }
        let talk = try await house.talk()
        _ = try await talk.sender(nil)
        _ = try await talk.recipient("alice@example.test")
        let total = 20 << 20
        // An empty header, so that all of it is body.
        try await talk.content("\r\n")
        let sent = talk.pour(total)
        #expect(comes { house.store.with { $0.heardOctets } >= 1 << 20 })
        #expect(sent.all.reduce(0, +) <= 4 << 20)
        house.store.goOn()
        #expect(comes { sent.all.reduce(0, +) == total })
        #expect(try await talk.deliver().code == 250)
        #expect(house.store.messages.first?.content.count == total + 2)
    }

    @Test func everyDecisionNamesItsRule() async throws {
        let house = try House()
        defer { house.stop() }
        let talk = try await house.talk()
        _ = try await talk.sender(nil)
        _ = try await talk.recipients(["alice@example.test", "no@example.test", "x@example.com"])
        let rules = house.events.all.compactMap { event -> String? in
            if case .decided(_, _, let rule, _) = event { rule.description } else { nil }
        }
        #expect(rules == ["user", "unknown-recipient", "trusted-list"])
    }
}

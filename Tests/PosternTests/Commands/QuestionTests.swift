import ArgumentParser
import Foundation
import IPC
import Mail
import Testing

@testable import postern

/// Command lines against rooms that only listen: what they are asked, and what becomes of their answers.
@Suite struct QuestionTests {
    private func house(
        relay: String = "", store: @escaping FakeRoom<CommandToStore>.Reply = { _ in .done },
        router: @escaping FakeRoom<CommandToRouter>.Reply = { _ in .done }, _ body: (FakeHouse) async throws -> Void
    ) async throws {
        let house = try await FakeHouse(relay: relay, store: store, router: router)
        do {
            try await body(house)
        } catch {
            try await house.close()
            throw error
        }
        try await house.close()
    }

    @Test(arguments: [
        ("domain add A.org", [#"{"addDomain" : {"_0" : "a.org"}}"#]),
        (
            "domain add a.org --catch-all x@a.org",
            [#"{"addDomain" : {"_0" : "a.org"}}"#, #"{"setDomain" : {"_0" : "a.org","_1" : {"catchAll" : "x@a.org"}}}"#]
        ),
        ("domain add b.org --alias-of a.org", [#"{"addDomainAlias" : {"_0" : "b.org","target" : "a.org"}}"#]),
        ("domain set a.org --transport none", [#"{"setDomain" : {"_0" : "a.org","_1" : {"transport" : ""}}}"#]),
        ("domain remove a.org", [#"{"removeDomain" : {"_0" : "a.org"}}"#]),
        (
            "folder add i@a.org",
            [#"{"addAccount" : {"_0" : {"domain" : "a.org","localPart" : "i"},"_1" : "folder","legacy" : []}}"#]
        ),
        (
            "processor add o@a.org",
            [#"{"addAccount" : {"_0" : {"domain" : "a.org","localPart" : "o"},"_1" : "processor","legacy" : []}}"#]
        ),
        ("account remove i@a.org", [#"{"removeAccount" : {"_0" : {"domain" : "a.org","localPart" : "i"},"_1" : "user"}}"#]),
        // A folder's command cannot remove a user.
        ("folder remove i@a.org", [#"{"removeAccount" : {"_0" : {"domain" : "a.org","localPart" : "i"},"_1" : "folder"}}"#]),
        (
            "rule add o@a.org --recipient *@a.org --sender <>",
            [
                #"{"addRule" : {"_0" : {"account" : {"domain" : "a.org","localPart" : "o"},"number" : 0,"#
                    + #""recipient" : "*@a.org","sender" : ""}}}"#
            ]
        ),
        ("rule remove 3", [#"{"removeRule" : {"number" : 3}}"#]),
        (
            "forward add s@a.org b@b.org",
            [
                #"{"addAlias" : {"_0" : {"domain" : "a.org","localPart" : "s"},"#
                    + #""targets" : [{"domain" : "b.org","localPart" : "b"}]}}"#
            ]
        ),
        ("alias remove s@a.org", [#"{"removeAlias" : {"_0" : {"domain" : "a.org","localPart" : "s"},"targets" : []}}"#]),
    ])
    func theStoreIsAskedForChanges(line: String, questions: [String]) async throws {
        try await house { house in
            try await house.run(line)
            #expect(house.store.questions == questions)
            #expect(house.router.questions == [])
        }
    }

    /// The password goes to the store as it stands in the file, with the old mechanisms that need more of it.
    @Test func passwords() async throws {
        try await house { house in
            let file = house.settings + ".password"
            try "xy\n".write(toFile: file, atomically: true, encoding: .utf8)
            try await house.run("account add a@a.org --password-file \(file) --legacy ntlm")
            try await house.run("account password a@a.org --password-file \(file)")
            #expect(house.store.questions.count == 2)
            #expect(house.store.questions[0].hasPrefix(#"{"addAccount" : {"#))
            #expect(house.store.questions[0].contains(#""legacy" : ["NTLM"],"password" : {"bytes" : [120,121]}"#))
            #expect(house.store.questions[1].hasPrefix(#"{"setPassword" : {"#))
            #expect(house.store.questions[1].contains(#""legacy" : [],"password" : {"bytes" : [120,121]}"#))
        }
    }

    /// A made password is printed; one that was given goes to the store and is not.
    @Test func passwordsForDevices() async throws {
        let reply: FakeRoom<CommandToStore>.Reply = { question in
            switch question {
            case .addPassword(_, let new): new.password == nil ? .madePassword(Secret("abcd-efgh")) : .done
            case .listPasswords: .passwords([PasswordEntry(name: nil, scopes: nil, mechanisms: [])])
            default: .done
            }
        }
        let alice = #""_0" : {"domain" : "a.org","localPart" : "a"}"#
        try await house(store: reply) { house in
            let file = house.settings + ".password"
            try "xy\n".write(toFile: file, atomically: true, encoding: .utf8)
            for line in [
                "password add a@a.org --name phone",
                "password add a@a.org --name till --scope pop3 --expires 1970-01-02 --password-file \(file)",
                "password list a@a.org", "password remove a@a.org --name phone", "password scope a@a.org imap,submission",
                "password scope a@a.org all",
            ] { try await house.run(line) }
            #expect(
                house.store.questions == [
                    #"{"addPassword" : {\#(alice),"_1" : {"name" : "phone"}}}"#,
                    #"{"addPassword" : {\#(alice),"_1" : {"expiresAt" : 86400000,"name" : "till","#
                        + #""password" : {"bytes" : [120,121]},"scopes" : ["pop3"]}}}"#,
                    #"{"listPasswords" : {\#(alice)}}"#, #"{"removePassword" : {\#(alice),"name" : "phone"}}"#,
                    #"{"setPasswordScopes" : {\#(alice),"_1" : ["submission","imap"]}}"#,
                    #"{"setPasswordScopes" : {\#(alice)}}"#,
                ])
        }
        try await house { house in
            for line in ["password add a@a.org --name phone", "password list a@a.org"] {
                let failure = await #expect(throws: Failure.self) { try await house.run(line) }
                #expect(failure?.description.hasSuffix("gave an answer that does not fit") == true)
            }
        }
    }

    @Test func whatTheStoreRefusesIsSaid() async throws {
        try await house(store: { _ in .refused("there is no domain a.org; postern domain add a.org") }) { house in
            let failure = await #expect(throws: Failure.self) { try await house.run("folder add i@a.org") }
            #expect(failure?.description == "there is no domain a.org; postern domain add a.org")
        }
    }

    /// A domain that could be added but not changed is not passed over in silence.
    @Test func halfADomainIsSaid() async throws {
        let reply: FakeRoom<CommandToStore>.Reply = { question in
            if case .setDomain = question { .refused("x@a.org does not exist") } else { .done }
        }
        try await house(store: reply) { house in
            let failure = await #expect(throws: Failure.self) { try await house.run("domain add a.org --catch-all x@a.org") }
            #expect(failure?.description.hasPrefix("a.org is there, but without") == true)
            #expect(failure?.description.contains("x@a.org does not exist") == true)
        }
    }

    @Test func anAnswerThatDoesNotFitIsAFailure() async throws {
        try await house(store: { _ in .rules([]) }, router: { _ in .bans([]) }) { house in
            for line in ["domain remove a.org", "account list", "trusted list", "ban add 192.0.2.7"] {
                let failure = await #expect(throws: Failure.self) { try await house.run(line) }
                #expect(failure?.description.hasSuffix("gave an answer that does not fit") == true)
            }
        }
    }

    @Test func pagesAreAskedForUntilOneIsEmpty() async throws {
        let names = ["a@a.org", "b@a.org", "c@a.org"].compactMap { EmailAddress($0) }
        let reply: FakeRoom<CommandToStore>.Reply = { question in
            guard case .listAccounts(let after) = question else { return .done }
            let next = names.first { $0.localPart > after?.localPart ?? "" }
            return .accounts(next.map { [AccountEntry(address: $0, messages: 0, octets: 0)] } ?? [])
        }
        try await house(store: reply) { house in
            let found = try await StoreCall(try house.option).accounts()
            #expect(found.map { $0.address } == names)
            #expect(house.store.questions.count == 4)
        }
    }

    /// E-15a: what the settings say cannot be taken away by a command, and the administrator is told where it stands.
    @Test func rangesOfTheSettingsStayThere() async throws {
        let added = try #require(AddressRange("192.0.2.7"))
        let reply: FakeRoom<CommandToStore>.Reply = { question in
            if case .listRanges = question { .ranges([added]) } else { .done }
        }
        try await house(relay: "trusted = [\"10.0.0.0/8\", \"192.0.2.7\"]", store: reply) { house in
            let failure = await #expect(throws: Failure.self) { try await house.run("trusted remove 10.0.0.0/8") }
            #expect(failure?.description.contains("relay.trusted") == true)
            #expect(house.store.questions == [#"{"listRanges" : {"_0" : "trusted"}}"#])
            try await house.run("trusted remove 192.0.2.7")
            try await house.run("safe remove 10.0.0.0/8")
            #expect(house.store.questions.suffix(2).allSatisfy { $0.hasPrefix(#"{"removeRange" : "#) })
        }
    }

    @Test func bansAreTheRouters() async throws {
        let reply: FakeRoom<CommandToRouter>.Reply = { question in
            if case .pardon = question { .pardoned(0) } else { .done }
        }
        try await house(router: reply) { house in
            try await house.run("ban add 192.0.2.7 --for 2m")
            try await house.run("ban add 192.0.2.7")
            #expect(house.router.questions.count == 2 && house.store.questions == [])
            #expect(house.router.questions[0].hasSuffix(#""seconds" : 120}}"#))
            #expect(house.router.questions[1].hasSuffix(#""seconds" : 86400}}"#))
            let failure = await #expect(throws: Failure.self) { try await house.run("ban remove 192.0.2.7") }
            #expect(failure?.description.contains("postern ban list") == true)
        }
    }

    /// Every room knows these questions; the router and the store have words of their own around them.
    @Test func statusReachesRouterAndStore() async throws {
        func status(_ room: RoomName) -> RoomAnswer {
            .status(RoomStatus(room: room, release: "1", pid: 7, uptime: 1, figures: [], missingWalls: []))
        }
        let (ofStore, ofRouter) = (status(.store), status(.router))
        try await house(store: { _ in .room(ofStore) }, router: { _ in .room(ofRouter) }) { house in
            let calls = RoomCalls(try house.option)
            for room in [RoomName.store, .router] {
                guard case .status(let answer) = try await calls.ask(room, .status) else {
                    Issue.record("no status")
                    continue
                }
                #expect(answer.room == room)
            }
            let silent = await #expect(throws: Failure.self) { try await calls.ask(.listener, .status) }
            #expect(silent?.description.contains("is the house running?") == true)
        }
    }

    /// F-2.
    @Test func explainAsksTheRouterAboutTheEnvelope() async throws {
        try await house(router: { _ in .refused("there is no such listener") }) { house in
            let failure = await #expect(throws: Failure.self) {
                try await house.run("explain --from <> --to a@a.org --client 192.0.2.7 --user alice")
            }
            #expect(failure?.description == "there is no such listener")
            let question = try #require(house.router.questions.first)
            #expect(question.contains(#""listener" : 0,"login" : "alice","recipient" : {"domain" : "a.org","localPart" : "a"}"#))
            #expect(!question.contains(#""sender""#))
        }
    }

    /// The ends of doctor that need rooms: two answer, two do not.
    @Test func doctorAsksTheRooms() async throws {
        let reply: FakeRoom<CommandToStore>.Reply = { question in
            switch question {
            case .listAccounts: .accounts([])
            case .listRanges: .ranges([])
            case .audit: .audit(Audit(accepted: 1, stored: 0, delivered: 0, bounced: 0, open: 0))
            default:
                .room(.status(RoomStatus(room: .store, release: "1", pid: 7, uptime: 1, figures: [], missingWalls: ["w"])))
            }
        }
        try await house(store: reply, router: { _ in .bans([]) }) { house in
            let facts = await Doctor.examine(try house.option)
            #expect(facts.silent.map { $0.room } == [.router, .listener, .delivery])
            #expect(facts.users == 0 && facts.unaccounted == 1)
            #expect(facts.missingWalls.map { $0.wall } == ["w"])
        }
    }
}

// The manuals' rows about access, one test for each ID.

import Mail
import Testing

@testable import router

@Suite struct AccessPolicyTests {
    static let near = EmailAddress(localPart: "bob", domain: "example.org")
    static let far = EmailAddress(localPart: "bob", domain: "example.net")

    /// "local", "relay", "process", or the refusal's first words.
    private func send(to kind: RecipientKind, _ policy: AccessPolicy, _ facts: AccessFacts = AccessFacts()) -> String {
        AccessTableTests.answer(policy.rule(on: kind == .foreign ? Self.far : Self.near, kind, facts).ruling)
    }

    private func refusal(_ policy: AccessPolicy, _ facts: AccessFacts, _ kind: RecipientKind = .foreign) throws -> Refusal {
        guard case .refuse(let refusal) = policy.rule(on: Self.far, kind, facts).ruling else {
            throw Unexpected()
        }
        return refusal
    }

    private struct Unexpected: Error {}

    private static let stranger = AccessFacts()
    private static let trusted = AccessFacts(isInTrustedList: true)
    private static let safe = AccessFacts(isSafeListed: true)
    private static let own = AccessFacts(isOwnAddress: true)
    private static let alice = AccessFacts(login: .account("alice@example.org"))

    @Test("A-03: with outgoing mail disabled nobody relays, and local mail goes on")
    func outgoingDisabled() throws {
        let policy = AccessPolicy(isOutgoingEnabled: false)
        for facts in [Self.trusted, Self.safe, Self.alice] {
            #expect(try refusal(policy, facts).reply == Reply(550, "5.7.1", "<bob@example.net>: outgoing mail is disabled"))
            #expect(send(to: .local, policy, facts) == "local")
        }
        #expect(send(to: .foreign, policy, Self.stranger) == "550 5.7.1")
    }

    @Test("A-06: a local recipient on the outgoing port is delivered directly")
    func localOnTheOutgoingPort() {
        let facts = AccessFacts(role: .outgoing, login: .account("alice@example.org"))
        #expect(send(to: .local, AccessPolicy(), facts) == "local")
        #expect(send(to: .localUnknown, AccessPolicy(), facts) == "550 5.1.1")
        #expect(send(to: .foreign, AccessPolicy(), facts) == "relay")
        let nobody = AccessFacts(role: .outgoing)
        #expect(send(to: .local, AccessPolicy(authentication: .off), nobody) == "550 5.7.1")
        // A mail program asks for the password when it hears this.
        #expect(send(to: .local, AccessPolicy(), nobody) == "530 5.7.0")
        #expect(send(to: .local, AccessPolicy(authentication: .required), nobody) == "530 5.7.0")
    }

    @Test("A-11, D1: only an explicit open policy lets anybody relay, and outside only when that was accepted")
    func openRelay() {
        let inside = AccessFacts(isReachableFromOutside: false)
        #expect(send(to: .foreign, AccessPolicy()) == "550 5.7.1")
        #expect(send(to: .foreign, AccessPolicy(openness: .openToAll)) == "relay")
        #expect(send(to: .foreign, AccessPolicy(openness: .openInside)) == "550 5.7.1")
        #expect(send(to: .foreign, AccessPolicy(openness: .openInside), inside) == "relay")
        #expect(send(to: .foreign, AccessPolicy(openness: .openToAll, authentication: .required)) == "530 5.7.0")
        #expect(send(to: .foreign, AccessPolicy(openness: .openToAll, hasRangeControl: true)) == "550 5.7.1")
    }

    @Test(
        "A-12: with both options set, range and login must both be right",
        arguments: [
            (false, false, "550 5.7.1"), (false, true, "550 5.7.1"), (true, false, "530 5.7.0"), (true, true, "relay"),
        ])
    func both(isInside: Bool, isLoggedIn: Bool, expected: String) {
        let policy = AccessPolicy(authentication: .required, hasRangeControl: true)
        let facts = AccessFacts(isInTrustedList: isInside, login: isLoggedIn ? .account("alice@example.org") : .none)
        #expect(send(to: .foreign, policy, facts) == expected)
    }

    @Test("A-13: with authentication required a login relays, and nothing else does")
    func authenticationRequired() throws {
        let policy = AccessPolicy(authentication: .required)
        #expect(send(to: .foreign, policy, Self.alice) == "relay")
        #expect(send(to: .foreign, policy, Self.trusted) == "530 5.7.0")
        #expect(try refusal(policy, Self.stranger).reply == Reply(530, "5.7.0", "Authentication required"))
    }

    @Test("A-14: at a shared port who has not logged in reaches local recipients only")
    func sharedPortWithLogin() {
        let policy = AccessPolicy(authentication: .required)
        #expect(send(to: .local, policy, Self.stranger) == "local")
        #expect(send(to: .foreign, policy, Self.stranger) == "530 5.7.0")
        #expect(send(to: .foreign, policy, Self.alice) == "relay")
    }

    @Test("A-15: every account's login relays; the single login is none")
    func anyAccount() {
        for name in ["alice@example.org", "till@example.com"] {
            #expect(send(to: .foreign, AccessPolicy(), AccessFacts(login: .account(name))) == "relay")
        }
        #expect(send(to: .foreign, AccessPolicy(), AccessFacts(login: .single)) == "550 5.7.1")
    }

    @Test("A-16: only the single login relays; accounts do not")
    func onlyTheSingleLogin() throws {
        for (authentication, denial) in [(AccessPolicy.Authentication.required, "530 5.7.0"), (.accepted, "550 5.7.1")] {
            let policy = AccessPolicy(authentication: authentication, relayLogins: .onlySingle)
            #expect(send(to: .foreign, policy, AccessFacts(login: .single)) == "relay")
            #expect(send(to: .foreign, policy, Self.alice) == denial)
            #expect(try refusal(policy, Self.alice).because.contains("alice@example.org"))
            #expect(try !refusal(policy, Self.alice).reply.text.contains("alice"))
        }
    }

    @Test("A-17: the list restricts everybody, also who logged in")
    func rangeControl() {
        let policy = AccessPolicy(hasRangeControl: true)
        #expect(send(to: .foreign, policy, Self.trusted) == "relay")
        #expect(send(to: .foreign, policy, Self.stranger) == "550 5.7.1")
        #expect(send(to: .foreign, policy, Self.alice) == "550 5.7.1")
    }

    @Test("A-18: at a shared port clients out of range still reach local users")
    func rangeAtASharedPort() {
        let policy = AccessPolicy(hasRangeControl: true)
        #expect(policy.admit(Self.stranger).admission == .accept)
        #expect(send(to: .local, policy, Self.stranger) == "local")
        #expect(send(to: .foreign, policy, Self.stranger) == "550 5.7.1")
    }

    @Test("A-19: at a port of its own clients out of range are cut off at once")
    func rangeAtAPortOfItsOwn() {
        let policy = AccessPolicy(hasRangeControl: true)
        let (admission, decision) = policy.admit(AccessFacts(role: .outgoing))
        #expect(
            admission == .drop(because: "the client is not in the trusted list, which restricts everybody"))
        #expect(decision.deciding == .rangeControl)
        #expect(policy.admit(AccessFacts(role: .outgoing, isInTrustedList: true)).admission == .accept)
        #expect(policy.admit(AccessFacts(role: .incoming)).admission == .accept)
        #expect(AccessPolicy().admit(AccessFacts(role: .outgoing)).admission == .accept)
    }

    @Test("A-20: this machine's own addresses may be blocked from relaying")
    func ownAddressBlocked() throws {
        let policy = AccessPolicy(blocksOwn: true)
        var listed = Self.own
        listed.isInTrustedList = true
        listed.login = .account("alice@example.org")
        #expect(try refusal(policy, listed).reply == Reply(550, "5.7.1", "<bob@example.net>: relay access denied"))
        #expect(send(to: .local, policy, listed) == "local")
        #expect(send(to: .foreign, policy, Self.trusted) == "relay")
        listed.role = .outgoing
        #expect(try refusal(policy, listed, .local).reply == Reply(550, "5.7.1", "<bob@example.net>: access denied"))
    }

    @Test("A-21: a safe address overrules every restriction")
    func safeAddress() {
        for role in [AccessFacts.Role.both, .outgoing] {
            let policy = AccessPolicy(authentication: .required, relayLogins: .onlySingle, hasRangeControl: true, blocksOwn: true)
            let facts = AccessFacts(role: role, isSafeListed: true, isOwnAddress: true)
            #expect(policy.admit(facts).admission == .accept)
            #expect(send(to: .foreign, policy, facts) == "relay")
            #expect(policy.rule(on: Self.far, .foreign, facts).decision.deciding == .safeListed)
        }
    }

    @Test("A-22, D4: own addresses are safe when that is said, also with A-20")
    func ownAddressSafe() {
        for blocksOwn in [false, true] {
            let policy = AccessPolicy(
                authentication: .required, hasRangeControl: true, blocksOwn: blocksOwn, allowsOwn: true)
            #expect(send(to: .foreign, policy, Self.own) == "relay")
            #expect(policy.rule(on: Self.far, .foreign, Self.own).decision.deciding == .ownAddressSafe)
            #expect(send(to: .foreign, policy, Self.stranger) == "550 5.7.1")
        }
    }

    @Test("T-08, E-06: a foreign recipient is relayed for who may, and refused to others")
    func relayTraffic() throws {
        #expect(send(to: .foreign, AccessPolicy(), Self.trusted) == "relay")
        let refusal = try refusal(AccessPolicy(), Self.stranger)
        #expect(refusal.reply == Reply(550, "5.7.1", "<bob@example.net>: relay access denied"))
        #expect(refusal.because == "nobody vouches for the client: nobody has logged in")
    }

    @Test("T-09, T-10, E-07: the list alone decides when logins count for nothing")
    func listOnly() {
        let policy = AccessPolicy(authentication: .off)
        #expect(send(to: .foreign, policy, Self.trusted) == "relay")
        #expect(send(to: .foreign, policy, Self.stranger) == "550 5.7.1")
        #expect(send(to: .foreign, policy, Self.alice) == "550 5.7.1")
    }

    @Test("E-15a: who is taken off the list during a session is refused at the next recipient")
    func takenOffTheList() {
        var facts = Self.trusted
        #expect(send(to: .foreign, AccessPolicy(), facts) == "relay")
        facts.isInTrustedList = false
        #expect(send(to: .foreign, AccessPolicy(), facts) == "550 5.7.1")
        facts.role = .outgoing
        #expect(send(to: .local, AccessPolicy(hasRangeControl: true), facts) == "550 5.7.1")
    }

    @Test("R-02: without any login local mail is taken")
    func noAuthentication() {
        let facts = AccessFacts(role: .incoming)
        #expect(send(to: .local, AccessPolicy(authentication: .off), facts) == "local")
        #expect(send(to: .local, AccessPolicy(authentication: .required), facts) == "local")
    }

    @Test("R-03, D2: a port that accepts any domain keeps what it may not relay")
    func acceptAny() {
        for role in [AccessFacts.Role.incoming, .both] {
            let facts = AccessFacts(role: role, accept: .any)
            #expect(send(to: .foreign, AccessPolicy(), facts) == "process")
            #expect(send(to: .foreign, AccessPolicy(authentication: .required), facts) == "process")
            #expect(send(to: .localUnknown, AccessPolicy(), facts) == "process")
            #expect(send(to: .local, AccessPolicy(), facts) == "local")
        }
        #expect(send(to: .foreign, AccessPolicy(), AccessFacts(accept: .any, isInTrustedList: true)) == "relay")
        #expect(send(to: .foreign, AccessPolicy(), AccessFacts(role: .incoming, accept: .any, isSafeListed: true)) == "process")
    }

    @Test("D2: accept = any opens no port for submission")
    func acceptAnyAtAnOutgoingPort() {
        let stranger = AccessFacts(role: .outgoing, accept: .any)
        #expect(send(to: .foreign, AccessPolicy(authentication: .required), stranger) == "530 5.7.0")
        #expect(send(to: .localUnknown, AccessPolicy(), stranger) == "530 5.7.0")
        let alice = AccessFacts(role: .outgoing, accept: .any, login: .account("alice@example.org"))
        #expect(send(to: .localUnknown, AccessPolicy(), alice) == "process")
        #expect(send(to: .foreign, AccessPolicy(isOutgoingEnabled: false), alice) == "process")
    }

    @Test("D5: the safe test runs before the instant disconnect")
    func safeBeforeRange() {
        let policy = AccessPolicy(hasRangeControl: true, blocksOwn: true, allowsOwn: true)
        for facts in [
            AccessFacts(role: .outgoing, isSafeListed: true), AccessFacts(role: .outgoing, isOwnAddress: true),
        ] {
            #expect(policy.admit(facts).admission == .accept)
            #expect(policy.admit(facts).decision.outcome(of: .rangeControl) == .notConsidered)
        }
    }

    @Test("A port for incoming mail relays for nobody")
    func incomingOnly() throws {
        for var facts in [Self.safe, Self.trusted, Self.alice] {
            facts.role = .incoming
            #expect(send(to: .foreign, AccessPolicy(openness: .openToAll), facts) == "550 5.7.1")
        }
    }

    @Test(
        "Kinds of recipients follow from classification",
        arguments: [
            (Classification.Rule.user, RecipientKind.local), (.folder, .local), (.alias, .local), (.transport, .local),
            (.catchAll, .local), (.postmaster, .local), (.receiveRule(0), .local), (.foreign, .foreign),
            (.unresolved(.unknown), .localUnknown), (.unresolved(.loop), .local), (.unresolved(.tooMany), .local),
        ])
    func kinds(rule: Classification.Rule, kind: RecipientKind) { #expect(RecipientKind(rule) == kind) }
}

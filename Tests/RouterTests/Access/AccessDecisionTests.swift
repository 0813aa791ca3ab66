// The record of a decision: what it says, in words (F-2).

import Mail
import Testing

@testable import router

@Suite struct AccessDecisionTests {
    static let far = EmailAddress(localPart: "bob", domain: "example.net")

    @Test func theTextNamesEveryRuleAndWhatWouldHaveToDiffer() {
        let policy = AccessPolicy(authentication: .required, hasRangeControl: true)
        let decision = policy.rule(on: Self.far, .foreign, AccessFacts(isInTrustedList: true)).decision
        let expected = """
            incoming-only           not considered
            safe-listed             failed          the client is not in the safe list
            own-address-safe        not considered
            own-address-block       not considered
            range-control           passed          the client is in the trusted list
            authentication-required failed          a login is required, and there is no valid one (decided)
            trusted-list            not considered
            login                   not considered
            open-relay              not considered
            relay-denied            not considered
            outgoing-disabled       not considered
            local-recipient         not considered
            unknown-recipient       not considered
            accept-any              not considered
            admit-default           not considered
            to change this: log in with a name that may relay
            """
        #expect(decision.description == expected)
    }

    @Test func whatIsAllowedNeedsNoChange() {
        let decision = AccessPolicy().rule(on: Self.far, .foreign, AccessFacts(isInTrustedList: true)).decision
        #expect(decision.deciding == .trustedList)
        #expect(decision.description.contains("the client is in the trusted list (decided)"))
        #expect(!decision.description.contains("to change this"))
    }

    /// The words are in journals and in people's scripts: they do not change.
    @Test func wordsAreStable() {
        #expect(
            AccessRule.allCases.map { $0.word } == [
                "incoming-only", "safe-listed", "own-address-safe", "own-address-block", "range-control",
                "authentication-required", "trusted-list", "login", "open-relay", "relay-denied", "outgoing-disabled",
                "local-recipient", "unknown-recipient", "accept-any", "admit-default",
            ])
    }

    @Test("A rule that refuses says why and what to do; one that only allows has nothing to change")
    func sentences() {
        var refusing: Set<AccessRule> = []
        AccessCase.forEach { line in
            let (ruling, decision) = line.policy.rule(on: Self.far, line.kind, line.facts)
            if case .refuse = ruling { refusing.insert(decision.deciding) }
        }
        #expect(refusing.count == 8)
        for rule in AccessRule.allCases {
            #expect((rule.remedy != nil) == refusing.contains(rule), "\(rule.word)")
            if refusing.contains(rule) { #expect(!rule.reason.isEmpty, "\(rule.word)") }
        }
    }

    /// Strangers are told what to do, and none of our lists, names or switches but the one that concerns everybody.
    @Test func strangersLearnNothingOfOurLists() {
        var texts: Set<String> = []
        AccessCase.forEach { line in
            guard case .refuse(let refusal) = line.policy.rule(on: Self.far, line.kind, line.facts).ruling else { return }
            texts.insert("\(refusal.reply.code) \(refusal.reply.status ?? "") \(refusal.reply.text)")
        }
        #expect(
            texts == [
                "550 5.7.1 <bob@example.net>: relay access denied", "550 5.7.1 <bob@example.net>: access denied",
                "550 5.7.1 <bob@example.net>: outgoing mail is disabled", "530 5.7.0 Authentication required",
                "550 5.1.1 <bob@example.net>: no such user here",
            ])
    }

    @Test func theRecordIsSmall() { #expect(MemoryLayout<AccessDecision>.size <= 12) }
}

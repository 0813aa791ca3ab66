// Every combination of facts and settings against an oracle that was written from the prose of FEATURES 1.0 alone: as
// sentences about sets, where the policy is a walk through an ordered table.

import Mail
import Testing

@testable import router

/// One line of the table.
struct AccessCase {
    var facts: AccessFacts
    var policy: AccessPolicy
    var kind: RecipientKind

    static let logins: [AccessFacts.Login] = [.none, .account("alice@example.org"), .single]
    static let bools = [false, true]

    /// 248,832 of them.
    static func forEach(_ body: (AccessCase) -> Void) {
        forEachFacts { facts in
            forEachPolicy { policy in
                for kind in RecipientKind.allCases { body(AccessCase(facts: facts, policy: policy, kind: kind)) }
            }
        }
    }

    static func forEachFacts(_ body: (AccessFacts) -> Void) {
        for role in AccessFacts.Role.allCases {
            for accept in AccessFacts.Accept.allCases {
                for login in logins {
                    for bits in 0..<16 {
                        body(
                            AccessFacts(
                                role: role, accept: accept, isReachableFromOutside: bits & 1 != 0,
                                isSafeListed: bits & 2 != 0, isOwnAddress: bits & 4 != 0, isInTrustedList: bits & 8 != 0,
                                login: login))
                    }
                }
            }
        }
    }

    static func forEachPolicy(_ body: (AccessPolicy) -> Void) {
        for openness in AccessPolicy.Openness.allCases {
            for authentication in AccessPolicy.Authentication.allCases {
                for logins in AccessPolicy.RelayLogins.allCases {
                    for bits in 0..<16 {
                        body(
                            AccessPolicy(
                                isOutgoingEnabled: bits & 1 != 0, openness: openness, authentication: authentication,
                                relayLogins: logins, hasRangeControl: bits & 2 != 0, blocksOwn: bits & 4 != 0,
                                allowsOwn: bits & 8 != 0))
                    }
                }
            }
        }
    }
}

/// The prose, sentence by sentence.
struct AccessOracle {
    let facts: AccessFacts
    let policy: AccessPolicy

    /// "Safe IPs (A-21) are a second, stronger list"; "own addresses become Safe IPs" (A-22).
    var isSafe: Bool { facts.isSafeListed || facts.isOwnAddress && policy.allowsOwn }
    /// "Own-IP block → deny", "Safe wins over block, always" (D4).
    var isBlocked: Bool { !isSafe && facts.isOwnAddress && policy.blocksOwn }
    /// "Range control on and client outside → deny", "Safe test runs before the range test" (D5).
    var isOutside: Bool { !isSafe && policy.hasRangeControl && !facts.isInTrustedList }
    /// "All hosted accounts may authenticate" (A-15); "account logins are not valid for outgoing" (A-16).
    var isLoggedInToRelay: Bool {
        if policy.authentication == .off { return false }
        return facts.login == (policy.relayLogins == .onlySingle ? .single : .account("alice@example.org"))
    }
    /// "Auth required and not authenticated → deny 530".
    var lacksLogin: Bool { !isSafe && policy.authentication == .required && !isLoggedInToRelay }
    /// "Neither on → trusted hosts list … (or `open`, D1)".
    var isVouchedFor: Bool {
        let isOpenHere = policy.openness == .openToAll || policy.openness == .openInside && !facts.isReachableFromOutside
        return isLoggedInToRelay || policy.authentication != .required && (facts.isInTrustedList || isOpenHere)
    }

    enum Answer: String {
        case local, relay, process
        case denied = "550 5.7.1"
        case disabled = "550 5.7.1 disabled"
        case loginFirst = "530 5.7.0"
        case nobody = "550 5.1.1"
    }

    /// Why the client may not relay; nil: it may.
    var denial: Answer? {
        if isBlocked || isOutside { return .denied }
        if lacksLogin { return .loginFirst }
        return isSafe || isVouchedFor ? nil : .denied
    }

    func answer(_ kind: RecipientKind) -> Answer {
        // "On a separate outgoing port the same restrictions apply to every recipient."
        if facts.role == .outgoing, let denial {
            // Who only lacks a login is asked for it.
            let lacksOnlyLogin =
                denial == .denied && !isBlocked && !isOutside && policy.authentication == .accepted && facts.login == .none
                && policy.openness == .closed
            return lacksOnlyLogin ? .loginFirst : denial
        }
        var answer: Answer
        switch kind {
        case .local: return .local
        case .localUnknown: answer = .nobody
        case .foreign:
            answer = .relay
            if !policy.isOutgoingEnabled { answer = .disabled }
            if let denial { answer = denial }
            if facts.role == .incoming { answer = .denied }
        }
        // "Recipients that would be refused as foreign or unknown go into the processing account, never relayed."
        return answer != .relay && facts.accept == .any ? .process : answer
    }

    /// "Instant disconnect": only on a port of its own.
    var isDropped: Bool { facts.role == .outgoing && isOutside }
}

@Suite struct AccessTableTests {
    static let recipient = EmailAddress(localPart: "bob", domain: "example.net")

    static func answer(_ ruling: AccessPolicy.Ruling) -> String {
        switch ruling {
        case .local: return "local"
        case .relay: return "relay"
        case .process: return "process"
        case .refuse(let refusal):
            let isDisabled = refusal.reply.text.hasSuffix("outgoing mail is disabled")
            return "\(refusal.reply.code) \(refusal.reply.status ?? "-")" + (isDisabled ? " disabled" : "")
        }
    }

    /// Differences and contradictions are counted, and the first is shown: a quarter of a million expectations would take
    /// minutes to record.
    @Test("Every recipient in every combination is ruled on as the prose says")
    func everyRecipient() {
        var count = 0
        var wrong: [String] = []
        AccessCase.forEach { line in
            count += 1
            let (ruling, _) = line.policy.rule(on: Self.recipient, line.kind, line.facts)
            let expected = AccessOracle(facts: line.facts, policy: line.policy).answer(line.kind)
            if Self.answer(ruling) != expected.rawValue {
                wrong.append("\(line): \(Self.answer(ruling)), not \(expected.rawValue)")
            }
        }
        #expect(count == 248_832)
        #expect(wrong.isEmpty, "\(wrong.count) wrong, the first: \(wrong.first ?? "")")
    }

    @Test("Every client in every combination is let in or cut off as the prose says")
    func everyConnection() {
        var dropped = 0
        var wrong: [String] = []
        AccessCase.forEachFacts { facts in
            AccessCase.forEachPolicy { policy in
                let (admission, decision) = policy.admit(facts)
                let expected = AccessOracle(facts: facts, policy: policy).isDropped
                if expected { dropped += 1 }
                if (admission != .accept) != expected { wrong.append("\(facts) \(policy)") }
                if expected != (decision.outcome(of: decision.deciding) == .failed) { wrong.append("\(decision)") }
            }
        }
        #expect(dropped > 0)
        #expect(wrong.isEmpty, "\(wrong.count) wrong, the first: \(wrong.first ?? "")")
    }

    /// The record says the same as the ruling, and nothing behind the rule that decided was considered.
    @Test("Every record agrees with its ruling")
    func everyRecord() {
        var wrong: [String] = []
        AccessCase.forEach { line in
            let (ruling, decision) = line.policy.rule(on: Self.recipient, line.kind, line.facts)
            var isRefusal = false
            if case .refuse = ruling { isRefusal = true }
            if decision.outcome(of: decision.deciding) != (isRefusal ? .failed : .passed) {
                wrong.append("\(line): \(decision)")
            }
            let later = AccessRule.allCases.drop { $0 != decision.deciding }.dropFirst()
            let considered = later.filter { decision.outcome(of: $0) != .notConsidered }
            if considered != (ruling == .relay ? [.outgoingDisabled] : []) { wrong.append("\(line): \(decision)") }
        }
        #expect(wrong.isEmpty, "\(wrong.count) wrong, the first: \(wrong.first ?? "")")
    }
}

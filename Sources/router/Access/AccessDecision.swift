// Which rules an access decision considered, how each came out and which one decided (F-2). The record is twelve octets
// without a heap, so every decision carries it; words are made of it only when somebody asks.

/// The rules, in the order in which they are considered. Passed means: what the rule asks for is so.
enum AccessRule: UInt8, Hashable, Sendable, CaseIterable {
    case incomingOnly
    case safeListed
    case ownAddressSafe
    case ownAddressBlock
    case rangeControl
    case authenticationRequired
    case trustedList
    case login
    case openRelay
    case relayDenied
    case outgoingDisabled
    case localRecipient
    case unknownRecipient
    case acceptAny
    /// The connection is accepted because nothing speaks against it.
    case admitDefault

    /// A stable word, for the journal and for `postern explain`.
    var word: String {
        switch self {
        case .admitDefault: "admit-default"
        case .incomingOnly: "incoming-only"
        case .safeListed: "safe-listed"
        case .ownAddressSafe: "own-address-safe"
        case .ownAddressBlock: "own-address-block"
        case .rangeControl: "range-control"
        case .authenticationRequired: "authentication-required"
        case .trustedList: "trusted-list"
        case .login: "login"
        case .openRelay: "open-relay"
        case .relayDenied: "relay-denied"
        case .outgoingDisabled: "outgoing-disabled"
        case .localRecipient: "local-recipient"
        case .unknownRecipient: "unknown-recipient"
        case .acceptAny: "accept-any"
        }
    }

    /// What it says when it holds, and when it does not.
    var sentences: (passed: String, failed: String) {
        switch self {
        case .admitDefault: ("nothing keeps the client out", "")
        case .incomingOnly: ("", "the port is for incoming mail only")
        case .safeListed: ("the client is in the safe list", "the client is not in the safe list")
        case .ownAddressSafe:
            ("the client has an address of this machine, which is safe", "the client has no address of this machine")
        case .ownAddressBlock:
            ("the client has no address of this machine", "the client has an address of this machine, which is blocked")
        case .rangeControl:
            ("the client is in the trusted list", "the client is not in the trusted list, which restricts everybody")
        case .authenticationRequired: ("the login gives the right", "a login is required, and there is no valid one")
        case .trustedList: ("the client is in the trusted list", "the client is not in the trusted list")
        case .login: ("the login gives the right", "there is no login that gives the right")
        case .openRelay: ("the policy is open", "the policy is open only at ports that no stranger can reach")
        case .relayDenied: ("", "nobody vouches for the client")
        case .outgoingDisabled: ("outgoing mail is enabled", "outgoing mail is disabled")
        case .localRecipient: ("the recipient is local", "")
        case .unknownRecipient: ("", "the domain is local and the address does not exist")
        case .acceptAny: ("the port takes in any recipient for the processing account", "")
        }
    }

    /// For the journal, where the rule refuses.
    var reason: String { sentences.failed }

    /// What would have had to differ; nil where the rule did not refuse.
    var remedy: String? {
        switch self {
        case .incomingOnly: "send it to a port for outgoing mail"
        case .ownAddressBlock: "switch off relay.block_own, or add the address to relay.safe"
        case .rangeControl: "add the client to relay.trusted"
        case .authenticationRequired: "log in with a name that may relay"
        case .openRelay: "set relay.i_accept_open_relay, log in, or add the client to relay.trusted"
        case .relayDenied: "log in with a name that may relay, or add the client to relay.trusted"
        case .outgoingDisabled: "switch on relay.enabled"
        case .unknownRecipient: "create the address, or a catch-all for its domain"
        case .admitDefault, .safeListed, .ownAddressSafe, .trustedList, .login, .localRecipient, .acceptAny: nil
        }
    }

    fileprivate var bit: UInt32 { 1 << UInt32(rawValue) }
}

/// The record of one decision.
struct AccessDecision: Hashable, Sendable {
    enum Outcome: String, Hashable, Sendable {
        case passed, failed
        case notConsidered = "not considered"
    }

    private var passed: UInt32 = 0
    private var failed: UInt32 = 0
    /// Every decision that `AccessPolicy` gives has been decided by some rule.
    private(set) var deciding = AccessRule.admitDefault

    func outcome(of rule: AccessRule) -> Outcome {
        if passed & rule.bit != 0 { return .passed }
        return failed & rule.bit != 0 ? .failed : .notConsidered
    }

    /// Every rule in its order.
    var outcomes: [(rule: AccessRule, outcome: Outcome)] { AccessRule.allCases.map { ($0, outcome(of: $0)) } }

    /// The rule was considered, and the last one so far to say anything about the result.
    /// - Returns: whether it passed.
    @discardableResult
    mutating func decide(_ rule: AccessRule, _ hasPassed: Bool) -> Bool {
        deciding = rule
        note(rule, hasPassed)
        return hasPassed
    }

    /// The rule was considered and left the decision with the one before it.
    mutating func note(_ rule: AccessRule, _ hasPassed: Bool) {
        if hasPassed { passed |= rule.bit } else { failed |= rule.bit }
    }
}

// For `postern explain`: a line for each rule, and what would have had to differ.
extension AccessDecision: CustomStringConvertible {
    var description: String {
        var lines = outcomes.map { rule, outcome in
            let word = rule.word.padded(to: 24) + outcome.rawValue
            switch outcome {
            case .notConsidered: return word
            case .passed: return line(word, rule, rule.sentences.passed)
            case .failed: return line(word, rule, rule.sentences.failed)
            }
        }
        if outcome(of: deciding) == .failed, let remedy = deciding.remedy { lines.append("to change this: \(remedy)") }
        return lines.joined(separator: "\n")
    }

    private func line(_ word: String, _ rule: AccessRule, _ sentence: String) -> String {
        word.padded(to: 40) + sentence + (rule == deciding ? " (decided)" : "")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - utf8.count))
    }
}

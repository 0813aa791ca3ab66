// Who a recipient is and what becomes of a message for it: pure functions over what the directory says, the relay rule
// and the settings. One decision with its rule per recipient (FEATURES 1.0).

import IPC
import Mail

/// What becomes of a message for one recipient, and which rule said so.
struct RecipientDecision: Sendable {
    enum Rule: Hashable, Sendable, CustomStringConvertible {
        /// T-06: a user's mailbox.
        case account
        /// RFC 5321 §4.5.1: a postmaster without a mailbox of its own, kept by another account.
        case postmaster
        /// The domain is ours, the address does not exist.
        case unknown
        /// The directory could not be asked.
        case undecided
        /// The domain is not ours: the relay rule decided.
        case relay(RelayPolicy.Rule)

        package var description: String {
            switch self {
            case .account: "account"
            case .postmaster: "postmaster"
            case .unknown: "unknown-recipient"
            case .undecided: "undecided"
            case .relay(let rule): rule.rawValue
            }
        }
    }

    enum Outcome: Sendable {
        case place(AccountID)
        case relay
        case refuse(Refusal)
    }

    let rule: Rule
    let outcome: Outcome
}

struct RecipientClassifier: Sendable {
    /// In lower case, as the domains of addresses are.
    private let hostname: String

    init(hostname: String) { self.hostname = hostname.lowercased() }

    /// The decision for a recipient that the directory has spoken about.
    func decide(_ recipient: EmailAddress, _ resident: Resident, relay: RelayPolicy.Rule) -> RecipientDecision {
        switch resident {
        case .account(let account): RecipientDecision(rule: .account, outcome: .place(account))
        case .unknown: RecipientClassifier.unknown(recipient)
        case .foreign:
            switch relay {
            case .safe, .trusted, .open, .ours: RecipientDecision(rule: .relay(relay), outcome: .relay)
            case .denied:
                RecipientDecision(
                    rule: .relay(relay),
                    outcome: .refuse(
                        Refusal(
                            Reply(550, "5.7.1", "<\(recipient)>: relay access denied"),
                            because: "the domain is not local and the client is neither safe nor trusted")))
            }
        }
    }

    private static func unknown(_ recipient: EmailAddress) -> RecipientDecision {
        RecipientDecision(
            rule: .unknown,
            outcome: .refuse(
                Refusal(
                    Reply(550, "5.1.1", "<\(recipient)>: no such user here"),
                    because: "the domain is local and the address does not exist")))
    }
}

// RFC 5321 §4.5.1: mail to the postmaster of any domain that we serve, and to `<postmaster>` alone, must be taken.
// `<postmaster>` comes as postmaster at our host name. Where that has no mailbox, these are asked in turn, and the first
// that is an account keeps the message: the postmaster of our host name, and that of the domain that our host name
// stands in (mail.example.org → example.org).
extension RecipientClassifier {
    /// Whom to ask for in place of a recipient that is no account; empty when it is no postmaster of ours.
    func substitutes(for recipient: EmailAddress, _ resident: Resident) -> [EmailAddress] {
        guard recipient.localPart.utf8.count == 10, recipient.localPart.lowercased() == "postmaster" else { return [] }
        switch resident {
        case .account: return []
        case .foreign where recipient.domain != hostname: return []
        case .foreign, .unknown: break
        }
        var names = [EmailAddress(localPart: "postmaster", domain: hostname)]
        if let dot = hostname.firstIndex(of: "."), hostname[hostname.index(after: dot)...].contains(".") {
            names.append(EmailAddress(localPart: "postmaster", domain: String(hostname[hostname.index(after: dot)...])))
        }
        return names.filter { $0 != recipient }
    }

    /// The decision for a postmaster after its substitutes were looked up.
    func decidePostmaster(_ recipient: EmailAddress, _ residents: [Resident]) -> RecipientDecision {
        for case .account(let account) in residents {
            return RecipientDecision(rule: .postmaster, outcome: .place(account))
        }
        // Never relayed, whoever asks: it is meant for us.
        return RecipientClassifier.unknown(recipient)
    }
}

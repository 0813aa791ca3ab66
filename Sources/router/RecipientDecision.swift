// What becomes of a message for one recipient, and which rules said so (FEATURES 1.0).

import IPC
import Mail

struct RecipientDecision: Sendable {
    /// What decided, in a word for the journal and for `postern explain`.
    enum Rule: Hashable, Sendable, CustomStringConvertible {
        /// The recipient is ours: this is how it was found.
        case classified(Classification.Rule)
        /// The access rule.
        case access(AccessRule)
        /// A mailbox that it leads to is full.
        case overQuota
        /// Something of ours could not be asked.
        case undecided
        /// Too many, or too fast.
        case limit
        /// The domain is no name.
        case badAddress

        var description: String {
            switch self {
            case .classified(let rule): rule.description
            case .access(let rule): rule.word
            case .overQuota: "over-quota"
            case .undecided: "undecided"
            case .limit: "limit"
            case .badAddress: "bad-address"
            }
        }
    }

    enum Outcome: Sendable {
        /// Into these mailboxes and to these strangers; together at least one.
        case take([LocalPlacement], [EmailAddress])
        case refuse(Refusal)
    }

    let rule: Rule
    let outcome: Outcome

    static func undecided(_ refusal: Refusal) -> RecipientDecision {
        RecipientDecision(rule: .undecided, outcome: .refuse(refusal))
    }
}

extension RecipientDecision {
    /// RFC 6531 §3.2, RFC 5891: what is no name is no address.
    static func badDomain(_ recipient: EmailAddress) -> RecipientDecision {
        let refusal = Refusal(
            Reply(553, "5.1.3", "<\(recipient)>: the domain is not a valid name"), because: "not a name by IDNA2008")
        return RecipientDecision(rule: .badAddress, outcome: .refuse(refusal))
    }
}

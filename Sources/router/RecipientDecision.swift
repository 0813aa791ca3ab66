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
        /// Something of ours could not be asked.
        case undecided
        /// Too many, or too fast.
        case limit

        var description: String {
            switch self {
            case .classified(let rule): rule.description
            case .access(let rule): rule.word
            case .undecided: "undecided"
            case .limit: "limit"
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

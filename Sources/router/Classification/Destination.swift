// Where a message for one recipient goes, after rules, aliases and sub-addresses.

import Mail

enum Destination: Hashable, Sendable {
    /// Into an account's mailbox. `recipient` is the address that named the account, after aliases; `detail` is what
    /// followed the delimiter of a sub-address.
    case place(AccountID, recipient: EmailAddress, detail: String?)
    /// The same for a mailbox that has no room for more mail.
    case full(AccountID, recipient: EmailAddress)
    /// To another server: `viaTransport` to the one that takes the rest of a domain of ours, else wherever the address's
    /// domain says.
    case remote(EmailAddress, viaTransport: Bool)
    /// To nobody. Beside others: one target of an alias failed, and the rest is delivered.
    case refuse(EmailAddress, Unresolved)

    /// Why an address leads nowhere.
    enum Unresolved: String, Hashable, Sendable {
        /// The domain is ours, the address does not exist.
        case unknown = "unknown-recipient"
        /// Aliases lead back to themselves and nowhere else.
        case loop = "alias-loop"
        /// Aliases of aliases, beyond `Classification.depthLimit`.
        case tooDeep = "alias-depth"
        /// More addresses than `Classification.resultLimit`.
        case tooMany = "alias-limit"

        /// What a stranger is told. A loop or an endless list is our own trouble: the mail may come again when it is mended.
        func refusal(for recipient: EmailAddress) -> Refusal {
            switch self {
            case .unknown:
                Refusal(
                    Reply(550, "5.1.1", "<\(recipient)>: no such user here"),
                    because: "the domain is local and the address does not exist")
            case .loop: trouble(recipient, "its aliases lead in a circle and to no mailbox")
            case .tooDeep: trouble(recipient, "its aliases are nested more than \(Classification.depthLimit) deep")
            case .tooMany: trouble(recipient, "it stands for more than \(Classification.resultLimit) addresses")
            }
        }

        private func trouble(_ recipient: EmailAddress, _ because: String) -> Refusal {
            // RFC 3463 §3.4: X.3.5, system incorrectly configured.
            Refusal(
                Reply(451, "4.3.5", "<\(recipient)>: cannot be delivered at present, try again later"),
                because: because)
        }
    }
}

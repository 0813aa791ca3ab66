// What a client is told that may not do what it asked for, and why the journal says it was so. The stranger learns what to
// do about it and nothing of our lists.

import Mail

extension AccessPolicy {
    func refusal(
        of recipient: EmailAddress, _ kind: RecipientKind, _ facts: AccessFacts, _ rule: AccessRule
    ) -> Refusal {
        switch rule {
        case .unknownRecipient: return Destination.Unresolved.unknown.refusal(for: recipient)
        case .outgoingDisabled:
            return Refusal(Reply(550, "5.7.1", "<\(recipient)>: outgoing mail is disabled"), because: rule.reason)
        case .authenticationRequired:
            // RFC 4954 §6.
            return Refusal(Reply(530, "5.7.0", "Authentication required"), because: because(rule, facts.login))
        case .relayDenied where facts.role == .outgoing && authentication == .accepted && facts.login == .none:
            // At a port for submission a login is what is missing: mail programs ask for the password then.
            return Refusal(Reply(530, "5.7.0", "Authentication required"), because: because(rule, facts.login))
        default:
            let words = kind == .foreign ? "relay access denied" : "access denied"
            return Refusal(Reply(550, "5.7.1", "<\(recipient)>: \(words)"), because: because(rule, facts.login))
        }
    }

    private func because(_ rule: AccessRule, _ login: AccessFacts.Login) -> String {
        guard rule == .authenticationRequired || rule == .relayDenied else { return rule.reason }
        switch login {
        case .none: return "\(rule.reason): nobody has logged in"
        case .account(let name): return "\(rule.reason): logged in as the account \(name), which has no right to relay"
        case .single: return "\(rule.reason): logged in with the single login, which has no right to relay"
        }
    }
}

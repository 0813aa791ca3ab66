// The one table that decides who may use this server for what (FEATURES 1.0's relay rule; D1–D5, A-03…A-22). Pure.
//
// The rules stand in `AccessRule` in the order in which they are considered:
//  – At a port for incoming mail, recipients of ours are taken from everybody, and only foreign ones need a right.
//  – At a port for outgoing mail only, every recipient needs it: otherwise strangers would reach our users around what
//    port 25 holds against them. Who has the right gets local recipients delivered directly.
//  – `accept = "any"` (D2) takes in what would be refused as foreign or unknown, and gives nobody a right.

import Mail

struct AccessPolicy: Hashable, Sendable {
    /// To whom a client may send that nobody vouches for (A-11, D1).
    enum Openness: Hashable, Sendable, CaseIterable {
        case closed
        /// Open at ports that no stranger can reach.
        case openInside
        /// Open everywhere: the administrator has accepted that in so many words.
        case openToAll
    }

    /// What a login is worth for relaying.
    enum Authentication: Hashable, Sendable, CaseIterable {
        /// A login or a place in the list is enough.
        case accepted
        /// without a login nobody relays, listed or not.
        case required
        /// Logins give no right (E-07's list alone).
        case off
    }

    enum RelayLogins: Hashable, Sendable, CaseIterable {
        ///
        case anyAccount
        /// the stand-alone login, and no account's.
        case onlySingle
    }

    /// whether mail for other servers is taken at all.
    var isOutgoingEnabled = true
    var openness = Openness.closed
    var authentication = Authentication.accepted
    var relayLogins = RelayLogins.anyAccount
    /// the list is a restriction too, on who logged in as well.
    var hasRangeControl = false
    ///
    var blocksOwn = false
    /// Wins over `blocksOwn` (D4).
    var allowsOwn = false

    enum Admission: Hashable, Sendable {
        case accept
        /// close the connection before a byte is written.
        case drop(because: String)
    }

    enum Ruling: Hashable, Sendable {
        /// Into the house: where classification says.
        case local
        /// To another server, by way of the queue.
        case relay
        /// Into the port's processing account.
        case process
        case refuse(Refusal)
    }

    /// Whether a client may begin its session.
    func admit(_ facts: AccessFacts) -> (admission: Admission, decision: AccessDecision) {
        var decision = AccessDecision()
        guard facts.role == .outgoing else {
            decision.decide(.admitDefault, true)
            return (.accept, decision)
        }
        // D5: nobody is cut off who is safe.
        if isSafe(facts, &decision) { return (.accept, decision) }
        guard hasRangeControl else {
            decision.decide(.admitDefault, true)
            return (.accept, decision)
        }
        decision.decide(.rangeControl, facts.isInTrustedList)
        return facts.isInTrustedList ? (.accept, decision) : (.drop(because: AccessRule.rangeControl.reason), decision)
    }

    /// What becomes of a message for one recipient.
    /// - Parameter recipient: named in the refusal only.
    func rule(
        on recipient: EmailAddress, _ kind: RecipientKind, _ facts: AccessFacts
    ) -> (ruling: Ruling, decision: AccessDecision) {
        var decision = AccessDecision()
        if facts.role == .outgoing || kind == .foreign, !hasRight(facts, &decision) {
            // At a port for outgoing mail the client is refused, not the recipient: there is nothing to take in.
            if facts.role != .outgoing, facts.accept == .any { return process(&decision) }
            return (.refuse(refusal(of: recipient, kind, facts, decision.deciding)), decision)
        }
        switch kind {
        case .local:
            decision.decide(.localRecipient, true)
            return (.local, decision)
        case .foreign where isOutgoingEnabled:
            decision.note(.outgoingDisabled, true)
            return (.relay, decision)
        case .foreign: decision.decide(.outgoingDisabled, false)
        case .localUnknown: decision.decide(.unknownRecipient, false)
        }
        if facts.accept == .any { return process(&decision) }
        return (.refuse(refusal(of: recipient, kind, facts, decision.deciding)), decision)
    }

    private func process(_ decision: inout AccessDecision) -> (Ruling, AccessDecision) {
        decision.decide(.acceptAny, true)
        return (.process, decision)
    }
}

// The relay rule, in the order of FEATURES 1.0.
extension AccessPolicy {
    private func hasRight(_ facts: AccessFacts, _ decision: inout AccessDecision) -> Bool {
        if facts.role == .incoming { return decision.decide(.incomingOnly, false) }
        if isSafe(facts, &decision) { return true }
        if blocksOwn, !decision.decide(.ownAddressBlock, !facts.isOwnAddress) { return false }
        if hasRangeControl, !decision.decide(.rangeControl, facts.isInTrustedList) { return false }
        let hasLogin = isValid(facts.login)
        if authentication == .required {
            // with range control on, both have held here.
            return decision.decide(.authenticationRequired, hasLogin)
        }
        if decision.decide(.trustedList, facts.isInTrustedList) { return true }
        if authentication == .accepted, decision.decide(.login, hasLogin) { return true }
        if openness != .closed {
            return decision.decide(.openRelay, openness == .openToAll || !facts.isReachableFromOutside)
        }
        return decision.decide(.relayDenied, false)
    }

    /// D4: overrules every restriction.
    private func isSafe(_ facts: AccessFacts, _ decision: inout AccessDecision) -> Bool {
        if decision.decide(.safeListed, facts.isSafeListed) { return true }
        return allowsOwn && decision.decide(.ownAddressSafe, facts.isOwnAddress)
    }

    private func isValid(_ login: AccessFacts.Login) -> Bool {
        switch login {
        case .none: false
        case .account: relayLogins == .anyAccount
        case .single: relayLogins == .onlySingle
        }
    }
}

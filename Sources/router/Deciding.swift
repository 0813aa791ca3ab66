// One recipient's way to a decision: classification with the directory's answers, then the access rule, then what follows
// from both. Confined to the loop.

import IPC
import Mail
import Settings

/// What does not change from one recipient of a transaction to the next.
struct EnvelopeFacts: Sendable {
    var client: InternetAddress
    var listener: UInt16
    var service: ServiceName
    var sender: EmailAddress?
    var login: AccessFacts.Login
}

extension RouterLoop {
    /// As they are now: lists change while a session is open (E-15a).
    func accessFacts(_ envelope: EnvelopeFacts) -> AccessFacts {
        let port = policy.port(envelope.listener, envelope.service)
        let lists = directory.policy
        return AccessFacts(
            role: port.role, accept: port.accept, isReachableFromOutside: port.isReachableFromOutside,
            isSafeListed: policy.isSafe(envelope.client, lists), isOwnAddress: addresses.isOwn(envelope.client),
            isInTrustedList: policy.isTrusted(envelope.client, lists, addresses), login: envelope.login)
    }

    /// `body` is called once, at once when memory knows everything, later otherwise.
    func decide(_ recipient: EmailAddress, _ envelope: EnvelopeFacts, _ body: @escaping (RecipientDecision) -> Void) {
        directory.receivePolicy { [self] result in
            switch result {
            case .failure(let refusal): body(.undecided(refusal))
            case .success(let receive):
                let machine = Classification(recipient, from: envelope.sender, client: envelope.client, by: receive)
                classify(machine) { [self] result in
                    switch result {
                    case .failure(let refusal): body(.undecided(refusal))
                    case .success(let found): rule(on: recipient, found.0, found.1, envelope, body)
                    }
                }
            }
        }
    }

    /// E-03: mail that the house itself has written goes wherever it leads; nobody asks whether we may relay. A full mailbox
    /// takes it too: nobody would try again to tell a sender what became of other mail.
    func decideOwn(
        _ recipient: EmailAddress, from sender: EmailAddress?, _ body: @escaping (RecipientDecision) -> Void
    ) {
        directory.receivePolicy { [self] result in
            switch result {
            case .failure(let refusal): body(.undecided(refusal))
            case .success(let receive):
                let ourselves = InternetAddress(v4: 0x7F00_0001)
                classify(Classification(recipient, from: sender, client: ourselves, by: receive)) { result in
                    switch result {
                    case .failure(let refusal): body(.undecided(refusal))
                    case .success((_, .foreign)):
                        body(RecipientDecision(rule: .classified(.foreign), outcome: .take([], [recipient])))
                    case .success(let found): body(.local(recipient, found.0, found.1, fullAs: nil))
                    }
                }
            }
        }
    }

    /// Answers the machine's questions until it is done.
    func classify(
        _ machine: Classification,
        _ body: @escaping (Result<([Destination], Classification.Rule), Refusal>) -> Void
    ) {
        var machine = machine
        while true {
            guard case .lookUp(let address) = machine.next() else { break }
            // What memory knows is taken without a call back.
            if let entry = directory.known(address) {
                machine.found(entry)
                continue
            }
            let waiting = machine
            return directory.entry(of: address) { [self] found in
                switch found {
                case .failure(let refusal): body(.failure(refusal))
                case .success(let entry):
                    var machine = waiting
                    machine.found(entry)
                    classify(machine, body)
                }
            }
        }
        guard case .done(let destinations, let rule) = machine.next() else { return }
        body(.success((destinations, rule)))
    }

    private func rule(
        on recipient: EmailAddress, _ destinations: [Destination], _ found: Classification.Rule,
        _ envelope: EnvelopeFacts, _ body: @escaping (RecipientDecision) -> Void
    ) {
        let (ruling, decision) = policy.access.rule(on: recipient, RecipientKind(found), accessFacts(envelope))
        let rule = RecipientDecision.Rule.access(decision.deciding)
        switch ruling {
        case .local: body(RecipientDecision.local(recipient, destinations, found, fullAs: policy.overQuota))
        case .relay: body(RecipientDecision(rule: rule, outcome: .take([], [recipient])))
        case .refuse(let refusal): body(RecipientDecision(rule: rule, outcome: .refuse(refusal)))
        case .process: process(recipient, policy.port(envelope.listener, envelope.service).processor, rule, body)
        }
    }

    /// into the account that the port's settings name.
    private func process(
        _ recipient: EmailAddress, _ processor: EmailAddress?, _ rule: RecipientDecision.Rule,
        _ body: @escaping (RecipientDecision) -> Void
    ) {
        guard let processor else { return body(.undecided(.local("the port has no accept_account"))) }
        directory.entry(of: processor) { [self] found in
            switch found {
            case .failure(let refusal): body(.undecided(refusal))
            case .success(.local(let entry)):
                guard let account = entry.processor ?? entry.user ?? entry.folder else { fallthrough }
                guard !entry.full.contains(account) else {
                    return body(.full(recipient, processor, policy.overQuota))
                }
                let placement = LocalPlacement(recipient: recipient, account: account)
                body(RecipientDecision(rule: rule, outcome: .take([placement], [])))
            case .success(.foreign):
                body(.undecided(.local("accept_account \(processor) does not exist: postern processor add \(processor)")))
            }
        }
    }
}

extension RecipientDecision {
    /// Every address that the recipient stands for; what could not be resolved is left out when there are others. One full
    /// mailbox holds up all of them, since a reply is for the recipient: what was taken could not come again for one alone.
    /// - Parameter fullAs: nil: a full mailbox takes it too.
    static func local(
        _ recipient: EmailAddress, _ destinations: [Destination], _ found: Classification.Rule,
        fullAs: Settings.Store.OverQuota?
    ) -> RecipientDecision {
        var placements: [LocalPlacement] = []
        var relays: [EmailAddress] = []
        var refusal: Refusal?
        for destination in destinations {
            switch destination {
            case .place(let account, let name, _): placements.append(LocalPlacement(recipient: name, account: account))
            case .full(let account, let name):
                if let fullAs { return full(recipient, name, fullAs) }
                placements.append(LocalPlacement(recipient: name, account: account))
            case .remote(let address, _): relays.append(address)
            case .refuse(let address, let reason): refusal = refusal ?? reason.refusal(for: address)
            }
        }
        let rule = Rule.classified(found)
        if placements.isEmpty, relays.isEmpty {
            return RecipientDecision(
                rule: rule, outcome: .refuse(refusal ?? .local("\(recipient) leads nowhere")))
        }
        return RecipientDecision(rule: rule, outcome: .take(placements, relays))
    }

    /// - Parameter mailbox: the one that is full.
    static func full(
        _ recipient: EmailAddress, _ mailbox: EmailAddress, _ word: Settings.Store.OverQuota
    ) -> RecipientDecision {
        let because = "the mailbox of \(mailbox) is full"
        return RecipientDecision(rule: .overQuota, outcome: .refuse(word.refusal(of: recipient, because: because)))
    }
}

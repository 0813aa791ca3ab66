// `postern explain`: the decision that a recipient would get, by the same code that decides about real ones, with every
// rule that was considered (F-2).

import IDNA
import IPC
import Mail

extension RouterLoop {
    /// On the loop. `answer` is called once, on any thread.
    func explain(_ hypothesis: Hypothesis, _ answer: @escaping @Sendable (CommandToRouter.Answer) -> Void) {
        guard let recipient = IDNA.ascii(hypothesis.recipient) else {
            let decision = RecipientDecision.badDomain(hypothesis.recipient)
            let step = Explanation.Step(rule: "\(decision.rule)", finding: outcome(decision), isDecisive: true)
            return answer(.explained(Explanation(steps: [step], outcome: outcome(decision), reply: reply(decision))))
        }
        var hypothesis = hypothesis
        hypothesis.recipient = recipient
        explainName(hypothesis, answer)
    }

    private func explainName(
        _ hypothesis: Hypothesis, _ answer: @escaping @Sendable (CommandToRouter.Answer) -> Void
    ) {
        let envelope = EnvelopeFacts(
            client: hypothesis.client, listener: hypothesis.listener, service: .smtp, sender: hypothesis.sender,
            login: hypothesis.login.map { $0 == policy.singleLogin ? .single : .account($0) } ?? .none)
        directory.receivePolicy { [self] result in
            guard case .success(let receive) = result else {
                return answer(.refused("the store cannot be reached: try again when `postern status` shows it"))
            }
            let machine = Classification(
                hypothesis.recipient, from: hypothesis.sender, client: hypothesis.client, by: receive)
            classify(machine) { [self] result in
                guard case .success(let (destinations, found)) = result else {
                    return answer(.refused("the directory could not be asked: try again"))
                }
                decide(hypothesis.recipient, envelope) { [self] decision in
                    answer(.explained(explanation(hypothesis, envelope, destinations, found, decision)))
                }
            }
        }
    }

    private func explanation(
        _ hypothesis: Hypothesis, _ envelope: EnvelopeFacts, _ destinations: [Destination],
        _ found: Classification.Rule, _ decision: RecipientDecision
    ) -> Explanation {
        let facts = accessFacts(envelope)
        let (admission, atDoor) = policy.access.admit(facts)
        let (_, atRecipient) = policy.access.rule(on: hypothesis.recipient, RecipientKind(found), facts)
        var steps: [Explanation.Step] = []
        if case .drop(let because) = admission {
            steps.append(Explanation.Step(rule: atDoor.deciding.word, finding: because, isDecisive: true))
            return Explanation(
                steps: steps, outcome: "the connection is closed without a byte",
                reply: Reply(421, "4.7.0", "(nothing is said)"))
        }
        steps.append(
            Explanation.Step(
                rule: "classification", finding: "\(found): \(destinations.map(words).joined(separator: ", "))",
                isDecisive: false))
        let isFull = decision.rule == .overQuota
        for (rule, outcome) in atRecipient.outcomes where outcome != .notConsidered {
            steps.append(
                Explanation.Step(
                    rule: rule.word, finding: outcome == .passed ? rule.sentences.passed : rule.sentences.failed,
                    isDecisive: rule == atRecipient.deciding && !isFull))
        }
        if isFull {
            let finding = "a mailbox that it leads to has no room for more mail"
            steps.append(Explanation.Step(rule: "\(decision.rule)", finding: finding, isDecisive: true))
        }
        return Explanation(steps: steps, outcome: outcome(decision), reply: reply(decision))
    }

    private func words(_ destination: Destination) -> String {
        switch destination {
        case .place(_, let recipient, let detail): "mailbox of \(recipient)" + (detail.map { ", detail \($0)" } ?? "")
        case .full(_, let recipient): "mailbox of \(recipient), which is full"
        case .remote(let address, let viaTransport): "\(address)\(viaTransport ? " by its domain's transport" : " elsewhere")"
        case .refuse(let address, let reason): "\(address): \(reason.rawValue)"
        }
    }

    private func outcome(_ decision: RecipientDecision) -> String {
        switch decision.outcome {
        case .take(let boxes, let strangers):
            (boxes.map { "stored in the mailbox of \($0.recipient)" } + strangers.map { "queued for \($0)" })
                .joined(separator: "; ")
        case .refuse(let refusal): "refused: \(refusal.because)"
        }
    }

    private func reply(_ decision: RecipientDecision) -> Reply {
        if case .refuse(let refusal) = decision.outcome { return refusal.reply }
        return Reply(250, "2.1.5", "Ok")
    }
}

// What the router tells, in the words of the journal. Each verdict is written with the rule that decided.

import IPC
import Journal
import Mail

extension Journal {
    func router() -> @Sendable (RouterEvent) -> Void {
        { event in write(event) }
    }

    private func write(_ event: RouterEvent) {
        switch event {
        case .decided(let trace, let recipient, let rule, nil):
            debug(.recipientAccepted, [.trace: trace, .recipient: recipient, .rule: rule])
        case .decided(let trace, let recipient, let rule, let refusal?):
            info(.recipientRefused, fields(refusal, [.trace: trace, .recipient: recipient, .rule: rule]))
        case .senderRefused(let trace, let sender, let refusal):
            info(.senderRefused, fields(refusal, [.trace: trace, .sender: sender?.description ?? ""]))
        case .admissionRefused(let facts, let rule):
            info(
                .admissionRefused,
                [.trace: facts.trace, .service: facts.service.rawValue, .client: facts.client, .rule: rule])
        case .accepted(let trace, let message, let sender, let recipients, let octets):
            info(
                .messageAccepted,
                [
                    .trace: trace, .message: message, .sender: sender?.description ?? "", .recipients: recipients,
                    .size: octets,
                ])
        case .reported(let trace, let message, let sender, let recipients):
            info(
                .reported,
                [.trace: trace, .message: message, .sender: sender, .recipients: recipients, .outcome: "delivered"])
        case .reportGivenUp(let trace, let message, let reason):
            warning(.reportGivenUp, [.trace: trace, .message: message, .reason: reason])
        case .refused(let trace, let refusal): info(.messageRefused, fields(refusal, [.trace: trace]))
        case .login(let facts, let user, let answer): write(facts, user, answer)
        case .banned(let client, let milliseconds, let reason):
            warning(.clientBanned, [.client: client, .milliseconds: milliseconds, .reason: reason])
        case .pardoned(let client): notice(.clientPardoned, [.client: client])
        case .suspicious(let facts, let reason):
            info(
                .suspicious,
                [.trace: facts.trace, .service: facts.service.rawValue, .client: facts.client, .reason: reason])
        case .directoryVersion(let version): debug(.directoryChanged, [.detail: version])
        case .wrongAnswer(let question):
            error(.violation, [.edge: RouterToStore.name, .peer: RoomName.store.rawValue, .reason: question])
        case .disorder(let edge, let reason): error(.violation, [.edge: edge, .reason: reason])
        }
    }

    private func write(_ session: SessionFacts, _ user: String, _ answer: LoginAnswer) {
        let facts: JournalFields = [
            .trace: session.trace, .service: session.service.rawValue, .client: session.client, .user: user,
        ]
        switch answer {
        case .granted: info(.loginAccepted, facts)
        case .refused: notice(.loginRefused, facts)
        case .forbidden:
            var facts = facts
            facts.add(.reason, "the mailbox that it asked for is not open to it")
            notice(.loginRefused, facts)
        case .unavailable(let reason):
            var facts = facts
            facts.add(.reason, reason)
            warning(.loginUnavailable, facts)
        }
    }

    private func fields(_ refusal: Refusal, _ facts: JournalFields) -> JournalFields {
        var facts = facts
        facts.add(.code, refusal.reply.code)
        facts.add(.status, refusal.reply.status ?? "")
        facts.add(.reason, refusal.because)
        return facts
    }
}

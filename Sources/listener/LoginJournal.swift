// What POP3 connections tell, in the words of the journal.

import IPC
import Journal
import Mail

extension Journal {
    func logins() -> @Sendable (LoginEvent) -> Void {
        { event in write(event) }
    }

    private func write(_ event: LoginEvent) {
        switch event {
        case .notAdmitted(let facts, let reason): info(.admissionRefused, fields(facts, [.reason: reason]))
        case .loginRefused(let facts, let user): notice(.loginRefused, fields(facts, [.user: user]))
        case .loginUnavailable(let facts, let reason): warning(.loginUnavailable, fields(facts, [.reason: reason]))
        case .handedOver(let facts, let user): info(.loginAccepted, fields(facts, [.user: user]))
        case .storeUnreachable(let facts, let reason): warning(.maildropRefused, fields(facts, [.reason: reason]))
        case .timedOut(let facts): info(.sessionClosed, fields(facts, [.reason: SessionEnd.timedOut.rawValue]))
        case .notSecured(let facts, let reason):
            info(.sessionClosed, fields(facts, [.reason: "STLS: \(reason)"]))
        case .ended(let facts, _, let octets, let ending):
            info(.sessionClosed, fields(facts, [.octets: octets, .reason: "\(ending)"]))
        }
    }

    private func fields(_ facts: SessionFacts, _ more: JournalFields) -> JournalFields {
        var fields: JournalFields = [.trace: facts.trace, .service: facts.service.rawValue, .client: facts.client]
        fields.add(more)
        return fields
    }
}

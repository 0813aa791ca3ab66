// What the listener tells, in the words of the journal.

import IPC
import Journal
import Mail

extension Journal {
    func listener() -> @Sendable (ListenerEvent) -> Void {
        { event in write(event) }
    }

    private func write(_ event: ListenerEvent) {
        switch event {
        case .portOpened(let plan, let place):
            info(.portBound, [.service: plan.service.rawValue, .address: place.address, .port: place.port])
        case .portClosed(let plan, let place):
            info(.portReleased, [.service: plan.service.rawValue, .address: place.address, .port: place.port])
        case .portFailed(let failure):
            error(
                .portTaken,
                [.service: failure.plan.service.rawValue, .port: failure.plan.port, .reason: failure.description])
        case .opened(let facts):
            debug(.sessionOpened, fields(facts, [.clientPort: facts.clientPort, .port: facts.localPort]))
        case .closed(let facts, let end, let messages):
            info(.sessionClosed, fields(facts, [.reason: end.rawValue, .messages: messages]))
        case .turnedAway(let facts, let reason): warning(.sessionLimit, fields(facts, [.reason: reason]))
        case .notEntered(let facts, let reason): info(.sessionClosed, fields(facts, [.reason: reason]))
        case .certificate(let path, let finding, let isError):
            log(isError ? .error : .warning, .certificateDoubtful, [.path: path, .reason: finding])
        case .certificatesReloaded(let count): notice(.certificatesLoaded, [.count: count])
        case .loggedIn(let facts, let mechanism, let user):
            info(.loginAccepted, fields(facts, [.mechanism: mechanism, .user: user]))
        case .notAdmitted(let facts, let reason): info(.admissionRefused, fields(facts, [.reason: reason]))
        case .earlyTalker(let facts): info(.earlyTalker, fields(facts, [:]))
        case .routerFailed(let facts, let reason): warning(.transactionLost, fields(facts, [.reason: reason]))
        case .wrongAnswer(let question):
            error(.violation, [.edge: ListenerToRouter.name, .peer: RoomName.router.rawValue, .reason: question])
        }
    }

    private func fields(_ facts: SessionFacts, _ more: JournalFields) -> JournalFields {
        var fields: JournalFields = [.trace: facts.trace, .service: facts.service.rawValue, .client: facts.client]
        fields.add(more)
        return fields
    }
}

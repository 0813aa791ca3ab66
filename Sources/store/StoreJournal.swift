// What the store tells, in the words of the journal.

import IPC
import Journal
import Mail

extension Journal {
    package func store() -> @Sendable (StoreEvent) -> Void {
        { event in write(event) }
    }

    private func write(_ event: StoreEvent) {
        switch event {
        case .recovered(let report):
            notice(
                .recovered,
                [
                    .messages: report.droppedRecords, .octets: report.tornOctets, .count: report.withdrawn,
                    .detail: "\(report.strayFiles) stray files, \(report.unfinishedCopies) unfinished copies",
                ])
        case .diskFull(let free): error(.diskFull, [.octets: free ?? 0])
        case .diskFree: notice(.diskRecovered, [:])
        case .segmentFailed(let number, let reason): error(.diskTrouble, [.file: number, .reason: reason])
        case .indexFailed(let reason, let changes): error(.diskTrouble, [.file: "index", .count: changes, .reason: reason])
        case .damaged(let message, let reason): critical(.checksumWrong, [.message: message, .reason: reason])
        case .compacted(let number, let freed):
            info(.segmentCompacted, [.file: FileNumber.text(number), .octets: freed])
        case .backupBegun(let begun):
            info(.backupBegun, [.messages: begun.messages, .octets: begun.octets, .count: begun.files])
        case .backupFinished(let milliseconds): info(.backupFinished, [.milliseconds: milliseconds])
        case .backupGivenUp(let reason): warning(.backupGivenUp, [.reason: reason])
        case .planRefused(let trace, let reason): error(.mistake, [.trace: trace, .reason: reason])
        case .loginGranted(let granted, let facts): info(.loginAccepted, login(facts, fields(granted)))
        case .loginRefused(let user, let facts, let reason):
            notice(.loginRefused, login(facts, [.user: user, .reason: reason]))
        case .loginUnavailable(let facts, let reason):
            warning(.loginUnavailable, login(facts, [.reason: reason]))
        case .directoryChanged(let what): notice(.directoryChanged, [.detail: what])
        case .quotaCrossed(let step): crossed(step)
        case .leaseExpired(let lease, let agent, let entries):
            warning(.leaseExpired, [.lease: lease.rawValue, .peer: agent, .count: entries])
        case .leasesReleased(let agent, let count): notice(.peerLost, [.pid: agent, .count: count])
        }
    }

    private func crossed(_ step: QuotaStep) {
        let fields: JournalFields = [.owner: step.name, .octets: step.octets, .messages: step.messages]
        switch (step.from, step.to) {
        case (_, .full): warning(.quotaFull, fields)
        case (.full, _): notice(.quotaRoom, fields)
        case (.room, .nearlyFull): notice(.quotaNearlyFull, fields)
        default: return
        }
    }

    private func fields(_ granted: LoginGranted) -> JournalFields {
        var fields: JournalFields = [.user: granted.user, .account: granted.account.rawValue]
        if let mechanism = granted.mechanism { fields.add(.mechanism, mechanism.rawValue) }
        if let maildrop = granted.maildrop { fields.add(.mailbox, maildrop.name) }
        var details = granted.password.map { ["password \($0)"] } ?? []
        if granted.maildrop?.mayRemove == false { details.append("read-only") }
        if !details.isEmpty { fields.add(.detail, details.joined(separator: ", ")) }
        return fields
    }

    private func login(_ facts: SessionFacts, _ more: JournalFields) -> JournalFields {
        var fields: JournalFields = [.trace: facts.trace, .service: facts.service.rawValue, .client: facts.client]
        fields.add(more)
        return fields
    }

    package func sessions() -> @Sendable (SessionEvent) -> Void {
        { event in write(event) }
    }

    private func write(_ event: SessionEvent) {
        switch event {
        case .turnedAway(let uid, let pid): warning(.peerRefused, [.uid: uid, .pid: pid])
        case .tooMany(let limit): warning(.sessionLimit, [.count: limit])
        case .noOpening(let error): warning(.violation, [.reason: "\(error)"])
        case .ticketRefused(let facts):
            warning(.maildropRefused, [.trace: facts.trace, .client: facts.client, .reason: "the ticket is no good"])
        case .tooSoon(let facts, let visit):
            notice(
                .maildropRefused,
                fields(facts, visit, [.reason: "the last login was a moment ago: pop3.login_delay"]))
        case .entered(let facts, let visit): info(.maildropOpened, fields(facts, visit))
        case .tookOver(let facts, let visit): notice(.maildropTakenOver, fields(facts, visit))
        case .trouble(let account, let error):
            warning(.maildropRefused, [.account: account.rawValue, .reason: "\(error)"])
        case .left(let account, let retrieved):
            info(.maildropClosed, [.account: account.rawValue, .messages: retrieved])
        case .notAccepting(let reason): error(.diskTrouble, [.reason: reason])
        }
    }

    private func fields(_ facts: SessionFacts, _ visit: MaildropVisit, _ more: JournalFields = [:]) -> JournalFields {
        var fields: JournalFields = [
            .trace: facts.trace, .client: facts.client, .account: visit.maildrop.rawValue, .user: visit.user,
        ]
        if visit.isReadOnly { fields.add(.detail, "read-only") }
        fields.add(more)
        return fields
    }
}

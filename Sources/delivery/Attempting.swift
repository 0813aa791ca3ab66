// One attempt: a lease and the connections that it needs, until every recipient has a fate.

import IPC
import Mail
import NIOCore
import SMTP

extension DeliveryDesk {
    /// - Parameter given: a connection that is ready for this destination.
    /// - Returns: a connection that is ready for the next lease, if there is one.
    func attempt(
        _ work: Work, at destination: Destination, over given: SMTPClientConnection?
    ) async -> SMTPClientConnection? {
        var attempt = Attempt(work.lease, known: settled)
        var connection = given
        while !attempt.pending.isEmpty {
            if connection == nil {
                connection = await connect(destination, &attempt)
                if connection != nil { destination.connected += 1 }
            }
            guard let open = connection else {
                let fate = attempt.lastTrouble
                attempt.settleRest(fate)
                if destination.connected == 0 { drain(destination, fate) }
                break
            }
            await transact(&attempt, over: open)
            if !isReusable(open) {
                destination.connected -= 1
                connection = nil
            }
        }
        settle(work, attempt.fates, known: attempt.known)
        return connection
    }

    private func transact(_ attempt: inout Attempt, over connection: SMTPClientConnection) async {
        let lease = attempt.lease
        let isFirst = connection.served == 0
        let content = MessageContent(lease.message, from: store, deadline: .minutes(60))
        var message = SMTPClientMessage(
            sender: lease.sender.map { .mailbox($0) } ?? .null, recipients: attempt.pending.map(\.address),
            size: Int(lease.size), isEightBit: lease.parameters.body != .sevenBit,
            isInternational: lease.parameters.isInternational)
        message.envelopeID = lease.parameters.envelopeID
        message.returns = lease.parameters.returns.map { $0 == .full ? .full : .headers }
        message.wishes = attempt.pending.map { ReportWish($0.parameters) }
        let outcomes = await connection.send(message, content)
        // Our own trouble: no other server would help.
        if let because = content.failure {
            let failure = AttemptFailure(.localTrouble, while: .content, text: because)
            return attempt.settleRest(Fate(.deferred, failure, remote: connection.remote))
        }
        attempt.heard(outcomes, from: connection, isFirst: isFirst)
    }

    private func isReusable(_ connection: SMTPClientConnection) -> Bool {
        guard connection.isReady else { return false }
        let isFresh =
            connection.served < policy.messagesPerConnection
            && NIODeadline.now() - connection.openedAt < policy.connectionAge
        if !isFresh { connection.quit() }
        return isFresh
    }
}

/// What is known while an attempt is under way.
struct Attempt {
    let lease: Lease
    /// Without a fate yet.
    private(set) var pending: [QueuedRecipient]
    private(set) var fates: [(QueuedRecipient, Fate)] = []
    /// Were done before, but the store could not be told.
    let known: [RecipientResult]
    /// Found by the first connection that is needed.
    var candidates: Candidates?
    /// The best reason that is known why nobody took the message.
    private(set) var trouble: Fate?
    private var hasRepeated = false

    init(_ lease: Lease, known: SettledMemory) {
        self.lease = lease
        self.known = lease.recipients.compactMap { known.result(of: $0.entry) }
        let entries = Set(self.known.map(\.entry))
        pending = lease.recipients.filter { !entries.contains($0.entry) }
    }

    var lastTrouble: Fate {
        trouble ?? candidates?.trouble
            ?? Fate(.deferred, .noExchange, status: "4.4.4", text: "No host of the destination could be tried")
    }

    /// Something that may pass counts more than something final, and what a server said more than silence.
    mutating func note(_ fate: Fate) {
        guard let old = trouble, old.kind != .failed || fate.kind == .failed else { return trouble = fate }
        if old.kind == .deferred, fate.kind == .failed { return }
        if fate.reply == nil, old.reply != nil { return }
        trouble = fate
    }

    mutating func settleRest(_ fate: Fate) {
        fates += pending.map { ($0, fate) }
        pending = []
    }

    /// One outcome for each of `pending`, in their order.
    /// - Parameter isFirst: the connection was new. One that was kept may have been closed by the remote in the meantime,
    ///   which says nothing about the destination.
    mutating func heard(_ outcomes: [SMTPClientOutcome], from connection: SMTPClientConnection, isFirst: Bool) {
        let remote = connection.remote
        var again: [QueuedRecipient] = []
        for (recipient, outcome) in zip(pending, outcomes) {
            if case .deferred(let failure) = outcome, failure.isOfTheSession {
                again.append(recipient)
                let isStale = !isFirst && !hasRepeated && failure.phase.isBeforeTheRecipients
                if !isStale { note(Fate(outcome, remote: remote)) }
            } else {
                var fate = Fate(outcome, remote: remote)
                fate.isReportedThere = connection.offersNotifications
                fates.append((recipient, fate))
            }
        }
        if !isFirst { hasRepeated = true }
        pending = again
    }
}

extension AttemptFailure {
    /// Another host, or another connection, may do better at once. Not behind the final dot: the remote may have the
    /// message already.
    fileprivate var isOfTheSession: Bool {
        guard phase != .endOfContent else { return false }
        switch reason {
        case .connectionLost, .timedOut, .remoteClosing, .malformedReply: return true
        default: return false
        }
    }
}

extension AttemptPhase {
    fileprivate var isBeforeTheRecipients: Bool { self == .idle || self == .sender }
}

extension ReportWish {
    fileprivate init(_ parameters: RecipientParameters) {
        self.init(
            notify: parameters.notify.map { RcptParameters.Notify(rawValue: $0.rawValue) }, original: parameters.original)
    }
}

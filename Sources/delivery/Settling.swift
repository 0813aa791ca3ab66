// Tells the store what became of a lease. The schedule turns a deferral into a time, or into the end; the sender hears
// of an end before the store does. Guarantee: what a remote has taken is settled until the store answers or the lease
// has run out, and is remembered even then, so that the same agent does not send it again.

import IPC
import Mail
import NIOCore

extension DeliveryDesk {
    /// Returns at once; the worker goes on with the next message.
    func settle(_ work: Work, _ fates: [(QueuedRecipient, Fate)], known: [RecipientResult] = []) {
        var results = known
        var ended: [(QueuedRecipient, Fate)] = []
        var passedOn: [(QueuedRecipient, Fate)] = []
        for (recipient, fate) in fates {
            switch decide(work.lease, recipient, fate) {
            case .delivered(let report):
                results.append(RecipientResult(entry: recipient.entry, outcome: .delivered(report)))
                let isWanted = recipient.parameters.notify?.contains(.success) ?? false
                if isWanted, !fate.isReportedThere { passedOn.append((recipient, fate)) }
            case .deferred(let report, let retryAfter):
                results.append(
                    RecipientResult(entry: recipient.entry, outcome: .deferred(report, retryAfter: retryAfter)))
            case .failed(let final): ended.append((recipient, final))
            }
        }
        Task { [results, ended, passedOn] in
            if !passedOn.isEmpty { await self.reportRelayed(work.lease, passedOn) }
            let ends = ended.isEmpty ? [] : await self.end(work.lease, ended)
            await self.hand(work, results + ends)
        }
    }

    private enum Decision {
        case delivered(AttemptReport)
        case deferred(AttemptReport, retryAfter: UInt32)
        case failed(Fate)
    }

    private func decide(_ lease: Lease, _ recipient: QueuedRecipient, _ fate: Fate) -> Decision {
        var decided = fate
        defer {
            figures.count { counts in
                switch decided.kind {
                case .delivered: counts.delivered += 1
                case .deferred: counts.deferred += 1
                case .failed: counts.failed += 1
                }
            }
            log(.attempted(lease, recipient, decided))
        }
        switch fate.kind {
        case .delivered: return .delivered(fate.report)
        case .failed: return .failed(fate)
        case .deferred:
            // Not an attempt that anybody made: it counts for nothing.
            if fate.report.category == RoomCategory.roomStopping.rawValue {
                return .deferred(fate.report, retryAfter: 1)
            }
            let age = clock() - lease.acceptedAt
            let chance = randomness.next()
            switch policy.retry.decide(attempts: recipient.attempts, age: age, chance: chance) {
            case .retry(let seconds): return .deferred(fate.report, retryAfter: seconds)
            case .expired:
                decided = Fate(expired: fate, after: policy.retry.lifetimeText)
                return .failed(decided)
            }
        }
    }

    /// The sender first, then the store.
    private func end(_ lease: Lease, _ ended: [(QueuedRecipient, Fate)]) async -> [RecipientResult] {
        // RFC 3461 §4.1: NOTIFY without FAILURE, as NEVER is, wants no word of it.
        let wanted = ended.filter { $0.0.parameters.notify?.contains(.failure) ?? true }
        switch wanted.isEmpty ? .told : await tellSender(lease, wanted, .failed) {
        case .told:
            return ended.map { RecipientResult(entry: $0.0.entry, outcome: .failed($0.1.report)) }
        case .nobody(let because):
            for (recipient, _) in ended { log(.doubleBounce(lease, recipient, because: because)) }
            return ended.map { RecipientResult(entry: $0.0.entry, outcome: .failed($0.1.report)) }
        case .later(let because):
            log(.bouncePending(lease, because: because))
            return ended.map { recipient, fate in
                let text = "The report to the sender waits (\(because)). \(fate.report.text)"
                let pending = Fate(.deferred, .reportPending, status: "4.3.0", text: text)
                return RecipientResult(entry: recipient.entry, outcome: .deferred(pending.report, retryAfter: 60))
            }
        }
    }

    /// RFC 3461 §5.2.2: the other server will not say that it was delivered. The message is settled whether or not this
    /// report can be handed over: it is good news, and the message must not go out twice for it.
    private func reportRelayed(_ lease: Lease, _ passedOn: [(QueuedRecipient, Fate)]) async {
        guard lease.sender != nil else { return }
        switch await tellSender(lease, passedOn, .relayed) {
        case .told: break
        case .nobody(let because), .later(let because): log(.reportGivenUp(lease, because: because))
        }
    }

    private func hand(_ work: Work, _ results: [RecipientResult]) async {
        defer { release(work) }
        let settlement = Settlement(lease: work.lease.id, results: results)
        var wait = TimeAmount.milliseconds(50)
        var isSaid = false
        while !work.isLost {
            do {
                let answer = try await store.ask(.settle(settlement), deadline: .seconds(30))
                guard case .settled(let isTaken) = answer else { throw IPCError.violation("not an answer to settle") }
                if isTaken { settled.forget(results) } else { settled.remember(results) }
                return
            } catch {
                if !isSaid { log(.unsettled(work.lease, because: "\(error)")) }
                isSaid = true
                guard NIODeadline.now() < work.expires else { break }
                await pause(wait)
                wait = min(wait + wait, .seconds(2))
            }
        }
        settled.remember(results)
    }
}

extension Fate {
    /// RFC 3463 §3.5: 5.4.7, delivery time expired.
    fileprivate init(expired last: Fate, after lifetime: String) {
        self.init(
            .failed, .expired, status: "5.4.7",
            text: "The message could not be delivered for \(lifetime). The last attempt: \(last.report.text)")
        report.remote = last.report.remote
        reply = last.reply
    }
}

/// Results that the store could not be told before the lease ran out: it will hand the same entries out again.
struct SettledMemory {
    private var results: [UInt64: RecipientResult] = [:]
    private var order: [UInt64] = []

    /// What is older is sent a second time, if it comes to that.
    static let limit = 10_000

    func result(of entry: UInt64) -> RecipientResult? { results.isEmpty ? nil : results[entry] }

    /// Deferrals need no memory: trying again is what they ask for.
    mutating func remember(_ results: [RecipientResult]) {
        for result in results {
            if case .deferred = result.outcome { continue }
            if self.results.updateValue(result, forKey: result.entry) == nil { order.append(result.entry) }
        }
        guard order.count > SettledMemory.limit else { return }
        let surplus = order.count - SettledMemory.limit * 9 / 10
        for entry in order.prefix(surplus) { self.results[entry] = nil }
        order.removeFirst(surplus)
    }

    mutating func forget(_ results: [RecipientResult]) {
        guard !self.results.isEmpty else { return }
        for result in results { self.results[result.entry] = nil }
        if self.results.isEmpty { order = [] }
    }
}

// One group of changes on its way: a copy of the model that is either kept whole or thrown away.

import IPC
import Mail

@testable import store

struct MemoryTransaction {
    var model: MemoryModel
    var news: [QuotaNews] = []
    let grace: Int64
    /// Levels as they were told last.
    var told: [QuotaHolder: QuotaLevel]

    init(_ model: MemoryModel, grace: Int64) {
        self.model = model
        self.grace = grace
        told = model.levels
    }

    /// - Throws: what SQLite would refuse too, and the whole group with it.
    mutating func apply(_ change: Change) throws -> ChangeResult {
        switch change {
        case .ingest(let message):
            let (before, result) = (model, try ingest(message))
            if case .done = result { return result }
            // But for the place, which the bytes have all the same.
            let end = model.end
            model = before
            model.end = end
            return result
        case .withdraw(let spools): withdraw(Set(spools))
        case .settle(let lease, let results, let now):
            return .settled(results.filter { model.settle($0, lease, now) }.map(\.entry.rawValue))
        case .expunge(let uids, let account, let now):
            guard let inbox = model.mailbox(.inbox, of: account) else { return .rejected("there is no such account") }
            _ = model.expunge(uids, from: inbox, at: now)
        case .mailbox(let change, let now): return try orRejected { .mailbox(try $0.apply(change, now)) }
        case .release(let entries, let now): return .entries(model.release(entries, now))
        case .drop(let entries, _): return .entries(model.drop(entries))
        case .directory(let change, let now): return try orRejected { .directory(try $0.apply(change, now)) }
        case .passwordUsed(let account, let name, let day):
            if let name { model.accounts[account]?.named[name]?.usedOn = day } else { model.accounts[account]?.own.usedOn = day }
        case .purge(let time, let limit, let now):
            settle()
            return .purged(model.purge(removedUntil: time, limit: limit, at: now))
        case .move(let moved): model.move(moved)
        case .retire(let segment):
            guard !model.messages.values.contains(where: { $0.location.position.segment == segment }) else {
                return .rejected("a message lies in it")
            }
        case .reserve(let spool): model.nextSpool = max(model.nextSpool, spool)
        case .synced(let spool): model.synced = max(model.synced, spool)
        }
        return .done
    }

    private mutating func orRejected(_ body: (inout Self) throws -> ChangeResult) throws -> ChangeResult {
        do { return try body(&self) } catch let rejection as Rejection { return .rejected(rejection.because) }
    }
}

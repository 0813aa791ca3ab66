// What is past is forgotten, and messages change their places.

import IPC
import Mail

@testable import store

extension MemoryModel {
    mutating func purge(removedUntil time: Int64, limit: Int, at now: Int64) -> Purged {
        var purged = Purged()
        // What this purge empties is looked at by the next one.
        let emptied = mailboxes.filter { $0.value.removedAt.map { $0 <= time } ?? false && $0.value.placements.isEmpty }
            .sorted { ($0.value.removedAt!, $0.key) < ($1.value.removedAt!, $1.key) }.prefix(8).map(\.key)
        var counts = [emptyOne(limit)]
        purged.placements = letGo(time, limit)
        let dead = self.dead.prefix(limit)
        for spool in dead { if let message = forget(spool) { purged.messages.append(message) } }
        counts += [purged.placements, dead.count, forgetSurplus(limit), forgetMailboxes(emptied, limit)]
        counts += [forgetLog(until: now - MailboxLimits.logAge, limit), forgetKeys(until: now - MailboxLimits.keyAge, limit)]
        purged.isMore = counts.contains(limit)
        return purged
    }

    /// The messages of a deleted mailbox go to the log, as of the time when it was deleted.
    private mutating func emptyOne(_ limit: Int) -> Int {
        let full = mailboxes.filter { $0.value.removedAt != nil && !$0.value.placements.isEmpty }.keys.min()
        return full.map { expungeFirst(limit, from: $0, at: mailboxes[$0]!.removedAt!) } ?? 0
    }

    /// Rows of the log, the oldest first.
    private func log(
        where condition: (MemoryMailbox.Removed) -> Bool
    ) -> [(mailbox: MailboxID, modSeq: UInt64, uid: UInt32, at: Int64)] {
        mailboxes.flatMap { id, box in box.removed.filter(condition).map { (id, $0.modSeq, $0.uid, $0.at) } }
            .sorted { ($0.at, $0.mailbox, $0.modSeq, $0.uid) < ($1.at, $1.mailbox, $1.modSeq, $1.uid) }
    }

    private mutating func letGo(_ time: Int64, _ limit: Int) -> Int {
        let rows = log { !$0.isPast && $0.at <= time }.prefix(limit)
        for row in rows {
            let place = mailboxes[row.mailbox]!.removed.firstIndex { $0.modSeq == row.modSeq && $0.uid == row.uid }!
            mailboxes[row.mailbox]?.removed[place].isPast = true
        }
        lastLetGo = rows.last?.mailbox ?? lastLetGo
        return rows.count
    }

    /// Messages that nothing refers to.
    private var dead: [SpoolID] {
        var wanted = Set(queue.keys.map(\.spool))
        for box in mailboxes.values {
            wanted.formUnion(box.placements.values.map(\.spool))
            wanted.formUnion(box.removed.filter { !$0.isPast }.map(\.placement.spool))
        }
        return messages.filter { !wanted.contains($0.key) && !$0.value.isDoubtful }.keys.sorted()
    }

    /// nil: there is no such message.
    func references(to spool: SpoolID) -> Int? {
        guard messages[spool] != nil else { return nil }
        return mailboxes.values.reduce(queue.keys.count { $0.spool == spool }) { count, box in
            count + box.placements.values.count { $0.spool == spool }
                + box.removed.count { !$0.isPast && $0.placement.spool == spool }
        }
    }

    private mutating func forget(_ spool: SpoolID) -> Purged.Message? {
        guard let message = messages[spool] else { return nil }
        let known = recipients.filter { $0.key.spool == spool }
        guard known.count == message.recipients, !known.values.contains(where: { $0.fate == LedgerFate.open }) else {
            messages[spool]?.isDoubtful = true
            return nil
        }
        past.accepted += UInt64(known.count)
        for (entry, recipient) in known {
            past.fates[recipient.fate] += 1
            recipients[entry] = nil
        }
        messages[spool] = nil
        for id in mailboxes.keys {
            for (identity, known) in mailboxes[id]!.identities where known.spool == spool {
                mailboxes[id]?.identities[identity] = nil
            }
        }
        return Purged.Message(location: message.location, ownFile: message.ownFile)
    }

    private mutating func forgetMailboxes(_ emptied: [MailboxID], _ limit: Int) -> Int {
        var left = limit
        for id in emptied where left > 0 {
            let rows = mailboxes[id]!.removed.prefix(left)
            if rows.isEmpty {
                mailboxes[id] = nil
            } else {
                forget(rows.filter(\.isPast).map { (id, $0.modSeq, $0.uid) })
                left -= rows.count
            }
        }
        return limit - left
    }

    /// The oldest rows of a log that is too long.
    private mutating func forgetSurplus(_ limit: Int) -> Int {
        guard let id = lastLetGo else { return 0 }
        let past = mailboxes[id]?.removed.filter(\.isPast) ?? []
        let rows = past.prefix(min(limit, max(0, past.count - MailboxLimits.log)))
        forget(rows.map { (id, $0.modSeq, $0.uid) })
        if rows.count < limit { lastLetGo = nil }
        return rows.count
    }

    private mutating func forgetLog(until time: Int64, _ limit: Int) -> Int {
        let rows = log { $0.isPast && $0.at <= time }.prefix(limit)
        forget(rows.map { ($0.mailbox, $0.modSeq, $0.uid) })
        return rows.count
    }

    private mutating func forget(_ rows: [(mailbox: MailboxID, modSeq: UInt64, uid: UInt32)]) {
        for row in rows {
            guard var box = mailboxes[row.mailbox] else { continue }
            box.removed.removeAll { $0.modSeq == row.modSeq && $0.uid == row.uid }
            box.logFloor = max(box.logFloor, row.modSeq)
            mailboxes[row.mailbox] = box
        }
    }

    private mutating func forgetKeys(until time: Int64, _ limit: Int) -> Int {
        let old = keys.filter { $0.value.at <= time }.sorted {
            $0.value.at == $1.value.at ? $1.key.isBehind($0.key) : $0.value.at < $1.value.at
        }.prefix(limit)
        for key in old.map(\.key) { keys[key] = nil }
        return old.count
    }

    mutating func move(_ moved: [MovedMessage]) {
        for one in moved where messages[one.spool]?.location.position == one.from {
            messages[one.spool]?.location.position = one.to.position
        }
    }
}

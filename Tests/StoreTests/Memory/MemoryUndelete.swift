// What was removed comes back.

import IPC
import Mail

@testable import store

extension MemoryModel {
    mutating func undelete(_ order: Undeletion, _ limit: Int) throws -> UndeleteStep {
        var step = UndeleteStep()
        var left = limit
        for id in sources(order) {
            let mark = order.after.flatMap { $0.mailbox == id.rawValue ? $0 : nil }
            let begin = mark ?? UndeleteMark(mailbox: id.rawValue, modSeq: 0, uid: 0)
            if let removedAt = mailboxes[id]?.removedAt { left -= expungeFirst(left, from: id, at: removedAt) }
            let rows = left > 0 ? removed(from: id, behind: begin, at: order.at).prefix(left) : []
            if !rows.isEmpty { try bring(Array(rows), from: id, &step) }
            left -= rows.count
            if left <= 0 {
                step.next = rows.last.map { UndeleteMark(mailbox: id.rawValue, modSeq: $0.modSeq, uid: $0.uid) } ?? begin
                return step
            }
        }
        return step
    }

    private func sources(_ order: Undeletion) -> [MailboxID] {
        guard isLive(order.account) else { return [] }
        return mailboxes.filter { id, mailbox in
            mailbox.account == order.account && id.rawValue >= order.after?.mailbox ?? 0
                && mailbox.removedAt.map { $0 > order.at } ?? true && (order.mailbox == nil || mailbox.name == order.mailbox)
        }.keys.sorted()
    }

    /// What was in the mailbox at this time.
    private func removed(from id: MailboxID, behind mark: UndeleteMark, at time: Int64) -> [MemoryMailbox.Removed] {
        mailboxes[id]!.removed.filter {
            !$0.isPast && ($0.modSeq, $0.uid) > (mark.modSeq, mark.uid) && $0.at > time && $0.placement.placedAt <= time
        }
    }

    private mutating func bring(
        _ rows: [MemoryMailbox.Removed], from source: MailboxID, _ step: inout UndeleteStep
    ) throws {
        let target = try target(source, &step)
        var box = mailboxes[target]!
        var seen = Set(box.placements.values.map(\.spool))
        var modSeq: UInt64?
        var past: [(modSeq: UInt64, uid: UInt32)] = []
        for row in rows where seen.insert(row.placement.spool).inserted {
            let current = modSeq ?? box.nextModSeq()
            modSeq = current
            var placement = row.placement
            placement.modSeq = current
            placement.flags &= ~Int64(MessageFlags.deleted.rawValue)
            if source != target {
                let names = mailboxes[source]!.names(of: placement.flags)
                placement.flags = placement.flags & Int64(MessageFlags.all.rawValue) | box.bits(names, makes: true).kept
            }
            box.placements[box.uidNext] = placement
            past.append((row.modSeq, row.uid))
            mailboxes[target] = box
            follow(placement.spool, from: source, to: target, box.uidNext)
            box = mailboxes[target]!
            box.uidNext += 1
            step.messages += 1
        }
        mailboxes[target] = box
        for (modSeq, uid) in past {
            let place = mailboxes[source]!.removed.firstIndex { $0.modSeq == modSeq && $0.uid == uid }!
            mailboxes[source]?.removed[place].isPast = true
        }
    }

    /// The mailbox itself; if it was deleted, the one that has its name now; if none has, it is there again.
    private mutating func target(_ source: MailboxID, _ step: inout UndeleteStep) throws -> MailboxID {
        guard let box = mailboxes[source], box.removedAt != nil else { return source }
        if let named = mailbox(box.name, of: box.account) { return named }
        let others = mailboxes(of: box.account)
        guard others.count < MailboxName.ofAccount else {
            throw Rejection("the account has \(MailboxName.ofAccount) mailboxes, and \(box.name) would be another: delete some")
        }
        mailboxes[source]?.removedAt = nil
        if others.contains(where: { $0.mailbox.use == box.use }) { mailboxes[source]?.use = nil }
        step.mailboxes.append(box.name.text)
        return source
    }

    /// The identity with which it was put into the mailbox goes along, if the other mailbox has no such.
    private mutating func follow(_ spool: SpoolID, from source: MailboxID, to target: MailboxID, _ uid: UInt32) {
        for (identity, known) in mailboxes[source]!.identities where known.spool == spool {
            if source != target {
                guard mailboxes[target]!.identities[identity] == nil else { continue }
                mailboxes[source]?.identities[identity] = nil
            }
            mailboxes[target]?.identities[identity] = MemoryMailbox.Identity(spool: spool, uid: uid)
        }
    }
}

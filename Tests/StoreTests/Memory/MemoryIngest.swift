// Messages come, and are taken back.

import IPC
import Mail

@testable import store

extension MemoryTransaction {
    mutating func ingest(_ new: IndexedMessage) throws -> ChangeResult {
        if !SegmentFolder.isCompacted(new.location.position.segment) { model.end = max(model.end, new.location.end) }
        let plan = new.plan
        if let key = plan.idempotencyKey, let first = model.keys[key] { return .repeated(first.spool) }
        var boxes: [MailboxID] = []
        do {
            for placement in plan.placements { boxes.append(try mailbox(placement, plan, new.acceptedAt)) }
        } catch let rejection as Rejection {
            return .rejected(rejection.because)
        }
        if let identity = plan.identity, let first = model.spool(of: identity, in: boxes[0]) { return .repeated(first) }
        let size = new.size + UInt64(plan.localHeader.count)
        if !plan.isOwnReport, let over = model.shortage(boxes, octets: Int64(size), !plan.relays.isEmpty, grace) {
            return .overQuota(over)
        }
        guard model.messages[new.spool] == nil else { throw DatabaseError.trouble("there is a message \(new.spool)") }
        model.messages[new.spool] = MemoryModel.Message(
            location: new.location, ownFile: new.ownFile, size: new.size, parameters: plan.parameters,
            acceptedAt: new.acceptedAt, trace: new.plan.trace, sender: plan.sender,
            recipients: plan.isAppended ? 0 : plan.placements.count + plan.relays.count)
        model.place(new, size, in: boxes)
        model.account(for: new)
        if let key = plan.idempotencyKey { model.keys[key] = MemoryModel.Key(spool: new.spool, at: new.acceptedAt) }
        return .done
    }

    private mutating func mailbox(_ placement: LocalPlacement, _ plan: Plan, _ now: Int64) throws -> MailboxID {
        guard let inbox = model.mailbox(.inbox, of: placement.account) else {
            throw Rejection("an account of the plan does not exist any more")
        }
        guard let text = placement.mailbox else { return inbox }
        do {
            let name = try MailboxName(text)
            if let found = model.mailbox(name, of: placement.account) { return found }
            guard plan.createsMailboxes else { throw Rejection.noMailbox(name) }
            return try model.create(name, of: placement.account, nil, now)
        } catch let rejection as Rejection {
            if plan.isAppended { throw rejection }
        } catch let fault as FormFault {
            if plan.isAppended { throw Rejection(fault.because) }
        }
        return inbox
    }

    mutating func withdraw(_ spools: Set<SpoolID>) {
        settle()
        for spool in spools { model.messages[spool] = nil }
        for (id, mailbox) in model.mailboxes {
            var box = mailbox
            box.placements = box.placements.filter { !spools.contains($0.value.spool) }
            box.removed.removeAll { !$0.isPast && spools.contains($0.placement.spool) }
            box.identities = box.identities.filter { !spools.contains($0.value.spool) }
            model.mailboxes[id] = box
        }
        model.keys = model.keys.filter { !spools.contains($0.value.spool) }
        model.recipients = model.recipients.filter { !spools.contains($0.key.spool) }
        model.queue = model.queue.filter { !spools.contains($0.key.spool) }
        told = model.levels
        for name in model.domainsWithQuotas { news.append(model.counted(name)) }
    }
}

extension MemoryModel {
    /// The message that came with this identity, while the mailbox has it.
    fileprivate func spool(of identity: String, in mailbox: MailboxID) -> SpoolID? {
        guard let box = mailboxes[mailbox], let known = box.identities[identity], box.placements[known.uid]?.spool == known.spool
        else { return nil }
        return known.spool
    }

    /// Once in each mailbox.
    fileprivate mutating func place(_ new: IndexedMessage, _ size: UInt64, in boxes: [MailboxID]) {
        var seen: Set<MailboxID> = []
        for (id, placement) in zip(boxes, new.plan.placements) where seen.insert(id).inserted {
            guard var box = mailboxes[id] else { continue }
            let flags =
                Int64(placement.flags.intersection(.all).rawValue) | box.bits(placement.keywords, makes: true).kept
            box.placements[box.uidNext] = MemoryMailbox.Placement(
                spool: new.spool, modSeq: box.nextModSeq(), receivedAt: new.plan.internalDate ?? new.acceptedAt,
                placedAt: new.acceptedAt, size: size, flags: flags)
            if let identity = new.plan.identity {
                box.identities[identity] = MemoryMailbox.Identity(spool: new.spool, uid: box.uidNext)
            }
            box.uidNext += 1
            mailboxes[id] = box
        }
    }

    /// The ledger and the queue.
    fileprivate mutating func account(for new: IndexedMessage) {
        for (ordinal, placement) in new.plan.placements.enumerated() where !new.plan.isAppended {
            recipients[EntryID(new.spool, ordinal: ordinal)] = Recipient(address: placement.recipient, fate: LedgerFate.stored)
        }
        for (index, relay) in new.plan.relays.enumerated() {
            let entry = EntryID(new.spool, ordinal: new.plan.placements.count + index)
            recipients[entry] = Recipient(address: relay.address, fate: LedgerFate.open)
            queue[entry] = Open(
                recipient: relay.address, sender: new.plan.sender, nextAttempt: new.acceptedAt, acceptedAt: new.acceptedAt,
                size: new.size, parameters: relay.parameters)
        }
    }
}

// The queue.
extension MemoryModel {
    /// False: this entry has its outcome already.
    mutating func settle(_ result: EntryResult, _ lease: LeaseID, _ now: Int64) -> Bool {
        guard var open = queue[result.entry], open.settledLease != lease else { return false }
        switch result.fate {
        case .deferred(let until):
            guard open.state != .held else { return false }
            (open.state, open.nextAttempt, open.settledLease, open.last) = (.deferred, until, lease, result.report)
            open.attempts += 1
            queue[result.entry] = open
        case .delivered: end(result.entry, LedgerFate.delivered)
        case .bounced: end(result.entry, LedgerFate.bounced)
        }
        return true
    }

    private mutating func end(_ entry: EntryID, _ fate: Int) {
        queue[entry] = nil
        if recipients[entry]?.fate == LedgerFate.open { recipients[entry]?.fate = fate }
    }

    mutating func release(_ entries: [EntryID], _ now: Int64) -> [(entry: EntryID, destination: String)] {
        entries.compactMap { entry in
            guard let open = queue[entry] else { return nil }
            queue[entry]?.state = .ready
            queue[entry]?.nextAttempt = now
            return (entry, open.recipient.domain)
        }
    }

    mutating func drop(_ entries: [EntryID]) -> [(entry: EntryID, destination: String)] {
        entries.compactMap { entry in
            guard let open = queue[entry] else { return nil }
            end(entry, LedgerFate.bounced)
            return (entry, open.recipient.domain)
        }
    }
}

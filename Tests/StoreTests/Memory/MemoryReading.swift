// What the memory engine says of messages, queue and mailboxes. Each function is one snapshot.

import IPC
import Mail
import SASL

@testable import store

// The spool.
extension MemoryDatabase {
    func messages(from spool: SpoolID, limit: Int) throws(DatabaseError) -> [IndexedRecord] {
        try look { model in
            model.messages.keys.filter { $0 >= spool }.sorted().prefix(limit).map {
                IndexedRecord(spool: $0, location: model.messages[$0]!.location)
            }
        }
    }

    func messages(in segment: UInt64, from offset: UInt64, limit: Int) throws(DatabaseError) -> [IndexedRecord] {
        try look { model in
            let found = model.messages.filter { $0.value.location.position.segment == segment }
                .filter { $0.value.location.position.offset >= offset }
                .sorted { $0.value.location.position < $1.value.location.position }
            return found.prefix(limit).map { IndexedRecord(spool: $0.key, location: $0.value.location) }
        }
    }

    func occupancy(of segment: UInt64) throws(DatabaseError) -> SegmentOccupancy {
        try look { model in
            let all = model.messages.values.map(\.location).filter { $0.position.segment == segment }
            return SegmentOccupancy(live: all.reduce(0) { $0 + UInt64($1.length) }, end: all.map(\.end.offset).max() ?? 0)
        }
    }

    func ownFiles() throws(DatabaseError) -> Set<UInt64> {
        try look { Set($0.messages.values.map(\.ownFile).filter { $0 != 0 }) }
    }

    func location(of spool: SpoolID) async throws(DatabaseError) -> SpoolLocation? {
        try await read { $0.messages[spool]?.location }
    }

    func audit() async throws(DatabaseError) -> Audit {
        try await read { model in
            func all(_ fate: Int) -> UInt64 { model.past.fates[fate] + UInt64(model.recipients.values.count { $0.fate == fate }) }
            return Audit(
                accepted: model.past.accepted + UInt64(model.messages.values.reduce(0) { $0 + $1.recipients }),
                stored: all(LedgerFate.stored), delivered: all(LedgerFate.delivered), bounced: all(LedgerFate.bounced),
                open: UInt64(model.queue.count))
        }
    }
}

// The queue.
extension MemoryDatabase {
    func work(_ entries: [[EntryID]]) async throws(DatabaseError) -> [OpenWork?] {
        try await read { model in
            entries.map { entries in
                guard let spool = entries.first?.spool, let message = model.messages[spool] else { return nil }
                let recipients = entries.compactMap { entry in
                    model.queue[entry].map {
                        QueuedRecipient(
                            entry: entry.rawValue, address: $0.recipient, parameters: $0.parameters, attempts: $0.attempts)
                    }
                }
                return OpenWork(
                    spool: spool, location: message.location, trace: message.trace, sender: message.sender, size: message.size,
                    parameters: message.parameters, acceptedAt: message.acceptedAt, recipients: recipients)
            }
        }
    }

    func queue(after entry: EntryID?, limit: Int) async throws(DatabaseError) -> [QueueEntry] {
        try await read { model in
            let open = model.queue.filter { $0.key > entry ?? EntryID(rawValue: 0) }.sorted { $0.key < $1.key }
            return open.prefix(limit).map { id, open in
                QueueEntry(
                    entry: id.rawValue, message: id.spool, sender: open.sender, recipient: open.recipient, state: open.state,
                    acceptedAt: open.acceptedAt, nextAttemptAt: open.nextAttempt, attempts: open.attempts, size: open.size,
                    last: open.last)
            }
        }
    }
}

// Mailboxes.
extension MemoryModel {
    fileprivate func placed(_ id: MailboxID) -> PlacedMailbox? {
        guard let box = mailboxes[id] else { return nil }
        return PlacedMailbox(
            id: id, account: box.account, name: box.name, uidValidity: box.uidValidity, uidNext: box.uidNext,
            highestModSeq: box.highestModSeq, messages: UInt64(box.placements.count), unseen: box.unseen, octets: box.octets,
            use: box.use, isSubscribed: subscriptions[box.account, default: []].contains(box.name))
    }

    fileprivate func named(_ id: AccountID) -> NamedAccount? {
        guard isLive(id), let account = accounts[id] else { return nil }
        return NamedAccount(account.address, account.kind)
    }
}

extension MemoryDatabase {
    func inbox(of account: AccountID) async throws(DatabaseError) -> PlacedInbox? {
        try await read { model in
            guard let id = model.mailbox(.inbox, of: account), let box = model.mailboxes[id] else { return nil }
            let messages = box.uids.compactMap { uid -> PlacedInbox.Message? in
                guard let placement = box.placements[uid], let message = model.messages[placement.spool] else { return nil }
                return PlacedInbox.Message(
                    uid: uid, size: placement.size, spool: placement.spool, location: message.location)
            }
            return PlacedInbox(uidValidity: box.uidValidity, messages: messages)
        }
    }

    func account(_ name: NamedAccount) async throws(DatabaseError) -> AccountID? {
        try await read { $0.accounts(name.address)[name.kind] }
    }

    func mailboxes(of account: AccountID, after name: String?, limit: Int) async throws(DatabaseError) -> [PlacedMailbox] {
        try await read { model in
            guard model.isLive(account) else { return [] }
            return model.mailboxes(of: account).filter { $0.mailbox.name.text.isBehind(name) }.prefix(limit)
                .compactMap { model.placed($0.id) }
        }
    }

    func mailbox(_ name: MailboxName, of account: AccountID) async throws(DatabaseError) -> PlacedMailbox? {
        try await read { model in model.mailbox(name, of: account).flatMap { model.placed($0) } }
    }

    func messages(of mailbox: MailboxID, from uid: UInt32, limit: Int) async throws(DatabaseError) -> [PlacedMessage]? {
        try await read { model in
            guard model.isThere(mailbox), let box = model.mailboxes[mailbox] else { return nil }
            return box.uids.filter { $0 >= uid }.prefix(limit).compactMap { uid in
                guard let placement = box.placements[uid], let message = model.messages[placement.spool] else { return nil }
                return PlacedMessage(
                    uid: uid, flags: MessageFlags(stored: placement.flags), keywords: box.names(of: placement.flags),
                    modSeq: placement.modSeq, internalDate: placement.receivedAt, size: placement.size, spool: placement.spool,
                    location: message.location)
            }
        }
    }

    func message(_ uid: UInt32, of mailbox: MailboxID) async throws(DatabaseError) -> PlacedMessage? {
        try await messages(of: mailbox, from: uid, limit: 1)?.first { $0.uid == uid }
    }

    func uid(of spool: SpoolID, in mailbox: MailboxID) async throws(DatabaseError) -> UInt32? {
        try await read { $0.mailboxes[mailbox]?.placements.filter { $0.value.spool == spool }.keys.max() }
    }

    func changes(of mailbox: MailboxID, since modSeq: UInt64) async throws(DatabaseError) -> MailboxChanges? {
        try await read { model in
            guard model.isThere(mailbox), let box = model.mailboxes[mailbox] else { return nil }
            guard modSeq >= box.logFloor else { return .logTooShort(highestModSeq: box.highestModSeq) }
            return .known(
                changed: box.uids.filter { box.placements[$0]!.modSeq > modSeq },
                vanished: box.removed.filter { $0.modSeq > modSeq }.map(\.uid).sorted(), highestModSeq: box.highestModSeq)
        }
    }

    func rights(of account: AccountID, on mailbox: MailboxID) async throws(DatabaseError) -> MailboxRights {
        try await read { model in
            guard model.isThere(mailbox), let box = model.mailboxes[mailbox] else { return [] }
            if box.account == account { return .all }
            return box.rights[0, default: []].union(box.rights[account.rawValue, default: []])
        }
    }

    func rights(on mailbox: MailboxID) async throws(DatabaseError) -> [GrantedRights] {
        try await read { model in
            model.mailboxes[mailbox]?.rights.sorted { $0.key < $1.key }.map {
                GrantedRights(
                    grantee: Grantee(stored: $0.key), name: model.named(AccountID(rawValue: $0.key)), rights: $0.value)
            } ?? []
        }
    }

    func sharedMailboxes(
        with account: AccountID, after mailbox: MailboxID?, limit: Int
    ) async throws(DatabaseError) -> [SharedMailbox] {
        try await read { model in
            model.mailboxes.filter { id, box in
                id > mailbox ?? MailboxID(rawValue: 0) && box.account != account && model.isThere(id)
                    && (box.rights[0] != nil || box.rights[account.rawValue] != nil)
            }.sorted { $0.key < $1.key }.prefix(limit).compactMap { id, box in
                guard let placed = model.placed(id), let owner = model.named(box.account) else { return nil }
                let rights = box.rights[0, default: []].union(box.rights[account.rawValue, default: []])
                return SharedMailbox(mailbox: placed, owner: owner, rights: rights)
            }
        }
    }
}

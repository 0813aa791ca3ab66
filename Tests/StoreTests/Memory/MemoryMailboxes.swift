// Mailboxes are made, renamed, deleted and shared; their messages get flags and go.

import IPC
import Mail

@testable import store

extension MemoryTransaction {
    mutating func apply(_ change: MailboxChange, _ now: Int64) throws -> MailboxNews {
        switch change {
        case .create(let name, let account, let use): return .created(try model.create(name, of: account, use, now))
        case .rename(let old, let new, let account): try model.rename(old, to: new, of: account, now)
        case .delete(let name, let account):
            try model.mustExist(account)
            guard !name.isInbox else { throw Rejection("INBOX stays: delete what is in it") }
            model.mailboxes[try model.existing(name, of: account)]?.removedAt = now
        case .setUse(let use, let name, let account): try model.setUse(use, name, of: account)
        case .subscribe(let name, let account): try model.subscribe(name, of: account)
        case .unsubscribe(let name, let account):
            try model.mustExist(account)
            model.subscriptions[account]?.remove(name)
        case .grant(let rights, let name, let account, let whom): try model.grant(rights, name, of: account, to: whom)
        case .revoke(let name, let account, let whom):
            try model.mustExist(account)
            model.mailboxes[try model.existing(name, of: account)]?.rights[whom.stored] = nil
        case .flags(let change, let id):
            try model.mustBeThere(id, change.uids.count)
            return .flagged(try model.change(change, of: id))
        case .expunge(let uids, let id):
            try model.mustBeThere(id, uids.count)
            return .expunged(model.expunge(uids, from: id, at: now))
        case .undelete(let order, let limit): return .undeleted(try model.undelete(order, limit))
        }
        return .done
    }
}

// What must be so.
extension MemoryModel {
    fileprivate func mustExist(_ account: AccountID) throws {
        if !isLive(account) { throw Rejection("the account does not exist any more") }
    }

    fileprivate func existing(_ name: MailboxName, of account: AccountID) throws -> MailboxID {
        guard let found = mailbox(name, of: account) else { throw Rejection.noMailbox(name) }
        return found
    }

    fileprivate func mustBeThere(_ mailbox: MailboxID, _ count: Int) throws {
        guard count <= MailboxLimits.uids else {
            throw Rejection("\(count) messages are more than \(MailboxLimits.uids) at once: name fewer")
        }
        if !isThere(mailbox) { throw Rejection("the mailbox does not exist any more: list the mailboxes again") }
    }

    fileprivate func mustHaveRoom(_ count: Int) throws {
        guard count <= MailboxName.ofAccount else {
            throw Rejection("the account would have more than \(MailboxName.ofAccount) mailboxes: delete some first")
        }
    }

    fileprivate func mustBeFree(_ use: SpecialUse, of account: AccountID, but id: MailboxID? = nil) throws {
        if let other = mailboxes(of: account).first(where: { $0.mailbox.use == use && $0.id != id }) {
            throw Rejection("\(other.mailbox.name) is for \(use.attribute) already: take it away from that first")
        }
    }
}

// Names, uses, subscriptions, rights.
extension MemoryModel {
    mutating func addMailbox(_ name: MailboxName, of account: AccountID, _ use: SpecialUse?, _ now: Int64) -> MailboxID {
        lastUIDValidity = max(lastUIDValidity + 1, now / 1000)
        lastMailbox += 1
        let id = MailboxID(rawValue: lastMailbox)
        mailboxes[id] = MemoryMailbox(account: account, name: name, uidValidity: UInt32(lastUIDValidity), use: use)
        return id
    }

    mutating func create(_ name: MailboxName, of account: AccountID, _ use: SpecialUse?, _ now: Int64) throws -> MailboxID {
        try mustExist(account)
        let names = Set(mailboxes(of: account).map(\.mailbox.name))
        guard !names.contains(name) else { throw Rejection("there is a mailbox \(name) already: choose another name") }
        if let use { try mustBeFree(use, of: account) }
        let missing = name.superiors.filter { !names.contains($0) }
        try mustHaveRoom(names.count + missing.count + 1)
        for superior in missing { _ = addMailbox(superior, of: account, nil, now) }
        return addMailbox(name, of: account, use, now)
    }

    fileprivate mutating func rename(
        _ old: MailboxName, to new: MailboxName, of account: AccountID, _ now: Int64
    ) throws {
        try mustExist(account)
        guard !old.isInbox, !new.isInbox else { throw Rejection("INBOX keeps its name: make another mailbox") }
        let all = mailboxes(of: account)
        let names = Set(all.map(\.mailbox.name))
        guard names.contains(old) else { throw Rejection.noMailbox(old) }
        guard new.renamed(old, to: old) == nil else {
            throw Rejection("\(old) cannot become \(new), which is the same or below it: choose another name")
        }
        var renamed: [(id: MailboxID, from: MailboxName, to: MailboxName)] = []
        for (id, mailbox) in all {
            guard let to = mailbox.name.renamed(old, to: new).map({ MailboxName(kept: $0) }) else { continue }
            guard to.text.utf8.count <= MailboxName.longest, to.superiors.count < MailboxName.deepest else {
                throw Rejection("\(mailbox.name) would have too long a name or too many levels: choose a shorter name")
            }
            guard !names.contains(to) else { throw Rejection("there is a mailbox \(to) already: choose another name") }
            renamed.append((id, mailbox.name, to))
        }
        let missing = new.superiors.filter { !names.contains($0) }
        try mustHaveRoom(names.count + missing.count)
        for superior in missing { _ = addMailbox(superior, of: account, nil, now) }
        for (id, from, to) in renamed {
            mailboxes[id]?.name = to
            if subscriptions[account, default: []].contains(from) { subscriptions[account]?.insert(to) }
        }
    }

    fileprivate mutating func setUse(_ use: SpecialUse?, _ name: MailboxName, of account: AccountID) throws {
        try mustExist(account)
        let id = try existing(name, of: account)
        if name.isInbox, use != nil { throw Rejection("INBOX has no special use: choose another mailbox") }
        if let use { try mustBeFree(use, of: account, but: id) }
        mailboxes[id]?.use = use
    }

    fileprivate mutating func subscribe(_ name: MailboxName, of account: AccountID) throws {
        try mustExist(account)
        guard subscriptions[account, default: []].count < MailboxName.ofAccount else {
            throw Rejection("the account has \(MailboxName.ofAccount) subscriptions: end some first")
        }
        subscriptions[account, default: []].insert(name)
    }

    fileprivate mutating func grant(
        _ rights: MailboxRights, _ name: MailboxName, of account: AccountID, to grantee: Grantee
    ) throws {
        try mustExist(account)
        let id = try existing(name, of: account)
        if case .account(let other) = grantee {
            try mustExist(other)
            if other == account { throw Rejection("the owner has all rights on \(name): name another account") }
        }
        guard mailboxes[id]!.rights.count(where: { $0.key != grantee.stored }) < MailboxLimits.grantees else {
            throw Rejection("\(name) is shared with \(MailboxLimits.grantees) accounts: revoke some rights first")
        }
        mailboxes[id]?.rights[grantee.stored] = rights.isEmpty ? nil : rights
    }
}

// Flags and keywords.
extension MemoryMailbox {
    /// The bits of these names; those that the mailbox does not have get one, as long as there are any.
    /// - Returns: `hasRoom` false: not all got one.
    mutating func bits(_ names: [String], makes: Bool) -> (kept: Int64, hasRoom: Bool) {
        var (kept, hasRoom) = (Int64(0), true)
        for name in names {
            let known = keywords.firstIndex { $0.lowercased() == name.lowercased() }
            if known == nil, makes, keywords.count < MailboxLimits.keywords { keywords.append(name) }
            if let place = known ?? (makes && keywords.last == name ? keywords.count - 1 : nil) {
                kept |= 1 << Int64(5 + place)
            } else {
                hasRoom = false
            }
        }
        return (kept, hasRoom)
    }

    func names(of flags: Int64) -> [String] {
        keywords.indices.filter { flags & (1 << Int64(5 + $0)) != 0 }.map { keywords[$0] }
    }
}

extension MemoryModel {
    fileprivate mutating func change(_ change: FlagChange, of id: MailboxID) throws -> FlagOutcome {
        guard var box = mailboxes[id] else { return FlagOutcome(modSeq: 0) }
        let (bits, hasRoom) = box.bits(change.keywords, makes: change.kind != .remove)
        guard hasRoom || change.kind == .remove else {
            throw Rejection(
                "the mailbox has \(MailboxLimits.keywords) keywords already and there is no room for another: use one of those")
        }
        let mask = Int64(change.flags.intersection(.all).rawValue) | bits
        var outcome = FlagOutcome(modSeq: box.highestModSeq)
        for uid in Set(change.uids).sorted() {
            guard let known = box.placements[uid] else { continue }
            if let limit = change.unchangedSince, known.modSeq > limit {
                outcome.refused.append(uid)
                continue
            }
            let new =
                switch change.kind {
                case .add: known.flags | mask
                case .remove: known.flags & ~mask
                case .replace: mask
                }
            guard new != known.flags else { continue }
            if outcome.changed.isEmpty { outcome.modSeq = box.nextModSeq() }
            outcome.changed.append(uid)
            box.placements[uid]?.flags = new
            box.placements[uid]?.modSeq = outcome.modSeq
        }
        mailboxes[id] = box
        return outcome
    }
}

// Expunging.
extension MemoryModel {
    /// Each under a modification sequence of its own.
    mutating func expunge(_ uids: [UInt32], from id: MailboxID, at now: Int64) -> Int {
        uids.count { uid in
            guard let modSeq = mailboxes[id]?.placements[uid] == nil ? nil : mailboxes[id]?.nextModSeq() else { return false }
            mailboxes[id]?.remove(uid, modSeq, now)
            return true
        }
    }

    /// The first messages of a mailbox, all under one modification sequence.
    mutating func expungeFirst(_ limit: Int, from id: MailboxID, at now: Int64) -> Int {
        guard let uids = mailboxes[id]?.uids.prefix(limit), !uids.isEmpty, let modSeq = mailboxes[id]?.nextModSeq() else {
            return 0
        }
        for uid in uids { mailboxes[id]?.remove(uid, modSeq, now) }
        return uids.count
    }
}

extension MemoryMailbox {
    fileprivate mutating func remove(_ uid: UInt32, _ modSeq: UInt64, _ now: Int64) {
        guard let placement = placements.removeValue(forKey: uid) else { return }
        removed.append(Removed(modSeq: modSeq, uid: uid, placement: placement, at: now))
    }
}

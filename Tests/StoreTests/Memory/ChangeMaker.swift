// Chance makes changes of every kind for a store of a few accounts, most of them such that they can be carried out.

import IPC
import Mail
import POP3House
import SASL

@testable import store

struct ChangeMaker {
    static let domains = ["a.test", "b.test", "c.test", "d.test"]
    static let locals = ["alice", "Bob", "carol"]
    static let names = ["INBOX", "Sent", "Junk", "Work", "Work/2026", "Work/2026/May", "Lists/swift", "Grün", "Trash/old"]
    static let keywords = ["$Forwarded", "$Junk", "Important", "important", "later"]

    var chance: SplitMix
    /// Behind every clock, since SQLite's first UIDVALIDITY is the time at which the file was made.
    var now: Int64 = 2_500_000_000_000
    private var spool: UInt64 = 0
    private var place = SpoolPosition(segment: 1, offset: 0)
    private var copies = SpoolPosition(segment: 1 << 48, offset: 0)

    init(seed: UInt64) { chance = SplitMix(state: seed) }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }

    mutating func isLucky(_ percent: Int) -> Bool { number(1...100) <= percent }

    mutating func one<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &chance)! }

    /// - Parameter model: what the store has now.
    mutating func group(_ model: MemoryModel) -> [Change] {
        now += Int64(number(0...3_600_000))
        if isLucky(3) { now += Int64(number(1...140)) * Day.milliseconds }
        return (0..<number(1...40)).map { _ in change(model) }
    }

    private mutating func change(_ model: MemoryModel) -> Change {
        switch number(1...100) {
        case ...26: return .ingest(message(model))
        case ...28: return .withdraw((0..<number(0...3)).map { SpoolID(rawValue: spool - min(spool, UInt64($0 * 2))) })
        case ...36: return settle(model)
        case ...42:
            let account = account(model)
            let inbox = model.mailbox(.inbox, of: account).flatMap { model.mailboxes[$0] }
            return .expunge(uids(inbox), of: account, at: now)
        case ...66: return .mailbox(mailboxChange(model), at: now)
        case ...68: return .release(entries(model), at: now)
        case ...69: return .drop(entries(model), at: now)
        case ...88: return .directory(directoryChange(model), at: now)
        case ...89:
            return .passwordUsed(account(model), name: isLucky(50) ? nil : "phone", day: Day.number(now))
        case ...94:
            return .purge(
                removedUntil: now - Int64(number(0...20)) * Day.milliseconds / 4, limit: one([1, 5, 40, 1_000]), at: now)
        case ...96: return .move(moved(model))
        case ...97: return .retire(segment: isLucky(50) ? UInt64(number(0...Int(place.segment) - 1)) : copies.segment)
        case ...98: return .reserve(SpoolID(rawValue: UInt64(number(1...2_000))))
        default: return .synced(SpoolID(rawValue: UInt64(number(0...Int(spool)))))
        }
    }

    /// Nearly always one that is there.
    mutating func account(_ model: MemoryModel) -> AccountID {
        let all = isLucky(95) ? model.accounts.keys.filter { model.isLive($0) } : Array(model.accounts.keys)
        return all.sorted { $0.rawValue < $1.rawValue }.randomElement(using: &chance) ?? AccountID(rawValue: 77)
    }

    mutating func address() -> EmailAddress { EmailAddress("\(one(Self.locals))@\(one(Self.domains))")! }

    /// Of the mailbox, with some that it does not have.
    mutating func uids(_ mailbox: MemoryMailbox?) -> [UInt32] {
        let known = mailbox?.uids ?? []
        var found = (0..<number(1...4)).compactMap { _ in known.randomElement(using: &chance) }
        if isLucky(10) { found.append(UInt32(number(1...9))) }
        if isLucky(10) { found += known }
        return found
    }
}

// Messages.
extension ChangeMaker {
    private mutating func message(_ model: MemoryModel) -> IndexedMessage {
        // Once in a while one that is there: the index does not take it, and the group fails.
        if isLucky(3), let (spool, known) = model.messages.min(by: { $0.key < $1.key }) {
            return IndexedMessage(
                spool: spool, location: known.location, plan: plan(model), acceptedAt: now, size: known.size, ownFile: 0)
        }
        spool += UInt64(number(1...2))
        let length = UInt32(number(100...900))
        defer {
            place.offset += UInt64(length)
            if place.offset > 12_000 { place = SpoolPosition(segment: place.segment + 1, offset: 0) }
        }
        return IndexedMessage(
            spool: SpoolID(rawValue: spool), location: SpoolLocation(place, length: length), plan: plan(model), acceptedAt: now,
            size: UInt64(length), ownFile: isLucky(5) ? spool : 0)
    }

    private mutating func plan(_ model: MemoryModel) -> Plan {
        let isAppended = isLucky(25)
        var plan = Plan.to(
            (0..<(isAppended ? 1 : number(0...3))).map { _ in placement(model, isPlain: !isAppended && isLucky(70)) },
            relays: isAppended ? [] : (0..<number(0...2)).map { "\($0)x@\(one(["far.test", "away.test"]))" },
            sender: one([nil, "sender@far.test", "Other@away.test"]),
            parameters: SenderParameters(
                body: one([.sevenBit, .eightBit, .binary]), isInternational: isLucky(20),
                envelopeID: isLucky(20) ? "id" : nil, returns: one([nil, .full, .header])),
            key: isLucky(15) ? "key \(number(1...15))" : nil)
        for index in plan.relays.indices where isLucky(30) {
            plan.relays[index].parameters = RecipientParameters(notify: [.failure], original: "rfc822;x@far.test")
        }
        plan.isAppended = isAppended
        plan.createsMailboxes = isLucky(40)
        plan.isOwnReport = isLucky(5)
        if isAppended {
            plan.internalDate = isLucky(50) ? now - Int64(number(0...9_000_000)) : nil
            plan.identity = isLucky(50) ? "identity \(number(1...12))" : nil
        }
        return plan
    }

    private mutating func placement(_ model: MemoryModel, isPlain: Bool) -> LocalPlacement {
        var placement = LocalPlacement(recipient: address(), account: account(model))
        guard !isPlain else { return placement }
        placement.mailbox = isLucky(5) ? "not//a name" : isLucky(70) ? one(Self.names) : nil
        placement.flags = MessageFlags(rawValue: UInt8(number(0...31)))
        placement.keywords = (0..<number(0...3)).map { _ in one(Self.keywords) }
        return placement
    }

    private mutating func entries(_ model: MemoryModel) -> [EntryID] {
        let open = model.queue.keys.sorted()
        var found = (0..<number(1...3)).compactMap { _ in open.randomElement(using: &chance) }
        if isLucky(10) { found.append(EntryID(SpoolID(rawValue: UInt64(number(1...50))), ordinal: 1)) }
        return found
    }

    private mutating func settle(_ model: MemoryModel) -> Change {
        let results = entries(model).map { entry in
            let fate: EntryResult.Fate = one([.delivered, .bounced, .deferred(until: now + 60_000)])
            let report = AttemptReport(category: "tried", remote: "mx.far.test", text: "250 \(now)", status: "2.0.0")
            return EntryResult(entry: entry, fate: fate, report: report)
        }
        return .settle(LeaseID(rawValue: UInt64(number(1...30))), results, at: now)
    }

    private mutating func moved(_ model: MemoryModel) -> [MovedMessage] {
        (0..<number(1...6)).compactMap { _ in
            guard let spool = model.messages.keys.sorted().prefix(30).randomElement(using: &chance) else { return nil }
            let from = model.messages[spool]!.location
            defer {
                copies.offset += UInt64(from.length)
                if copies.offset > 6_000 { copies = SpoolPosition(segment: copies.segment + 1, offset: 0) }
            }
            let said = isLucky(90) ? from.position : SpoolPosition(segment: 1, offset: 1)
            return MovedMessage(spool: spool, from: said, to: SpoolLocation(copies, length: from.length))
        }
    }
}

// Mailboxes.
extension ChangeMaker {
    private mutating func name() -> MailboxName { MailboxName(kept: one(Self.names)) }

    private mutating func mailboxChange(_ model: MemoryModel) -> MailboxChange {
        let account = account(model)
        let grantee: Grantee = isLucky(25) ? .anyone : .account(self.account(model))
        let rights = MailboxRights(rawValue: UInt16(number(0...2_047)))
        switch number(1...20) {
        case 1...2: return .create(name(), of: account, isLucky(30) ? one(SpecialUse.allCases) : nil)
        case 3...4: return .rename(name(), to: name(), of: account)
        case 5...6: return .delete(name(), of: account)
        case 7: return .setUse(isLucky(60) ? one(SpecialUse.allCases) : nil, name(), of: account)
        case 8: return .subscribe(name(), of: account)
        case 9: return .unsubscribe(name(), of: account)
        case 10: return .grant(rights, name(), of: account, to: grantee)
        case 11: return .revoke(name(), of: account, from: grantee)
        case 12...15: return flags(model)
        case 16...18:
            let id = mailbox(model)
            return .expunge(uids(model.mailboxes[id]), of: id)
        default: return undelete(model, account)
        }
    }

    /// Rather one that has messages.
    private mutating func mailbox(_ model: MemoryModel) -> MailboxID {
        let full = model.mailboxes.filter { !$0.value.placements.isEmpty }.keys.sorted()
        return (isLucky(90) ? full : model.mailboxes.keys.sorted()).randomElement(using: &chance) ?? MailboxID(rawValue: 1)
    }

    private mutating func flags(_ model: MemoryModel) -> MailboxChange {
        let id = mailbox(model)
        var keywords = (0..<number(0...3)).map { _ in one(Self.keywords) }
        // More than a mailbox has room for, from time to time.
        if isLucky(5) { keywords += (0..<number(20...60)).map { "many\($0)" } }
        let change = FlagChange(
            one([.add, .remove, .replace]), uids(model.mailboxes[id]), MessageFlags(rawValue: UInt8(number(0...31))),
            keywords: keywords,
            unchangedSince: isLucky(20) ? model.mailboxes[id].map { $0.highestModSeq - min($0.highestModSeq, 4) } : nil)
        return .flags(change, of: id)
    }

    private mutating func undelete(_ model: MemoryModel, _ account: AccountID) -> MailboxChange {
        var mark: UndeleteMark?
        if isLucky(30) {
            mark = UndeleteMark(mailbox: mailbox(model).rawValue, modSeq: UInt64(number(0...9)), uid: UInt32(number(0...4)))
        }
        let order = Undeletion(
            account, mailbox: isLucky(50) ? name() : nil, at: now - Int64(number(0...20)) * 3_600_000, after: mark)
        return .undelete(order, limit: one([1, 3, 500]))
    }
}

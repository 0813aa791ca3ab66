// Everything that a database knows, in dictionaries and arrays. Nothing is counted that can be found by looking: sums,
// references and levels are made of the rows whenever they are asked for.

import IPC
import Mail
import SASL

@testable import store

struct MemoryModel: Sendable {
    struct Message: Sendable {
        var location: SpoolLocation
        var ownFile: UInt64
        var size: UInt64
        var parameters: SenderParameters
        var acceptedAt: Int64
        var trace: TraceID
        var sender: EmailAddress?
        /// Accepted with it.
        var recipients: Int
        /// Nothing refers to it, and yet a recipient's fate is open.
        var isDoubtful = false
    }

    struct Recipient: Sendable {
        var address: EmailAddress
        var fate: Int
    }

    struct Open: Sendable {
        var recipient: EmailAddress
        var sender: EmailAddress?
        var state = QueueState.ready
        var nextAttempt: Int64
        var acceptedAt: Int64
        var size: UInt64
        var attempts: UInt32 = 0
        var settledLease: LeaseID?
        var parameters: RecipientParameters
        var last: AttemptReport?
    }

    struct Key: Sendable {
        var spool: SpoolID
        var at: Int64
    }

    struct Domain: Sendable {
        var aliasOf: String?
        var choices = DomainChoices()
        var quotas = DomainQuotas()
    }

    struct Account: Sendable {
        var address: EmailAddress
        var kind: AccountKind
        var own: StoredPassword
        var named: [String: StoredPassword] = [:]
        var verifiers: [VerifierKind: Verifier] = [:]
        /// nil is what the domain says, 0 none.
        var quota = QuotaLimits()
        var removedAt: Int64?
    }

    struct Alias: Sendable {
        var address: EmailAddress
        var targets: [EmailAddress]
        var foldedTargets: [String]
    }

    struct Rule: Sendable {
        var words: RuleWords
        var account: AccountID
    }

    var messages: [SpoolID: Message] = [:]
    var recipients: [EntryID: Recipient] = [:]
    var queue: [EntryID: Open] = [:]
    var keys: [String: Key] = [:]
    /// Recipients of messages that are forgotten: all, and by fate.
    var past = (accepted: UInt64(0), fates: [UInt64](repeating: 0, count: 4))

    var domains: [String: Domain] = [:]
    var accounts: [AccountID: Account] = [:]
    /// By the address in small letters.
    var aliases: [String: Alias] = [:]
    var rules: [UInt64: Rule] = [:]
    var ranges: [AccessList: [AddressRange]] = [:]

    var mailboxes: [MailboxID: MemoryMailbox] = [:]
    var subscriptions: [AccountID: Set<MailboxName>] = [:]

    var nextSpool = SpoolID(rawValue: 1)
    var synced = SpoolID(rawValue: 0)
    var end = SpoolPosition(segment: 0, offset: 0)
    var directoryVersion: UInt64 = 1
    var lastUIDValidity: Int64 = 0
    var lastAccount: Int64 = 0
    var lastMailbox: Int64 = 0
    var lastRule: UInt64 = 0
    /// The mailbox of the placement that was let go of last, until its log is short enough.
    var lastLetGo: MailboxID?
    let decoy = "what nobody knows"
}

struct MemoryMailbox: Equatable, Sendable {
    struct Placement: Equatable, Sendable {
        var spool: SpoolID
        var modSeq: UInt64
        var receivedAt: Int64
        /// When it came into the mailbox.
        var placedAt: Int64
        var size: UInt64
        var flags: Int64
    }

    struct Removed: Equatable, Sendable {
        var modSeq: UInt64
        var uid: UInt32
        var placement: Placement
        var at: Int64
        /// The message is not kept for it any more.
        var isPast = false
    }

    struct Identity: Equatable, Sendable {
        var spool: SpoolID
        var uid: UInt32
    }

    var account: AccountID
    var name: MailboxName
    var uidValidity: UInt32
    var uidNext: UInt32 = 1
    var highestModSeq: UInt64 = 1
    var use: SpecialUse?
    var logFloor: UInt64 = 0
    var removedAt: Int64?
    var placements: [UInt32: Placement] = [:]
    /// In the order of modification sequences and UIDs.
    var removed: [Removed] = []
    /// The first has bit 5.
    var keywords: [String] = []
    /// By `Grantee.stored`.
    var rights: [Int64: MailboxRights] = [:]
    var identities: [String: Identity] = [:]

    var octets: UInt64 { placements.values.reduce(0) { $0 + $1.size } }
    var unseen: UInt64 { UInt64(placements.values.count { !$0.flags.isSeen }) }
    var uids: [UInt32] { placements.keys.sorted() }

    mutating func nextModSeq() -> UInt64 {
        highestModSeq += 1
        return highestModSeq
    }
}

// Looking for things.
extension MemoryModel {
    func isLive(_ account: AccountID) -> Bool { accounts[account].map { $0.removedAt == nil } ?? false }

    /// Neither it nor its account was removed.
    func isThere(_ mailbox: MailboxID) -> Bool {
        guard let found = mailboxes[mailbox] else { return false }
        return found.removedAt == nil && isLive(found.account)
    }

    func mailboxes(of account: AccountID) -> [(id: MailboxID, mailbox: MemoryMailbox)] {
        mailboxes.filter { $0.value.account == account && $0.value.removedAt == nil }.map { ($0.key, $0.value) }
            .sorted { $0.mailbox.name < $1.mailbox.name }
    }

    /// nil: the account has none of this name, or is none any more.
    func mailbox(_ name: MailboxName, of account: AccountID) -> MailboxID? {
        guard isLive(account) else { return nil }
        return mailboxes.first { $0.value.account == account && $0.value.removedAt == nil && $0.value.name == name }?.key
    }

    /// Those with this address, by kind.
    func accounts(_ address: EmailAddress) -> [AccountKind: AccountID] {
        var found: [AccountKind: AccountID] = [:]
        for (id, account) in accounts where account.removedAt == nil && account.address.folded == address.folded {
            found[account.kind] = id
        }
        return found
    }

    var verifierKinds: Set<VerifierKind> { Set(accounts.values.flatMap(\.verifiers.keys)) }
}

extension Sequence<String> {
    /// As octets are.
    var inOrder: [String] { sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}

extension String {
    func isBehind(_ other: String?) -> Bool { (other ?? "").utf8.lexicographicallyPrecedes(utf8) }
}

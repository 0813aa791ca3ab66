// Who a recipient is (FEATURES 1.0, steps 1–6; T-02): a machine that asks its caller for the directory's entries, one at a
// time, and ends with destinations. Pure; the access rule and `accept = "any"` are the caller's.
//
//  for each address: receive rule → user → folder → alias or list → base of a sub-address → domain transport →
//  catch-all → unknown. The first that there is wins; what an alias or catch-all names begins at the front again.

import Mail

struct Classification: Sendable {
    enum Step: Hashable, Sendable {
        /// What does the directory say about this address? Answer with `found`.
        case lookUp(EmailAddress)
        case done([Destination], Rule)
    }

    /// What decided about the recipient itself.
    enum Rule: Hashable, Sendable, CustomStringConvertible {
        /// T-03, by its place in the list from 0.
        case receiveRule(Int)
        /// A mail-handling account's own address (T-02).
        case processor
        case user, folder, alias, transport
        case catchAll
        /// RFC 5321 §4.5.1: a postmaster without a mailbox of its own, kept by another.
        case postmaster
        /// The domain is not ours: the access rule decides.
        case foreign
        case unresolved(Destination.Unresolved)

        /// A stable word, for the journal.
        var description: String {
            switch self {
            case .receiveRule(let index): "receive-rule[\(index + 1)]"
            case .processor: "processor"
            case .user: "user"
            case .folder: "folder"
            case .alias: "alias"
            case .transport: "domain-transport"
            case .catchAll: "catch-all"
            case .postmaster: "postmaster"
            case .foreign: "foreign"
            case .unresolved(let reason): reason.rawValue
            }
        }
    }

    /// Aliases of aliases, the catch-all counted as one.
    static let depthLimit = 10
    /// Addresses that one recipient may stand for, before the same mailboxes are merged.
    static let resultLimit = 1_000

    private let policy: ReceivePolicy
    private let recipient: EmailAddress
    private let sender: EmailAddress?
    private let client: InternetAddress

    /// What is being asked for; nil: done.
    private var question: EmailAddress?
    /// The address that `question` belongs to.
    private var item: Item
    /// Last in, first out: destinations come in the order in which aliases name them.
    private var pending: [Item] = []
    /// Every address that an alias or catch-all has named: none is followed twice, so no loop goes round.
    private var named: Set<EmailAddress> = []
    private var destinations: [Destination] = []
    private var leaves = 0
    private var rule: Rule?

    private struct Item: Sendable {
        var address: EmailAddress
        /// Aliases between the recipient and this address.
        var depth = 0
        /// What came along from the sub-address of an alias.
        var inherited: String?
        /// The number of the delimiter that `question` was divided at; nil: it is the whole address.
        var division: Int?
        var detail: String?
        var standing: Standing?
    }

    /// An address that is asked in place of a postmaster without a mailbox.
    private struct Standing: Sendable {
        var original: EmailAddress
        /// Which of the policy's postmasters comes next.
        var next = 0
        /// false for the catch-all of the postmaster's own domain, which comes before them.
        var isSubstitute = false
    }

    /// - Parameter sender: nil is the null reverse-path.
    init(
        _ recipient: EmailAddress, from sender: EmailAddress?, client: InternetAddress, by policy: ReceivePolicy
    ) {
        self.policy = policy
        self.recipient = recipient
        self.sender = sender
        self.client = client
        question = recipient
        item = Item(address: recipient)
    }

    /// The same step until `found` has answered it.
    func next() -> Step {
        if let question { return .lookUp(question) }
        return .done(destinations, rule ?? .unresolved(.loop))
    }

    /// The answer to `lookUp`. Not to be called after `done`.
    mutating func found(_ entry: DirectoryEntry) {
        guard let asked = question else { preconditionFailure("an answer that nobody asked for") }
        question = nil
        switch entry {
        case .local(let local): consider(asked, local)
        case .foreign: considerForeign(asked)
        }
        if question == nil { advance() }
    }
}

// One address.
extension Classification {
    private mutating func consider(_ asked: EmailAddress, _ entry: LocalEntry) {
        if takenByRule(asked, domain: entry.domain) { return }
        if let account = entry.processor {
            return deliver(asked, account, .processor, entry)
        }
        if let account = entry.user {
            return deliver(asked, account, .user, entry)
        }
        if let account = entry.folder {
            return deliver(asked, account, .folder, entry)
        }
        if let targets = entry.targets {
            return expand(targets, .alias, from: asked)
        }
        if divide(entry.delimiters) { return }
        let whole = item.address
        item.detail = nil
        if entry.transport != nil {
            decided(.transport)
            return end(.remote(whole, viaTransport: true))
        }
        if let keeper = entry.catchAll, keeper != whole {
            return expand([keeper], .catchAll, from: whole)
        }
        fail(.unknown)
    }

    private mutating func considerForeign(_ asked: EmailAddress) {
        if takenByRule(asked, domain: nil) { return }
        // The whole address was ours a moment ago: the directory has changed in between.
        if item.division != nil { return fail(.unknown) }
        // Never relayed, whoever asks: it is meant for us. So are the postmasters that stand in for another.
        if item.standing?.isSubstitute == true || asked.domain == policy.hostname && ReceivePolicy.isPostmaster(asked) {
            return fail(.unknown)
        }
        decided(.foreign)
        end(.remote(asked, viaTransport: false))
    }

    private mutating func takenByRule(_ asked: EmailAddress, domain: String?) -> Bool {
        guard let (index, account) = policy.rule(for: asked, in: domain, from: sender, client: client) else {
            return false
        }
        decided(.receiveRule(index))
        end(place(account, asked, isFull: policy.full.contains(account)))
        return true
    }

    /// A mailbox of its own wins over an alias of the same name, unless the alias names itself: then it is a forward that
    /// keeps a copy.
    private mutating func deliver(_ asked: EmailAddress, _ account: AccountID, _ rule: Rule, _ entry: LocalEntry) {
        let place = place(account, asked, isFull: entry.full.contains(account))
        guard let targets = entry.targets else {
            decided(rule)
            return end(place)
        }
        let others = targets.filter { !Classification.isSame($0, asked, domain: entry.domain) }
        guard others.count < targets.count else {
            decided(rule)
            return end(place)
        }
        end(place)
        expand(others, .alias, from: asked)
    }

    private func place(_ account: AccountID, _ asked: EmailAddress, isFull: Bool) -> Destination {
        isFull
            ? .full(account, recipient: asked)
            : .place(account, recipient: asked, detail: item.detail ?? item.inherited)
    }

    /// The next shorter base of a sub-address. The detail is kept for the mailbox that it leads to.
    /// - Returns: false when there is none.
    private mutating func divide(_ delimiters: String) -> Bool {
        let localPart = item.address.localPart
        let number = item.division.map { $0 - 1 } ?? SubAddress.count(in: localPart, delimiters: delimiters)
        guard number > 0, let part = SubAddress.divide(localPart, delimiters: delimiters, at: number) else {
            return false
        }
        item.division = number
        item.detail = part.detail
        question = EmailAddress(localPart: part.base, domain: item.address.domain)
        return true
    }

    private static func isSame(_ target: EmailAddress, _ asked: EmailAddress, domain: String) -> Bool {
        (target.domain == asked.domain || target.domain == domain)
            && target.localPart.lowercased() == asked.localPart.lowercased()
    }
}

// From one address to the next.
extension Classification {
    private mutating func decided(_ rule: Rule) {
        if item.depth == 0, self.rule == nil { self.rule = rule }
    }

    private mutating func end(_ destination: Destination) {
        leaves += 1
        destinations.append(destination)
    }

    /// What is named here is followed next, in its order.
    private mutating func expand(_ targets: [EmailAddress], _ rule: Rule, from address: EmailAddress) {
        decided(rule)
        guard item.depth < Classification.depthLimit else { return end(.refuse(item.address, .tooDeep)) }
        named.insert(item.address)
        named.insert(address)
        var followed: [Item] = []
        for target in targets where named.insert(target).inserted {
            guard leaves + pending.count + followed.count < Classification.resultLimit else {
                return giveUp(.tooMany)
            }
            let isForPostmaster = rule == .catchAll && ReceivePolicy.isPostmaster(address)
            followed.append(
                Item(
                    address: target, depth: item.depth + 1, inherited: item.detail ?? item.inherited,
                    standing: isForPostmaster ? Standing(original: address) : nil))
        }
        pending.append(contentsOf: followed.reversed())
    }

    /// The address leads nowhere; a postmaster's is asked for elsewhere.
    private mutating func fail(_ reason: Destination.Unresolved) {
        guard item.standing != nil || ReceivePolicy.isPostmaster(item.address) else {
            return end(.refuse(item.address, reason))
        }
        var standing = item.standing ?? Standing(original: item.address)
        let rest = policy.postmasters[standing.next...]
        guard let index = rest.firstIndex(where: { $0 != standing.original }) else {
            return end(.refuse(standing.original, reason))
        }
        decided(.postmaster)
        standing.next = index + 1
        standing.isSubstitute = true
        item = Item(address: policy.postmasters[index], depth: item.depth, standing: standing)
        question = item.address
    }

    private mutating func advance() {
        if let next = pending.popLast() {
            item = next
            question = next.address
        } else if destinations.count == 1 {
            if case .refuse(_, let reason) = destinations[0] { giveUp(reason) }
        } else {
            conclude()
        }
    }

    /// Merges what is the same. An alias of which nothing came is a refusal of the recipient, and one that tells of our own
    /// trouble is kept before one that tells the stranger to give up.
    private mutating func conclude() {
        var seen: Set<Destination> = []
        let results = destinations.filter { seen.insert($0.withoutNames).inserted }
        var reason: Destination.Unresolved?
        for result in results {
            guard case .refuse(_, let its) = result else {
                destinations = results
                return
            }
            reason = reason == nil || reason == .unknown ? its : reason
        }
        giveUp(reason ?? .loop)
    }

    private mutating func giveUp(_ reason: Destination.Unresolved) {
        pending = []
        rule = .unresolved(reason)
        destinations = [.refuse(recipient, reason)]
    }
}

extension Destination {
    /// Two addresses of one account are one place.
    fileprivate var withoutNames: Destination {
        let nobody = EmailAddress(localPart: "", domain: "")
        return switch self {
        case .place(let account, _, _): .place(account, recipient: nobody, detail: nil)
        case .full(let account, _): .full(account, recipient: nobody)
        case .remote, .refuse: self
        }
    }
}

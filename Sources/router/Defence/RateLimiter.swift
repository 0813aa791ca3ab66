// How much a client may do in a minute and an account in a day (FEATURES 2.2, 2.3). Token buckets: a bucket holds what may
// be done in one period and fills up evenly, so after a pause everything may be done at once.
//
// A bucket is one number: the time at which it will be full again. Taking pushes that time away; a bucket that is full
// by now means nothing and may be forgotten. Times are milliseconds on any one clock.
// What is forgotten too early, because too many clients are remembered, is forgotten in the client's favour.

import Mail

struct RateLimiter: Sendable {
    /// 0 means no limit.
    struct Limits: Hashable, Sendable {
        var connectionsPerMinute = 0
        var messagesPerMinute = 0
        var recipientsPerMinute = 0
        var accountMessagesPerDay = 0
        var accountRecipientsPerDay = 0
    }

    enum Answer: Hashable, Sendable {
        case allowed
        /// The same will be allowed after so many seconds, if nothing else is done; 1 at least.
        case denied(seconds: Int64)
    }

    enum ClientMeasure: Hashable, Sendable { case connections, messages, recipients }
    enum AccountMeasure: Hashable, Sendable { case messages, recipients }

    /// Whom a day's limit counts.
    enum Sender: Hashable, Sendable {
        case account(AccountID)
        /// A login that is no account of the directory.
        case name(String)
    }

    /// May be replaced at any time: what was taken stays taken.
    var limits: Limits
    private(set) var denials: UInt64 = 0
    private var clients: BoundedTable<Client, ClientBuckets>
    private var senders: BoundedTable<Sender, SenderBuckets>

    init(_ limits: Limits, clientLimit: Int = 100_000, senderLimit: Int = 100_000) {
        self.limits = limits
        clients = BoundedTable(limit: clientLimit)
        senders = BoundedTable(limit: senderLimit)
    }

    /// Takes from a client's bucket, or takes nothing and denies.
    /// - Parameters:
    ///   - count: more than the whole limit is taken for the limit.
    ///   - isExempt: a safe client; nothing is counted.
    mutating func take(
        _ measure: ClientMeasure, _ count: Int = 1, for client: Client, at now: Int64, isExempt: Bool = false
    ) -> Answer {
        let limit = limit(measure)
        guard !isExempt, limit > 0, count > 0 else { return .allowed }
        let rate = Rate(limit, in: 60_000)
        let answer = clients.change(client, at: now, from: ClientBuckets()) {
            switch measure {
            case .connections: rate.take(count, from: &$0.connections, at: now)
            case .messages: rate.take(count, from: &$0.messages, at: now)
            case .recipients: rate.take(count, from: &$0.recipients, at: now)
            }
        }
        return noted(answer)
    }

    /// Takes from an account's bucket, or takes nothing and denies.
    mutating func take(
        _ measure: AccountMeasure, _ count: Int = 1, for sender: Sender, at now: Int64, isExempt: Bool = false
    ) -> Answer {
        let limit = measure == .messages ? limits.accountMessagesPerDay : limits.accountRecipientsPerDay
        guard !isExempt, limit > 0, count > 0 else { return .allowed }
        let rate = Rate(limit, in: 86_400_000)
        let answer = senders.change(sender, at: now, from: SenderBuckets()) {
            switch measure {
            case .messages: rate.take(count, from: &$0.messages, at: now)
            case .recipients: rate.take(count, from: &$0.recipients, at: now)
            }
        }
        return noted(answer)
    }

    /// Clients and accounts remembered.
    var counts: (clients: Int, senders: Int) { (clients.count, senders.count) }

    private func limit(_ measure: ClientMeasure) -> Int {
        switch measure {
        case .connections: limits.connectionsPerMinute
        case .messages: limits.messagesPerMinute
        case .recipients: limits.recipientsPerMinute
        }
    }

    private mutating func noted(_ answer: Answer) -> Answer {
        if answer != .allowed { denials += 1 }
        return answer
    }
}

private struct ClientBuckets: Forgettable {
    var connections = Bucket()
    var messages = Bucket()
    var recipients = Bucket()

    var worthUntil: Int64 { max(connections.worthUntil, messages.worthUntil, recipients.worthUntil) }
}

private struct SenderBuckets: Forgettable {
    var messages = Bucket()
    var recipients = Bucket()

    var worthUntil: Int64 { max(messages.worthUntil, recipients.worthUntil) }
}

private struct Bucket: Sendable {
    /// Nanoseconds.
    var fullAt = Int64.min
    var worthUntil: Int64 { fullAt / 1_000_000 }
}

/// So many in so much time. Nanoseconds inside: a million in a minute still has room for exactness.
private struct Rate {
    private let limit: Int64
    /// What one costs.
    private let interval: Int64

    init(_ limit: Int, in milliseconds: Int64) {
        let period = milliseconds * 1_000_000
        self.limit = min(Int64(limit), period)
        interval = period / self.limit
    }

    func take(_ count: Int, from bucket: inout Bucket, at now: Int64) -> RateLimiter.Answer {
        let now = now * 1_000_000
        // Not the period: with the rounded interval it could hold one more than the limit.
        let capacity = interval * limit
        // A lowered limit, or a clock that went back, leaves no debt longer than a period.
        bucket.fullAt = min(max(bucket.fullAt, now), now + capacity)
        let cost = interval * min(Int64(count), limit)
        let missing = bucket.fullAt + cost - (now + capacity)
        guard missing > 0 else {
            bucket.fullAt += cost
            return .allowed
        }
        return .denied(seconds: (missing + 999_999_999) / 1_000_000_000)
    }
}

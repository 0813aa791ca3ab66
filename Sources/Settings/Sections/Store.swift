// [store] and [tls]: what is remembered, and how the house proves who it is.

extension Settings {
    package struct Store: Sendable, Equatable {
        /// Octets after which a new segment is begun.
        package let segmentSize: Int
        /// A message of more octets gets a file of its own.
        package let largeMessage: Int
        package let groupMessages: Int
        /// Octets of one group commit.
        package let groupSize: Int
        /// How long an expunged message can be brought back.
        package let expungeRetention: Duration
        /// Percent of live octets below which a segment is compacted; 0 for never.
        package let compactBelow: Int
        /// Octets a second that compaction copies.
        package let compactRate: Int
        package let overQuota: OverQuota
        /// Octets that the last message may go over a quota.
        package let quotaGrace: Int

        /// What becomes of mail for a full mailbox.
        package enum OverQuota: String, Sendable, CaseIterable, SettingWord {
            /// It may come later.
            case temporary
            /// It is sent back.
            case permanent
        }

        init(_ reading: Reading) {
            let table = reading.section("store", "How mail is kept.", rooms: [.store])
            segmentSize = table.value(
                "segment_size", .size((1 << 20)...(1 << 30)), default: 128 << 20,
                "Messages are written behind each other into segments of about this size.")
            largeMessage = table.value(
                "large_message", .size(4_096...(64 << 20)), default: 256 << 10,
                "A larger message gets a file of its own.")
            groupMessages = table.value(
                "group_messages", .number(1...100_000), default: 1_000,
                "At most so many messages are made durable by one write to the disk.")
            groupSize = table.value(
                "group_size", .size((64 << 10)...(1 << 30)), default: 16 << 20,
                "At most so much is made durable by one write to the disk.")
            expungeRetention = table.value(
                "expunge_retention", .duration(.zero...(.seconds(86_400 * 3_650))), default: .seconds(86_400 * 7),
                "How long a deleted message still takes its space and can be brought back.")
            compactBelow = table.value(
                "compact_below", .number(0...90), default: 50,
                "A segment of which less than so many percent is still wanted gives its space back; 0 for never.")
            compactRate = table.value(
                "compact_rate", .size((64 << 10)...(1 << 30)), default: 16 << 20,
                "At most so much is copied a second to give space back.")
            overQuota = table.value(
                "over_quota", .word, default: .temporary, rooms: [.router],
                "Mail for a full mailbox is refused: temporary, so that senders try again for days, or permanent.")
            quotaGrace = table.value(
                "quota_grace", .size(0...(1 << 30)), default: 10 << 20, reload: false,
                "A mailbox that is not full takes a message that goes over its quota by at most so much.")
            if largeMessage > segmentSize {
                table.report("large_message", "is larger than store.segment_size")
            }
        }
    }
}

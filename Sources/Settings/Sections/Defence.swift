// [defence] and [attachment]: what a stranger may try, and how much of it.

extension Settings {
    package struct Defence: Sendable, Equatable {
        package enum EarlyTalkers: String, Sendable, CaseIterable, SettingWord {
            case off, note, refuse
        }

        package enum HelloChecks: String, Sendable, CaseIterable, SettingWord {
            case off, note, refuse
        }

        package let greetDelay: Duration
        package let earlyTalkers: EarlyTalkers
        package let helloChecks: HelloChecks
        /// Clients that fail to log in again and again are shut out for a while.
        package let bans: Bool
        package let banAfter: Int
        package let banTime: Duration
        package let longestBan: Duration
        /// 0: no limit, here and below.
        package let connectionsPerMinute: Int
        package let messagesPerMinute: Int
        package let recipientsPerMinute: Int
        package let accountMessagesPerDay: Int
        package let accountRecipientsPerDay: Int

        init(_ reading: Reading) {
            let table = reading.section(
                "defence", "Against strangers who try too much. Safe and trusted clients are spared.", rooms: [.router])
            greetDelay = table.value(
                "greet_delay", .duration(.zero ... .seconds(60)), default: .zero,
                "How long an unknown client waits for the greeting. Who talks before it is no mail server.")
            earlyTalkers = table.value(
                "early_talkers", .word, default: .note,
                "Who talks before the greeting is let in, counted as suspicious, or refused; with greet_delay only.")
            helloChecks = table.value(
                "hello_checks", .word, default: .off,
                "Whether a name in HELO or EHLO that cannot be right is passed over, counted as suspicious, or refused.")
            bans = table.value(
                "bans", .truth, default: true, "Whether clients that guess passwords are shut out, by every service.")
            banAfter = table.value(
                "ban_after", .number(2...1_000), default: 10,
                "Wrong passwords of one client (IPv6: of one /64) that lead to a ban. They are forgotten by and by.")
            banTime = table.value(
                "ban_time", .duration(.seconds(1)...(.seconds(604_800))), default: .seconds(600),
                "How long the first ban lasts; each one more lasts twice as long.")
            longestBan = table.value(
                "longest_ban", .duration(.seconds(1)...(.seconds(2_592_000))), default: .seconds(86_400),
                "No ban lasts longer.")
            connectionsPerMinute = table.value(
                "connections_per_minute", .number(0...1_000_000), default: 0,
                "Connections of one client in a minute; 0 for no limit.")
            messagesPerMinute = table.value(
                "messages_per_minute", .number(0...1_000_000), default: 0,
                "Messages of one client in a minute; 0 for no limit.")
            recipientsPerMinute = table.value(
                "recipients_per_minute", .number(0...1_000_000), default: 0,
                "Recipients of one client in a minute; 0 for no limit.")
            accountMessagesPerDay = table.value(
                "account_messages_per_day", .number(0...10_000_000), default: 0,
                "Messages of one login in a day; 0 for no limit.")
            accountRecipientsPerDay = table.value(
                "account_recipients_per_day", .number(0...10_000_000), default: 0,
                "Recipients of one login in a day; 0 for no limit.")
        }
    }

    /// R-05, D7.
    package struct Attachment: Sendable, Equatable {
        /// Octets after decoding; 0: no limit.
        package let maxSize: Int

        init(_ reading: Reading) {
            let table = reading.section("attachment", "Limits of single attachments.", rooms: [.router])
            maxSize = table.value(
                "max_size", .size(0...(2 << 30)), default: 0,
                "The largest single attachment, counted after decoding; 0 for no limit but that of the message.")
        }
    }
}

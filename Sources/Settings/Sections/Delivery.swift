// [delivery], [delivery.smarthost] and [dns]: how mail leaves.

/// How a connection to another server is encrypted.
package enum OutgoingTLS: String, Sendable, CaseIterable, SettingWord {
    case none, wanted, required, implicit
}

extension Settings {
    package struct Delivery: Sendable, Equatable {
        package enum Route: String, Sendable, CaseIterable, SettingWord {
            case mx, smarthost
        }

        /// whether mail leaves at all. Off, it waits in the queue.
        package let enabled: Bool
        package let route: Route
        /// For deliveries by MX; the smart host has its own.
        package let tls: OutgoingTLS
        package let port: UInt16
        /// Connections at once, all destinations together.
        package let concurrency: Int
        package let destinationConcurrency: Int
        package let messagesPerConnection: Int
        /// The wait after the first, second … attempt; the last repeats. Never empty.
        package let retry: [Duration]
        package let lifetime: Duration
        package let connectTimeout: Duration
        package let commandTimeout: Duration
        package let dataTimeout: Duration
        package let smarthost: SmartHost

        init(_ reading: Reading) {
            let table = reading.section("delivery", "How mail for other servers leaves.", rooms: [.delivery])
            enabled = table.value(
                "enabled", .truth, default: true,
                "Whether mail for other servers is sent. Off: it is taken and waits in the queue.")
            route = table.value(
                "route", .word, default: .mx,
                "mx: to the server that the recipient's domain names. smarthost: everything to one server.")
            tls = table.value(
                "tls", .word(among: [.none, .wanted, .required]), default: .wanted,
                "Encryption of deliveries by MX. wanted: when the other server offers it. "
                    + "required: verified, or no mail."
            )
            port = UInt16(
                table.value("port", .number(1...65_535), default: 25, reload: false, "The port of servers found by MX.")
            )
            concurrency = table.value(
                "concurrency", .number(1...10_000), default: 100, "Connections to other servers at once.")
            destinationConcurrency = table.value(
                "destination_concurrency", .number(1...1_000), default: 20, "Connections to one destination at once.")
            messagesPerConnection = table.value(
                "messages_per_connection", .number(1...100_000), default: 100,
                "Messages sent over one connection before a new one is made.")
            retry = table.value(
                "retry", .list(of: .duration(.seconds(1)...(.seconds(604_800))), count: 1...50),
                default: [.seconds(60), .seconds(300), .seconds(900), .seconds(3_600), .seconds(14_400)],
                "How long to wait after the first, the second … attempt; the last one repeats.")
            lifetime = table.value(
                "lifetime", .duration(.seconds(1)...(.seconds(86_400 * 365))), default: .seconds(86_400 * 5),
                "How long a message is tried; then its sender gets a bounce.")
            connectTimeout = table.value(
                "connect_timeout", .duration(.milliseconds(100)...(.seconds(600))), default: .seconds(30),
                "How long another server may take to accept a connection.")
            commandTimeout = table.value(
                "command_timeout", .duration(.milliseconds(100)...(.seconds(3_600))), default: .seconds(300),
                "How long another server may take to answer a command.")
            dataTimeout = table.value(
                "data_timeout", .duration(.milliseconds(100)...(.seconds(3_600))), default: .seconds(600),
                "How long another server may take to accept a message after its end.")
            smarthost = SmartHost(reading)
            if route == .smarthost, smarthost.host == nil {
                table.report("route", "\"smarthost\" needs delivery.smarthost.host")
            }
        }
    }

    package struct DNS: Sendable, Equatable {
        /// Empty: the system's.
        package let servers: [NetworkEndpoint]
        package let timeout: Duration

        init(_ reading: Reading) {
            let table = reading.section("dns", "Who is asked for names.", rooms: [.delivery], reload: false)
            servers = table.value(
                "servers", .list(of: .endpoint, count: 0...16), default: [],
                "Servers for all our questions, asked instead of those of the system; empty for those of the system.")
            timeout = table.value(
                "timeout", .duration(.milliseconds(100)...(.seconds(120))), default: .seconds(10), reload: true,
                "How long an answer may take before it counts as a failure.")
        }
    }
}

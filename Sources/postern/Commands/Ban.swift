// postern ban list|add|remove: who is shut out by every service.

import ArgumentParser
import IPC
import Mail

struct Ban: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Clients that are shut out by every service.",
        subcommands: [List.self, Add.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List who is shut out or suspicious, and why.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var form: JSONOption

        func run() async throws {
            guard case .bans(let bans) = try await RouterCall(settings).ask(.listBans) else {
                throw Failure.misfit("router")
            }
            try sayRows(bans.map(BanRow.init), form)
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shut out the clients of a range for a while.")
        @OptionGroup var settings: SettingsOption
        @Argument(help: "An address or a range.", transform: Typed.range) var range: AddressRange
        @Option(
            name: .customLong("for"),
            help: ArgumentHelp("Such as 30m, 12h or 7d; without it, defence.longest_ban.", valueName: "time"),
            transform: Typed.seconds)
        var seconds: UInt32?

        func run() async throws {
            let longest = try read(settings).defence.longestBan.components.seconds
            guard case .done = try await RouterCall(settings).ask(.ban(range, seconds: seconds ?? UInt32(longest)))
            else { throw Failure.misfit("router") }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the clients of a range in again, and forget what is held against them.")
        @OptionGroup var settings: SettingsOption
        @Argument(help: "An address or a range.", transform: Typed.range) var range: AddressRange

        func run() async throws {
            guard case .pardoned(let count) = try await RouterCall(settings).ask(.pardon(range)) else {
                throw Failure.misfit("router")
            }
            guard count > 0 else {
                throw Failure("nobody in \(range) is shut out or suspicious; postern ban list shows who is")
            }
            say("\(count) pardoned")
        }
    }
}

struct BanRow: Row {
    static let heads = ["CLIENT", "ENDS IN", "POINTS", "REASON"]
    var client: String
    /// Seconds; 0: only suspicious.
    var remaining: UInt32
    var points: UInt32
    var reason: String

    init(_ entry: BanEntry) {
        (client, remaining, points, reason) = (entry.client, entry.remaining, entry.points, entry.reason)
    }

    var cells: [String] { [client, remaining == 0 ? "not banned" : span(remaining), "\(points)", reason] }
}

/// "2h 5m": the two largest units of a number of seconds.
func span(_ seconds: UInt32) -> String {
    let units: [(name: String, seconds: UInt32)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
    guard let first = units.firstIndex(where: { seconds >= $0.seconds }) else { return "0s" }
    var rest = seconds
    let parts = units[first...].prefix(2).compactMap { unit -> String? in
        let count = rest / unit.seconds
        rest %= unit.seconds
        return count == 0 ? nil : "\(count)\(unit.name)"
    }
    return parts.joined(separator: " ")
}

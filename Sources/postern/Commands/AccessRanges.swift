// postern trusted add|list|remove and postern safe add|list|remove: who may relay (T-10, E-12, E-15a, A-21, A-23).

import ArgumentParser
import IPC
import Mail
import Settings

/// A run-time list beside the one in the settings.
protocol RangeList {
    static var list: AccessList { get }
    static var adds: String { get }
    /// The ranges and words of the settings' list.
    static func written(in relay: Settings.Relay) -> [String]
}

struct Trusted: AsyncParsableCommand {
    enum Ranges: RangeList {
        static let list = AccessList.trusted
        static let adds = "Let the clients of a range relay, from their next recipient on."
        static func written(in relay: Settings.Relay) -> [String] { relay.trusted.map { $0.text } }
    }

    static let configuration = CommandConfiguration(
        abstract: "Clients that may relay.",
        subcommands: [AddRange<Ranges>.self, ListRanges<Ranges>.self, RemoveRange<Ranges>.self])
}

struct Safe: AsyncParsableCommand {
    enum Ranges: RangeList {
        static let list = AccessList.safe
        static let adds = "Let the clients of a range relay whatever any restriction says."
        static func written(in relay: Settings.Relay) -> [String] { relay.safe.map { $0.description } }
    }

    static let configuration = CommandConfiguration(
        abstract: "Clients that may relay whatever any restriction says.",
        subcommands: [AddRange<Ranges>.self, ListRanges<Ranges>.self, RemoveRange<Ranges>.self])
}

struct AddRange<List: RangeList>: AsyncParsableCommand {
    static var configuration: CommandConfiguration { CommandConfiguration(commandName: "add", abstract: List.adds) }
    @OptionGroup var settings: SettingsOption
    @Argument(help: "An address, 10.0.0.0/8, 10.0.0.5-10.0.0.9, 192.168.1.% or 2001:db8::/32.", transform: Typed.range)
    var range: AddressRange

    func run() async throws {
        let relay = try read(settings).relay
        try await StoreCall(settings).change(.addRange(List.list, range))
        if let danger = RangeDanger(range, in: List.list, relay) { complain("warning: \(range) \(danger.words)") }
    }
}

struct ListRanges<List: RangeList>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "list", abstract: "List the ranges of the settings and those added since.")
    }
    @OptionGroup var settings: SettingsOption
    @OptionGroup var form: JSONOption

    func run() async throws {
        let written = List.written(in: try read(settings).relay)
        let added = try await StoreCall(settings).ranges(List.list)
        try sayRows(RangeRow.rows(written: written, added: added), form)
    }
}

struct RemoveRange<List: RangeList>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "remove", abstract: "Take a range away, also from sessions that are open.")
    }
    @OptionGroup var settings: SettingsOption
    @Argument(help: "As the list shows it.", transform: Typed.range) var range: AddressRange

    func run() async throws {
        let call = StoreCall(settings)
        let isWritten = List.written(in: try read(settings).relay).contains(range.description)
        if isWritten, !(try await call.ranges(List.list)).contains(range) {
            throw Failure(
                "\(range) stands in the settings: take it out of relay.\(List.list.rawValue) there, then reload")
        }
        try await call.change(.removeRange(List.list, range))
    }
}

struct RangeRow: Row {
    static let heads = ["RANGE", "FROM"]
    var range: String
    /// "settings" or "command".
    var from: String

    static func rows(written: [String], added: [AddressRange]) -> [RangeRow] {
        written.map { RangeRow(range: $0, from: "settings") }
            + added.map { RangeRow(range: $0.description, from: "command") }
    }

    var cells: [String] { [range, from] }
}

/// Why a range in a list is worth a second thought.
struct RangeDanger {
    /// Everybody may relay.
    let isOpenRelay: Bool
    /// Behind the range: a sentence without its subject.
    let words: String

    /// A safe range is dangerous when it is wide or strangers' (A-23); a trusted one, which restrictions still bind, when
    /// it is both and gives a right by itself.
    init?(_ range: AddressRange, in list: AccessList, _ relay: Settings.Relay) {
        if list == .trusted, !relay.enabled || relay.authentication == .required { return nil }
        isOpenRelay = relay.enabled && RangeDanger.everything.contains { range.contains($0.lowest) && range.contains($0.highest) }
        let isTooWide = list == .safe ? range.isWide || range.isPublic : range.isWide && range.isPublic
        guard isOpenRelay || isTooWide else { return nil }
        if isOpenRelay {
            words = "is everybody: this server is an OPEN RELAY"
        } else if range.isWide {
            let size = range.lowest.isV4 ? "a /24" : "a /64"
            words =
                "is wider than \(size)\(range.isPublic ? " and public" : "")"
                + (list == .safe ? ": no restriction holds for anybody in it" : ": strangers in it may relay")
        } else {
            words = "is public: no restriction holds for whoever has that address"
        }
    }

    private static let everything = ["0.0.0.0-255.255.255.255", "2000::/3"].compactMap { AddressRange($0) }
}

extension StoreCall {
    func ranges(_ list: AccessList) async throws -> [AddressRange] {
        guard case .ranges(let ranges) = try await ask(.listRanges(list)) else { throw Failure.misfit("store") }
        return ranges
    }
}

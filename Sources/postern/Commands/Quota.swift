// postern quota list|set: what accounts and domains may keep, and what they keep (FEATURES 2.9).

import ArgumentParser
import IPC
import Mail
import Settings

struct Quota: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How much mail an account or a domain may keep.", subcommands: [List.self, Change.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what is kept and what may be.",
            discussion: "Domains with addresses of their own come first, then accounts of every kind.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var form: JSONOption
        @Argument(help: "An address, or a domain with its accounts; without it, all.", transform: Typed.quotaOwner)
        var owner: QuotaOwner?

        func run() async throws {
            try sayRows(try await StoreCall(settings).quotas(owner).map(QuotaRow.init), form)
        }
    }

    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Limit what an account or a domain may keep.",
            discussion: """
                Sizes are written as 500MB or 2GB, or as a number of octets; none ends a limit. For an account, default is what \
                its domain says. A limit holds at once; mail that is there already stays.
                """)
        @OptionGroup var settings: SettingsOption
        @Argument(help: "An address, or a domain.", transform: Typed.quotaOwner) var owner: QuotaOwner
        @Option(
            help: ArgumentHelp("Octets of the account, or of all accounts of the domain together.", valueName: "size"),
            transform: Typed.sizeLimit)
        var size: QuotaWord?
        @Option(
            help: ArgumentHelp("Messages of the account, or of all accounts of the domain together.", valueName: "number"),
            transform: Typed.numberLimit)
        var messages: QuotaWord?
        @Option(
            help: ArgumentHelp("Octets of each account of the domain that says nothing of its own.", valueName: "size"),
            transform: Typed.sizeLimit)
        var accountSize: QuotaWord?
        @Option(
            help: ArgumentHelp("Messages of each account of the domain that says nothing of its own.", valueName: "number"),
            transform: Typed.numberLimit)
        var accountMessages: QuotaWord?
        @Option(help: "Which account, where one address has several: user, folder or processor.")
        var kind: AccountKind?

        var change: QuotaChange {
            QuotaChange(octets: size, messages: messages, accountOctets: accountSize, accountMessages: accountMessages)
        }

        func validate() throws {
            guard change != QuotaChange() else {
                throw ValidationError("say what to change: --size, --messages, --account-size or --account-messages")
            }
            switch owner {
            case .account:
                guard accountSize == nil, accountMessages == nil else {
                    throw ValidationError("--account-size and --account-messages are a domain's")
                }
            case .domain:
                guard kind == nil else { throw ValidationError("--kind goes with an address") }
                guard ![size, messages, accountSize, accountMessages].contains(.usual) else {
                    throw ValidationError("default is an account's word; say none")
                }
            }
        }

        func run() async throws {
            var owner = owner
            if case .account(let address, _) = owner { owner = .account(address, kind) }
            try await StoreCall(settings).change(.setQuota(owner, change))
        }
    }
}

extension AccountKind: ExpressibleByArgument {}

struct QuotaRow: Row {
    static let heads = ["NAME", "KIND", "SIZE", "OF", "MESSAGES", "OF", "USED", ""]
    var name: String
    /// domain, user, folder, processor
    var kind: String
    var octets: UInt64
    /// nil: no limit.
    var octetsLimit: UInt64?
    var messages: UInt64
    var messagesLimit: UInt64?
    /// Of the limit that is nearer; nil without one.
    var percent: UInt64?
    var full: Bool

    init(_ entry: QuotaEntry) {
        name = entry.account?.typed ?? entry.domain
        kind = entry.kind?.rawValue ?? "domain"
        (octets, messages) = (entry.octets, entry.messages)
        (octetsLimit, messagesLimit) = (entry.limits.octets, entry.limits.messages)
        percent = [(octets, octetsLimit), (messages, messagesLimit)].compactMap(Self.percent).max()
        full = entry.isFull
    }

    private static func percent(_ used: UInt64, _ limit: UInt64?) -> UInt64? {
        guard let limit, limit > 0 else { return nil }
        // Limits are 2^60 at most, and what is kept is less than 2^57.
        return used < 1 << 57 ? used * 100 / limit : used / (max(limit, 100) / 100)
    }

    var cells: [String] {
        [
            name, kind, QuotaSize.about(octets), octetsLimit.map(QuotaSize.exact) ?? "-", "\(messages)",
            messagesLimit.map { "\($0)" } ?? "-", percent.map { "\($0) %" } ?? "-", full ? "full" : "",
        ]
    }
}

/// Sizes as limits are written: 1 KB is 1,024 octets, as in the settings.
enum QuotaSize {
    static func exact(_ octets: UInt64) -> String { Quantity.write(octets: Int(clamping: octets)) }

    static func about(_ octets: UInt64) -> String {
        var value = Double(octets)
        for unit in ["B", "KB", "MB"] {
            if value < 1_024 { return unit == "B" ? "\(octets) B" : "\((value * 10).rounded() / 10) \(unit)" }
            value /= 1_024
        }
        return "\((value * 10).rounded() / 10) GB"
    }
}

// What an administrator types.
extension Typed {
    static func quotaOwner(_ text: String) throws -> QuotaOwner {
        text.contains("@") ? .account(try address(text), nil) : .domain(try domain(text))
    }

    static func sizeLimit(_ text: String) throws -> QuotaWord {
        try limit(text, "it is not a size from 1 octet to 2^60, such as 500MB or 2GB; none is no limit") {
            UInt64($0) ?? Quantity.octets($0).flatMap { UInt64(exactly: $0) }
        }
    }

    static func numberLimit(_ text: String) throws -> QuotaWord {
        try limit(text, "it is not a number of messages from 1 to 2^60; none is no limit") { UInt64($0) }
    }

    private static func limit(_ text: String, _ sentence: String, _ read: (String) -> UInt64?) throws -> QuotaWord {
        switch text {
        case none: return QuotaWord.none
        case "default": return .usual
        default:
            guard let number = read(text), QuotaLimits.range.contains(number) else { throw ValidationError(sentence) }
            return .limit(number)
        }
    }
}

extension StoreCall {
    /// nil: of all.
    func quotas(_ owner: QuotaOwner?) async throws -> [QuotaEntry] {
        func accounts(of domain: String?) async throws -> [QuotaEntry] {
            try await pages { (last: QuotaEntry?) in try await page(.accounts(of: domain, after: last?.account)) }
        }
        switch owner {
        case .account(let address, _):
            let found = try await page(.account(address))
            guard !found.isEmpty else { throw Failure("there is no account \(address); postern quota list shows all") }
            return found
        case .domain(let name):
            let found = try await page(.domain(name))
            guard !found.isEmpty else {
                throw Failure("there is no domain \(name) with addresses of its own; postern domain list shows all")
            }
            return try await found + accounts(of: name)
        case nil:
            let domains = try await pages { (last: QuotaEntry?) in try await page(.domains(after: last?.domain)) }
            return try await domains + accounts(of: nil)
        }
    }

    private func page(_ listing: QuotaListing) async throws -> [QuotaEntry] {
        guard case .quotas(let entries) = try await ask(.listQuotas(listing)) else { throw Failure.misfit("store") }
        return entries
    }
}

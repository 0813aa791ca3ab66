// postern folder add|list|remove and postern processor add|list|remove: the accounts that nobody logs in to.

import ArgumentParser
import IPC
import Mail

/// A kind of account without a password, in the words of its commands.
protocol UnattendedKind {
    static var kind: AccountKind { get }
    static var adds: String { get }
}

struct Folder: AsyncParsableCommand {
    enum Kind: UnattendedKind {
        static let kind = AccountKind.folder
        static let adds = "Make a shared mailbox with an address of its own."
    }

    static let configuration = CommandConfiguration(
        abstract: "Shared mailboxes, which belong to nobody.",
        subcommands: [AddUnattended<Kind>.self, ListUnattended<Kind>.self, RemoveUnattended<Kind>.self])
}

struct Processor: AsyncParsableCommand {
    enum Kind: UnattendedKind {
        static let kind = AccountKind.processor
        static let adds = "Make an account that gets what its rules match: postern rule add."
    }

    static let configuration = CommandConfiguration(
        abstract: "Accounts that get mail by rules, to be worked on.",
        subcommands: [AddUnattended<Kind>.self, ListUnattended<Kind>.self, RemoveUnattended<Kind>.self])
}

struct AddUnattended<Kind: UnattendedKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration { CommandConfiguration(commandName: "add", abstract: Kind.adds) }
    @OptionGroup var settings: SettingsOption
    @Argument(help: "NAME@DOMAIN; the domain must be there already.", transform: Typed.address)
    var address: EmailAddress

    func run() async throws {
        try await StoreCall(settings).change(.addAccount(address, Kind.kind, password: nil, legacy: []))
    }
}

struct ListUnattended<Kind: UnattendedKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "list", abstract: "List the \(Kind.kind.rawValue)s.")
    }
    @OptionGroup var settings: SettingsOption
    @OptionGroup var form: JSONOption

    func run() async throws {
        let accounts = try await StoreCall(settings).accounts().filter { $0.kind == Kind.kind }
        try sayRows(accounts.map(UnattendedRow.init), form)
    }
}

struct RemoveUnattended<Kind: UnattendedKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "remove", abstract: "Remove a \(Kind.kind.rawValue) with its mail.")
    }
    @OptionGroup var settings: SettingsOption
    @Argument(transform: Typed.address) var address: EmailAddress

    func run() async throws {
        try await StoreCall(settings).change(.removeAccount(address, Kind.kind))
    }
}

struct UnattendedRow: Row {
    static let heads = ["ADDRESS", "MESSAGES", "SIZE"]
    var address: String
    var messages: UInt64
    var octets: UInt64

    init(_ entry: AccountEntry) {
        address = "\(entry.address)"
        (messages, octets) = (entry.messages, entry.octets)
    }

    var cells: [String] { [address, "\(messages)", postern.octets(octets)] }
}

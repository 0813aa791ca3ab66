// postern alias add|list|remove: addresses that stand for others, here or elsewhere.

import ArgumentParser
import IPC
import Mail

struct Alias: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Addresses that stand for others, here or elsewhere.",
        subcommands: [Add.self, List.self, Remove.self],
        aliases: ["forward"])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add targets to an alias, which is made when it is not there.",
            discussion: "An account's own address among the targets of its alias keeps a copy there.")
        @OptionGroup var settings: SettingsOption
        @Argument(help: "An address of a domain of ours.", transform: Typed.address) var address: EmailAddress
        @Argument(help: "Who gets the mail.", transform: Typed.address) var targets: [EmailAddress]

        func run() async throws { try await StoreCall(settings).change(.addAlias(address, targets: targets)) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the aliases.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var form: JSONOption

        func run() async throws {
            let call = StoreCall(settings)
            let aliases = try await call.pages { (last: AliasEntry?) in
                guard case .aliases(let page) = try await call.ask(.listAliases(after: last?.address)) else {
                    throw Failure.misfit("store")
                }
                return page
            }
            try sayRows(aliases.map(AliasRow.init), form)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove targets of an alias; without targets, the whole alias.")
        @OptionGroup var settings: SettingsOption
        @Argument(transform: Typed.address) var address: EmailAddress
        @Argument(transform: Typed.address) var targets: [EmailAddress] = []

        func run() async throws { try await StoreCall(settings).change(.removeAlias(address, targets: targets)) }
    }
}

struct AliasRow: Row {
    static let heads = ["ALIAS", "TARGETS"]
    var address: String
    var targets: [String]

    init(_ entry: AliasEntry) {
        address = "\(entry.address)"
        targets = entry.targets.map { "\($0)" }
    }

    var cells: [String] { [address, targets.joined(separator: " ")] }
}

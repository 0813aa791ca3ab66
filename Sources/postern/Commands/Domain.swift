// postern domain add|set|list|remove

import ArgumentParser
import IPC

struct Domain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The domains whose mail stays here.",
        subcommands: [Add.self, Change.self, List.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Receive mail for a domain.")
        @OptionGroup var settings: SettingsOption
        @Argument(help: "Such as example.org.", transform: Typed.domain) var domain: String
        @OptionGroup var choices: DomainOptions

        func run() async throws {
            let call = StoreCall(settings)
            if let target = choices.aliasOf { return try await call.change(.addDomainAlias(domain, target: target)) }
            try await call.change(.addDomain(domain))
            guard choices.isGiven else { return }
            do {
                try await call.change(.setDomain(domain, choices.choices))
            } catch let failure as Failure {
                throw Failure("\(domain) is there, but without what was chosen for it: \(failure). Use postern domain set")
            }
        }
    }

    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Choose what a domain does with addresses that it does not have.")
        @OptionGroup var settings: SettingsOption
        @Argument(transform: Typed.domain) var domain: String
        @OptionGroup var choices: DomainOptions

        func validate() throws {
            guard choices.isGiven || choices.aliasOf != nil else {
                throw ValidationError("say what to change: --alias-of, --catch-all, --transport or --delimiters")
            }
        }

        func run() async throws {
            let call = StoreCall(settings)
            if let target = choices.aliasOf { return try await call.change(.addDomainAlias(domain, target: target)) }
            try await call.change(.setDomain(domain, choices.choices))
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Receive no more mail for a domain without accounts.")
        @OptionGroup var settings: SettingsOption
        @Argument(transform: Typed.domain) var domain: String

        func run() async throws { try await StoreCall(settings).change(.removeDomain(domain)) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the domains.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var form: JSONOption

        func run() async throws {
            let call = StoreCall(settings)
            let domains = try await call.pages { (last: DomainEntry?) in
                guard case .domains(let page) = try await call.ask(.listDomains(after: last?.name)) else {
                    throw Failure.misfit("store")
                }
                return page
            }
            try sayRows(domains.map(DomainRow.init), form)
        }
    }
}

struct DomainOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Only another name of this domain: every address of it is one of that domain's.", valueName: "domain"),
        transform: Typed.aliasTarget)
    var aliasOf: String?
    @Option(
        help: ArgumentHelp("Who gets mail for addresses that do not exist; none: nobody.", valueName: "address"),
        transform: Typed.catchAll)
    var catchAll: String?
    @Option(
        help: ArgumentHelp(
            "The server that gets mail for addresses that do not exist here; none: no server.", valueName: "host:port"),
        transform: Typed.transport)
    var transport: String?
    // A value may begin with a hyphen.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Signs that divide a local part from its detail, + without this; none: no sign does.", valueName: "signs"),
        transform: Typed.delimiters)
    var delimiters: String?

    var choices: DomainChoices { DomainChoices(catchAll: catchAll, transport: transport, delimiters: delimiters) }
    var isGiven: Bool { choices != DomainChoices() }

    func validate() throws {
        if aliasOf != nil, isGiven {
            throw ValidationError("an alias domain does what the other does: give --alias-of alone, and choose there")
        }
    }
}

struct DomainRow: Row {
    static let heads = ["DOMAIN", "ACCOUNTS", "ALIAS OF", "CATCH-ALL", "TRANSPORT", "DELIMITERS"]
    var name: String
    var accounts: UInt64
    var aliasOf: String?
    var catchAll: String?
    var transport: String?
    /// nil: what its target has.
    var delimiters: String?
    var quotaOctets: UInt64?
    var quotaMessages: UInt64?
    var accountOctets: UInt64?
    var accountMessages: UInt64?

    init(_ entry: DomainEntry) {
        name = entry.name
        accounts = entry.accounts
        aliasOf = entry.aliasOf
        catchAll = entry.choices.catchAll.flatMap { $0.isEmpty ? nil : $0 }
        transport = entry.choices.transport.flatMap { $0.isEmpty ? nil : $0 }
        (quotaOctets, quotaMessages) = (entry.quotas.whole.octets, entry.quotas.whole.messages)
        (accountOctets, accountMessages) = (entry.quotas.account.octets, entry.quotas.account.messages)
        delimiters = entry.aliasOf == nil ? entry.choices.delimiters ?? "+" : nil
    }

    var cells: [String] {
        [
            name, "\(accounts)", aliasOf ?? "-", catchAll ?? "-", transport ?? "-",
            delimiters.map { $0.isEmpty ? Typed.none : $0 } ?? "-",
        ]
    }
}

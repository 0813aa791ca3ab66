// postern rule add|list|remove: what an account gets beyond its own address (T-03).

import ArgumentParser
import IPC
import Mail

struct Rule: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Which mail an account gets beyond its own address.",
        subcommands: [Add.self, List.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a rule behind the others; the first that matches wins.")
        @OptionGroup var settings: SettingsOption
        @Argument(help: "The account that gets the mail.", transform: Typed.address) var account: EmailAddress
        @Option(
            help: ArgumentHelp("With * and ? in the local part; the domain may be *.", valueName: "pattern@domain"),
            transform: Typed.recipientPattern)
        var recipient: String
        @Option(
            help: ArgumentHelp("Only mail of these senders, with * and ?; <> is the null sender.", valueName: "pattern"),
            transform: Typed.senderPattern)
        var sender: String?
        @Option(help: ArgumentHelp("Only mail from these addresses.", valueName: "range"), transform: Typed.range)
        var source: AddressRange?

        func run() async throws { try await StoreCall(settings).change(.addRule(rule)) }

        var rule: NamedRule { NamedRule(account: account, recipient: recipient, sender: sender, source: source) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the rules in the order in which they are tried.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var form: JSONOption

        func run() async throws {
            guard case .rules(let rules) = try await StoreCall(settings).ask(.listRules) else {
                throw Failure.misfit("store")
            }
            try sayRows(rules.map(RuleRow.init), form)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a rule.")
        @OptionGroup var settings: SettingsOption
        @Argument(help: "As postern rule list shows it.", transform: Typed.number) var number: UInt64

        func run() async throws { try await StoreCall(settings).change(.removeRule(number: number)) }
    }
}

struct RuleRow: Row {
    static let heads = ["NUMBER", "RECIPIENT", "SENDER", "SOURCE", "ACCOUNT"]
    var number: UInt64
    var account: String
    var recipient: String
    /// nil: any; empty: the null sender.
    var sender: String?
    var source: String?

    init(_ rule: NamedRule) {
        (number, recipient, sender) = (rule.number, rule.recipient, rule.sender)
        account = "\(rule.account)"
        source = rule.source?.description
    }

    var cells: [String] {
        ["\(number)", recipient, sender.map { $0.isEmpty ? "<>" : $0 } ?? "-", source ?? "-", account]
    }
}

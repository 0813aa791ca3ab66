// postern mailbox list|create|rename|delete|subscribe|unsubscribe|use|share|unshare|rights

import ArgumentParser
import IPC
import Mail

struct MailboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mailbox",
        abstract: "The mailboxes of an account, and who may see them.",
        discussion: "Levels of a name are divided by /. INBOX is there always.",
        subcommands: [
            List.self, Create.self, Rename.self, Delete.self, Subscribe.self, Unsubscribe.self, Use.self, Share.self,
            Unshare.self, Rights.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the mailboxes of an account.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var account: AccountArgument
        @OptionGroup var form: JSONOption

        func run() async throws {
            let entries = try await StoreCall(settings).mailboxes(of: account.named)
            try sayRows(entries.map(MailboxRow.init), form)
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a mailbox, with those above it that are missing.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var target: MailboxArguments
        @Option(help: "What it is for: \(Typed.uses).", transform: Typed.specialUse) var use: SpecialUse?

        func run() async throws { try await StoreCall(settings).change(.mailbox(.create(target.named, use: use))) }
    }

    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give a mailbox and those below it another name.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var target: MailboxArguments
        @Argument(help: "The new name, with all its levels.", transform: Typed.mailbox) var new: String

        func run() async throws { try await StoreCall(settings).change(.mailbox(.rename(target.named, to: new))) }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a mailbox with the mail in it; mailboxes below it stay.",
            discussion: "For as long as store.expunge_retention says, postern restore ACCOUNT --at TIME brings it back.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var target: MailboxArguments
        @Flag(help: "Do not ask before it is done.") var yes = false

        func run() async throws {
            let name = target.named
            if !yes { try Consent.ask("Delete \(printable(name.name)) of \(name.account.address) with the mail in it?") }
            try await StoreCall(settings).change(.mailbox(.delete(name)))
        }
    }

    struct Subscribe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a mailbox to mail programs that show what is subscribed to.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var target: MailboxArguments

        func run() async throws { try await StoreCall(settings).change(.mailbox(.subscribe(target.named))) }
    }

    struct Unsubscribe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a subscription; the mailbox stays.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var target: MailboxArguments

        func run() async throws { try await StoreCall(settings).change(.mailbox(.unsubscribe(target.named))) }
    }

    struct Use: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a mailbox is for, so that mail programs find it by its purpose (RFC 6154).")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var target: MailboxArguments
        @Argument(help: "\(Typed.uses), or none.", transform: Typed.useOrNone) var use: Typed.UseChoice

        func run() async throws { try await StoreCall(settings).change(.mailbox(.setUse(target.named, use.use))) }
    }
}

/// Whose mailboxes.
struct AccountArgument: ParsableArguments {
    @Argument(help: "The account's address.", transform: Typed.address) var account: EmailAddress
    @Option(help: "What the account is: user, folder or processor.") var kind = AccountKind.user

    var named: NamedAccount { NamedAccount(account, kind) }
}

/// One mailbox of an account.
struct MailboxArguments: ParsableArguments {
    @OptionGroup var account: AccountArgument
    @Argument(help: "The mailbox, such as INBOX or Work/2026.", transform: Typed.mailbox) var mailbox: String

    var named: NamedMailbox { NamedMailbox(account.named, mailbox) }
}

struct MailboxRow: Row {
    static let heads = ["MAILBOX", "MESSAGES", "UNSEEN", "SIZE", "USE", "SUBSCRIBED", "UIDVALIDITY", "NEXT UID"]
    var name: String
    var id: String
    var messages: UInt64
    var unseen: UInt64
    var octets: UInt64
    var use: String?
    var isSubscribed: Bool
    var uidValidity: UInt32
    var uidNext: UInt32
    var highestModSeq: UInt64

    init(_ entry: MailboxEntry) {
        (name, id, messages, unseen, octets) = (entry.name, entry.id, entry.messages, entry.unseen, entry.octets)
        (isSubscribed, uidValidity, uidNext) = (entry.isSubscribed, entry.uidValidity, entry.uidNext)
        highestModSeq = entry.highestModSeq
        use = entry.use?.rawValue.lowercased()
    }

    var cells: [String] {
        [
            name, "\(messages)", "\(unseen)", postern.octets(octets), use ?? "-", isSubscribed ? "yes" : "no",
            "\(uidValidity)", "\(uidNext)",
        ]
    }
}

extension StoreCall {
    func mailboxes(of account: NamedAccount) async throws -> [MailboxEntry] {
        try await pages { (last: MailboxEntry?) in
            guard case .mailbox(.mailboxes(let page)) = try await ask(.mailbox(.list(account, after: last?.name))) else {
                throw Failure.misfit("store")
            }
            return page
        }
    }
}

extension Typed {
    static let uses = SpecialUse.allCases.map { $0.rawValue.lowercased() }.joined(separator: ", ")

    struct UseChoice: Equatable {
        var use: SpecialUse?
    }

    /// The store has the whole rule; what no shell gives by mistake is left to it.
    static func mailbox(_ text: String) throws -> String {
        guard (1...1_000).contains(text.utf8.count), !text.hasPrefix("/"), !text.hasSuffix("/") else {
            throw ValidationError("it is not the name of a mailbox, such as INBOX or Work/2026")
        }
        return text
    }

    static func specialUse(_ text: String) throws -> SpecialUse {
        guard let use = SpecialUse.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) else {
            throw ValidationError("it is none of \(uses)")
        }
        return use
    }

    static func useOrNone(_ text: String) throws -> UseChoice {
        text == none ? UseChoice() : UseChoice(use: try specialUse(text))
    }
}

// postern password add|list|remove|scope: the passwords that an account has beside its own, and what each is good for.

import ArgumentParser
import IPC
import Mail

struct Passwords: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password",
        abstract: "Passwords of an account for single devices, and what each is good for.",
        discussion: "The account's own password is made and changed by postern account.",
        subcommands: [Add.self, List.self, Remove.self, Scope.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give an account one more password, and print it: it is never shown again.",
            discussion: "It is good for ways to log in that show it: PLAIN, LOGIN, and USER with PASS.")
        @OptionGroup var settings: SettingsOption
        @Argument(transform: Typed.address) var address: EmailAddress
        @OptionGroup var named: PasswordName
        @Option(
            help: ArgumentHelp("What it is good for: all, or some of submission, pop3, imap.", valueName: "scope,…"),
            transform: Typed.scopes)
        var scope = Typed.Scopes()
        @Option(
            help: ArgumentHelp("The first day (in UTC) on which it is no good any more.", valueName: "year-month-day"),
            transform: Typed.day)
        var expires: Int64?
        @Option(
            help: ArgumentHelp(
                "Take the first line of this file (- for standard input) instead of making one: three at most.",
                valueName: "file"))
        var passwordFile: String?

        func run() async throws {
            let given = try passwordFile.map { try Password.read($0) }
            let new = NewPassword(name: named.name, scopes: scope.list, expiresAt: expires, password: given)
            switch try await StoreCall(settings).ask(.addPassword(address, new)) {
            case .madePassword(let made) where given == nil: say(String(decoding: made.bytes, as: UTF8.self))
            case .done where given != nil: return
            default: throw Failure.misfit("store")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the passwords of an account, its own first; not what they are.")
        @OptionGroup var settings: SettingsOption
        @Argument(transform: Typed.address) var address: EmailAddress
        @OptionGroup var form: JSONOption

        func run() async throws {
            guard case .passwords(let entries) = try await StoreCall(settings).ask(.listPasswords(address)) else {
                throw Failure.misfit("store")
            }
            try sayRows(entries.map(PasswordRow.init), form)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End one of these passwords at once.")
        @OptionGroup var settings: SettingsOption
        @Argument(transform: Typed.address) var address: EmailAddress
        @OptionGroup var named: PasswordName

        func run() async throws {
            try await StoreCall(settings).change(.removePassword(address, name: named.name))
        }
    }

    struct Scope: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say what the account's own password is good for.")
        @OptionGroup var settings: SettingsOption
        @Argument(transform: Typed.address) var address: EmailAddress
        @Argument(
            help: ArgumentHelp("all, or some of submission, pop3, imap with commas between them.", valueName: "scope,…"),
            transform: Typed.scopes)
        var scope: Typed.Scopes

        func run() async throws { try await StoreCall(settings).change(.setPasswordScopes(address, scope.list)) }
    }
}

struct PasswordName: ParsableArguments {
    @Option(
        help: ArgumentHelp("What tells it from the account's others, such as phone.", valueName: "name"),
        transform: Typed.passwordName)
    var name: String
}

struct PasswordRow: Row {
    static let heads = ["NAME", "SCOPE", "MADE", "EXPIRES", "LAST USED", "MECHANISMS"]
    /// nil: the account's own.
    var name: String?
    /// nil: everything.
    var scopes: [String]?
    var mechanisms: [String]
    /// Days, in UTC.
    var made: String?
    var expires: String?
    var used: String?

    init(_ entry: PasswordEntry) {
        (name, mechanisms) = (entry.name, entry.mechanisms)
        scopes = entry.scopes?.map(\.rawValue)
        made = entry.madeAt.map { GregorianDay.text(Int($0 / 86_400_000)) }
        expires = entry.expiresAt.map { GregorianDay.text(Int($0 / 86_400_000)) }
        used = entry.usedOn.map { GregorianDay.text(Int($0)) }
    }

    var cells: [String] {
        [
            name ?? "(own)", scopes?.joined(separator: ",") ?? "all", made ?? "-", expires ?? "-", used ?? "-",
            mechanisms.joined(separator: " "),
        ]
    }
}

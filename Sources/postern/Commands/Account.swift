// postern account add|password|list|remove

import ArgumentParser
import IPC
import Mail

struct Account: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The people who have a mailbox here.",
        subcommands: [Add.self, ChangePassword.self, List.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an account.",
            discussion: "The domain must be there already: postern domain add DOMAIN.")
        @OptionGroup var settings: SettingsOption
        @Argument(help: "NAME@DOMAIN, also the name to log in with.", transform: Typed.address)
        var address: EmailAddress
        @OptionGroup var secret: PasswordOption

        func run() async throws {
            let password = try Password.read(secret.passwordFile)
            try await StoreCall(settings).change(
                .addAccount(address, .user, password: password, legacy: secret.legacyNames))
        }
    }

    struct ChangePassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "password",
            abstract: "Give an account a new password; without --legacy, old ways to log in end with it.")
        @OptionGroup var settings: SettingsOption
        @Argument(transform: Typed.address) var address: EmailAddress
        @OptionGroup var secret: PasswordOption

        func run() async throws {
            let password = try Password.read(secret.passwordFile)
            try await StoreCall(settings).change(
                .setPassword(address, password: password, legacy: secret.legacyNames))
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an account.")
        @OptionGroup var settings: SettingsOption
        @Argument(transform: Typed.address) var address: EmailAddress

        func run() async throws { try await StoreCall(settings).change(.removeAccount(address, .user)) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the accounts of every kind: users, folders and processors.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var form: JSONOption

        func run() async throws { try sayRows(try await StoreCall(settings).accounts().map(AccountRow.init), form) }
    }
}

struct AccountRow: Row {
    static let heads = ["ACCOUNT", "KIND", "MESSAGES", "SIZE", "MECHANISMS"]
    var address: String
    var kind: String
    var mechanisms: [String]
    var messages: UInt64
    var octets: UInt64

    init(_ entry: AccountEntry) {
        address = "\(entry.address)"
        kind = entry.kind.rawValue
        (mechanisms, messages, octets) = (entry.mechanisms, entry.messages, entry.octets)
    }

    var cells: [String] {
        [address, kind, "\(messages)", postern.octets(octets), mechanisms.isEmpty ? "-" : mechanisms.joined(separator: " ")]
    }
}

extension StoreCall {
    func accounts() async throws -> [AccountEntry] {
        try await pages { (last: AccountEntry?) in
            guard case .accounts(let page) = try await ask(.listAccounts(after: last?.address)) else {
                throw Failure.misfit("store")
            }
            return page
        }
    }
}

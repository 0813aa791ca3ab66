// postern account add|list|remove

import ArgumentParser
import Glibc
import IPC
import Mail

struct Account: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The people who have a mailbox here.", subcommands: [Add.self, List.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an account.",
            discussion: "The domain must be there already: postern domain add DOMAIN.")
        @OptionGroup var settings: SettingsOption
        @Argument(help: "NAME@DOMAIN, also the name to log in with.") var address: String
        @Option(help: ArgumentHelp("A file whose first line is the password; - for standard input.", valueName: "file"))
        var passwordFile: String

        func run() async throws {
            let password = try Password.read(passwordFile)
            try await StoreCall(settings).change(.addAccount(try Account.address(address), password: password))
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an account.")
        @OptionGroup var settings: SettingsOption
        @Argument var address: String

        func run() async throws { try await StoreCall(settings).change(.removeAccount(try Account.address(address))) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the accounts.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var form: JSONOption

        func run() async throws {
            let call = StoreCall(settings)
            let accounts = try await call.pages { (last: AccountEntry?) in
                guard case .accounts(let page) = try await call.ask(.listAccounts(after: last?.address)) else {
                    throw Failure("the store gave an answer that does not fit")
                }
                return page
            }
            if form.json {
                return try sayJSON(
                    accounts.map { Shown(address: "\($0.address)", messages: $0.messages, octets: $0.octets) })
            }
            sayTable(
                ["ACCOUNT", "MESSAGES", "SIZE"],
                accounts.map { ["\($0.address)", "\($0.messages)", octets($0.octets)] })
        }

        private struct Shown: Encodable {
            var address: String
            var messages: UInt64
            var octets: UInt64
        }
    }
}

extension Account {
    fileprivate static func address(_ text: String) throws -> EmailAddress {
        guard let address = EmailAddress(text) else {
            throw Failure("'\(text)' is not an address; write it as name@example.org")
        }
        return address
    }
}

enum Password {
    /// The first line of a file or of standard input, without its line end; 1 to 1,024 octets.
    static func read(_ path: String) throws -> Secret {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("cannot read \(path): \(errorText(errno))") }
        defer { if path != "-" { close(descriptor) } }
        var octets: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 2_048)
        while octets.count <= 2_048, case let count = Glibc.read(descriptor, &chunk, chunk.count), count > 0 {
            octets += chunk[..<count]
        }
        let line = octets.prefix { $0 != 10 && $0 != 13 }
        guard (1...1_024).contains(line.count) else {
            throw Failure("the password must be the first line of \(path), 1 to 1,024 octets long")
        }
        return Secret(Array(line))
    }
}

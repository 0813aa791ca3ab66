// postern mailbox share|unshare|rights: who else may do what with a mailbox (RFC 4314).

import ArgumentParser
import IPC
import Mail

extension MailboxCommand {
    struct Share: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let somebody else use a mailbox; what they had is replaced.",
            discussion: """
                RIGHTS are read (look and read), write (read, and also change flags, add, delete and expunge messages), all, or \
                letters of RFC 4314: l seen in lists, r read, s keep what is seen, w other flags, i add messages, p post to it, \
                k make mailboxes below it, x delete it, t mark messages as deleted, e expunge, a share it.
                """)
        @OptionGroup var settings: SettingsOption
        @OptionGroup var target: MailboxArguments
        @OptionGroup var grantee: GranteeArgument
        @Argument(help: "read, write, all, or letters of lrswipkxtea.", transform: Typed.rights) var rights: MailboxRights

        func run() async throws {
            try await StoreCall(settings).change(
                .mailbox(.grant(target.named, to: grantee.named, rights: rights.description)))
        }
    }

    struct Unshare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take back what mailbox share gave.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var target: MailboxArguments
        @OptionGroup var grantee: GranteeArgument

        func run() async throws {
            try await StoreCall(settings).change(.mailbox(.revoke(target.named, from: grantee.named)))
        }
    }

    struct Rights: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List who else may use a mailbox.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var target: MailboxArguments
        @OptionGroup var form: JSONOption

        func run() async throws {
            guard case .mailbox(.rights(let entries)) = try await StoreCall(settings).ask(.mailbox(.listRights(target.named)))
            else { throw Failure.misfit("store") }
            try sayRows(entries.map(RightsRow.init), form)
        }
    }
}

/// Somebody with an account, or everybody with one.
struct GranteeArgument: ParsableArguments {
    @Argument(help: "A user's address, or anyone: everybody with an account.", transform: Typed.grantee)
    var grantee: Typed.Grantee

    var named: NamedAccount? { grantee.address.map { NamedAccount($0) } }
}

struct RightsRow: Row {
    static let heads = ["WHO", "RIGHTS", "IN WORDS"]
    var grantee: String
    var kind: String?
    var rights: String
    var words: String

    init(_ entry: RightsEntry) {
        grantee = entry.grantee.map { "\($0.address)" } ?? Typed.anyone
        kind = entry.grantee?.kind.rawValue
        rights = entry.rights.description
        words = Typed.rightsWords.first { $0.rights == entry.rights }?.word ?? ""
    }

    var cells: [String] { [grantee, rights, words] }
}

extension Typed {
    static let anyone = "anyone"
    static let rightsWords: [(word: String, rights: MailboxRights)] = [
        ("read", [.lookup, .read]),
        ("write", [.lookup, .read, .keepSeen, .write, .insert, .deleteMessages, .expunge]),
        ("all", .all),
    ]

    struct Grantee: Equatable {
        var address: EmailAddress?
    }

    static func grantee(_ text: String) throws -> Grantee {
        text == anyone ? Grantee() : Grantee(address: try address(text))
    }

    static func rights(_ text: String) throws -> MailboxRights {
        if let word = rightsWords.first(where: { $0.word == text }) { return word.rights }
        guard let rights = MailboxRights(letters: text), !rights.isEmpty else {
            throw ValidationError("write read, write, all, or letters of lrswipkxtea; mailbox unshare takes rights away")
        }
        return rights
    }
}

// Whose INBOX does a login of POP3 open? Its own, or that of another user, folder or processor, as far as it has rights on it
// (T-27). Looked at when the login is proved: what its ticket then says holds for the session, whatever is revoked meanwhile.

import IPC
import Mail

/// The INBOX of somebody else, or the login's own by its address.
package struct ChosenMaildrop: Sendable, Hashable {
    package var account: AccountID
    /// The account's address.
    package var name: String
    package var mayRemove: Bool
}

extension MailboxRights {
    /// RFC 4314 §4: SELECT and FETCH need `r`; `l` is for lists, which POP3 has none of.
    var openMaildrop: Bool { contains(.read) }
    /// RFC 4314 §4: \Deleted needs `t`, EXPUNGE `e`.
    var removeMessages: Bool { isSuperset(of: [.deleteMessages, .expunge]) }
}

struct MaildropChoice {
    /// For the journal.
    struct Closed: Error {
        let because: String
    }

    private let directory: Directory
    private let database: any Database

    init(_ directory: Directory, _ database: any Database) {
        self.directory = directory
        self.database = database
    }

    /// Of accounts with one address, the user goes before the folder and the processor: the first that is open to the login.
    /// - Parameter mailbox: as the client wrote it.
    nonisolated(nonsending) func maildrop(
        _ mailbox: String, for login: Directory.Resident
    ) async throws(DatabaseError) -> Result<ChosenMaildrop, Closed> {
        guard let address = EmailAddress(mailbox), case .local(let entry)? = directory.lookUp([address]).entries.first else {
            return .failure(.nobody(mailbox))
        }
        let name = EmailAddress(localPart: address.localPart.lowercased(), domain: entry.domain)
        let accounts = [(AccountKind.user, entry.user), (.folder, entry.folder), (.processor, entry.processor)]
        for case (_, let account?) in accounts {
            let rights = try await rights(of: login.account, on: account)
            guard rights.openMaildrop else { continue }
            return .success(ChosenMaildrop(account: account, name: name.description, mayRemove: rights.removeMessages))
        }
        for case (let kind, _?) in accounts { return .failure(.noRight(login.name, on: name, kind)) }
        return .failure(.nobody(mailbox))
    }

    private nonisolated(nonsending) func rights(
        of login: AccountID, on account: AccountID
    ) async throws(DatabaseError) -> MailboxRights {
        if login == account { return .all }
        guard let inbox = try await database.mailbox(.inbox, of: account) else { return [] }
        return try await database.rights(of: login, on: inbox.id)
    }
}

extension MaildropChoice.Closed {
    fileprivate static func nobody(_ mailbox: String) -> Self {
        Self(because: "right password, but nobody here is \(mailbox.prefix(320)), whose mailbox it asked for")
    }

    fileprivate static func noRight(_ login: String, on name: EmailAddress, _ kind: AccountKind) -> Self {
        let option = kind == .user ? "" : " --kind \(kind.rawValue)"
        return Self(
            because: "right password, but no right to read the INBOX of \(name): "
                + "grant it (postern mailbox share \(name) INBOX \(login) read\(option))")
    }
}

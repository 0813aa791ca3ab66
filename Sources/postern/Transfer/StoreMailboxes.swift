// Mailboxes and messages of the running store, as transfers look at them.

import IPC
import Mail

extension StoreConversation {
    /// All of them, in the order of their names. An account that is not there is refused.
    func mailboxes(of account: NamedAccount) async throws -> [MailboxEntry] {
        var all: [MailboxEntry] = []
        while case .mailboxes(let page) = try await ask(.list(account, after: all.last?.name)), !page.isEmpty { all += page }
        return all
    }

    func messages(of mailbox: NamedMailbox, from uid: UInt32) async throws -> MessagePage {
        guard case .messages(let page) = try await ask(.messages(mailbox, from: uid)) else { throw Failure.misfit("store") }
        return page
    }
}

/// One mailbox, or all of them.
struct MailboxChoice {
    private let name: String?

    /// - Parameter name: nil: all. INBOX has any case (RFC 3501 §5.1).
    init(_ name: String?) {
        self.name = name?.lowercased() == ImportNames.inbox.lowercased() ? ImportNames.inbox : name
    }

    func takes(_ mailbox: String) -> Bool { name == nil || name == mailbox }
}

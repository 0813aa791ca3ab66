// Who reads mail, and whose.

import Mail

/// A session of POP3 as its ticket proves it.
package struct MaildropVisit: Sendable, Hashable {
    /// Who has logged in.
    package var login: AccountID
    /// That account's address.
    package var user: String
    /// Whose INBOX it is.
    package var maildrop: AccountID
    /// Messages can be read and not deleted.
    package var isReadOnly: Bool

    package init(login: AccountID, user: String, maildrop: AccountID, isReadOnly: Bool) {
        self.login = login
        self.user = user
        self.maildrop = maildrop
        self.isReadOnly = isReadOnly
    }
}

// Whom a client says that it is where mail is read: also somebody who asks for another one's mailbox.

/// `OTHER*LOGIN`, the form of Dovecot's master users: LOGIN's password for OTHER's mailbox. Both are addresses, and no address
/// has a `*` behind its `@`: a login whose local part holds one is what it always was.
package struct LoginName: Hashable, Sendable {
    package static let separator = UInt8(ascii: "*")

    /// Whose password it is.
    package let user: String
    /// Whose mailbox is asked for; nil: the user's own.
    package let mailbox: String?

    /// - Parameter text: prepared or not. What is not of the form above is a user's name as a whole.
    package init(_ text: String) {
        let octets = text.utf8
        guard let at = octets.firstIndex(of: UInt8(ascii: "@")), let star = octets[at...].firstIndex(of: Self.separator) else {
            self.init(whole: text)
            return
        }
        let (mailbox, user) = (String(text[..<star]), String(text[octets.index(after: star)...]))
        guard EmailAddress(mailbox) != nil, EmailAddress(user) != nil else {
            self.init(whole: text)
            return
        }
        self.init(user: user, mailbox: mailbox)
    }

    /// Where nobody can ask for the mailbox of another.
    package init(whole text: String) { self.init(user: text, mailbox: nil) }

    private init(user: String, mailbox: String?) {
        self.user = user
        self.mailbox = mailbox
    }
}

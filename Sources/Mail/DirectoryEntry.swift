// What the directory says about one address: everything that classification may need, in one answer.

package enum DirectoryEntry: Codable, Sendable, Hashable {
    /// The domain is not ours.
    case foreign
    case local(LocalEntry)
}

/// An address of one of our domains, whether it exists or not.
package struct LocalEntry: Codable, Sendable, Hashable {
    /// The mail-handling account of this address (T-01, T-02).
    package var processor: AccountID?
    /// The user whose address this is (T-06).
    package var user: AccountID?
    /// The shared mailbox whose address this is: an account that nobody logs in to (T-07).
    package var folder: AccountID?
    /// Where an alias leads; nil: no alias of this name.
    package var targets: [EmailAddress]?
    /// Who gets mail for addresses of the domain that do not exist.
    package var catchAll: EmailAddress?
    /// Where mail of the domain goes that no address of it takes (E-09): `host:port`.
    package var transport: String?
    /// The domain itself, where the address was one of an alias domain.
    package var domain: String
    /// Each of these characters divides a local part from its detail; empty: none does.
    package var delimiters: String
    /// Those of these accounts that have no room for more mail.
    package var full: [AccountID]

    package init(
        processor: AccountID? = nil, user: AccountID? = nil, folder: AccountID? = nil, targets: [EmailAddress]? = nil,
        catchAll: EmailAddress? = nil, transport: String? = nil, domain: String, delimiters: String = "",
        full: [AccountID] = []
    ) {
        self.processor = processor
        self.user = user
        self.folder = folder
        self.targets = targets
        self.catchAll = catchAll
        self.transport = transport
        self.domain = domain
        self.delimiters = delimiters
        self.full = full
    }
}

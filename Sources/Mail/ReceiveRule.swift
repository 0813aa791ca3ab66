// What an account takes in beyond its own address (T-03): one rule of an ordered list.

/// Matches an envelope. All that is given must match; the first rule of the list that matches wins.
package struct ReceiveRule: Codable, Sendable, Hashable {
    /// Of the recipient's local part, without case; `*` stands for any text and `?` for one character. "*": any.
    package var localPart: String
    /// Of the recipient, in lower case; nil: any.
    package var domain: String?
    /// Of the sender's whole address, without case, with `*` and `?`; nil: any, also none.
    package var sender: String?
    /// Of the client's address; nil: any.
    package var source: AddressRange?
    package var account: AccountID

    package init(
        localPart: String = "*", domain: String? = nil, sender: String? = nil, source: AddressRange? = nil,
        account: AccountID
    ) {
        self.localPart = localPart
        self.domain = domain
        self.sender = sender
        self.source = source
        self.account = account
    }
}

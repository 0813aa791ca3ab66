// Addresses as the database's columns hold them.

import Mail

extension EmailAddress {
    /// `local@domain` without quotes: the last @ divides, since a domain has none.
    var stored: String { "\(localPart)@\(domain)" }

    init?(stored text: String) {
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        self.init(localPart: String(text[..<at]), domain: String(text[text.utf8.index(after: at)...]))
    }

    /// What local accounts are looked up by: their local parts are equal without case, as users of other servers expect.
    package var folded: String { "\(localPart.lowercased())@\(domain)" }
}

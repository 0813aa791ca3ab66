// What a stranger is told over SMTP, as a value. Rooms decide with it; SMTP writes it on the wire.

/// An SMTP reply: code, enhanced status code (RFC 3463) and text.
package struct Reply: Hashable, Sendable, Codable {
    /// 200…599 (RFC 5321 §4.2).
    package var code: UInt16
    /// RFC 3463, such as "5.7.1"; nil where RFC 2034 wants none (greeting, EHLO, 354).
    package var status: String?
    /// Printable text without line ends; more than one line is separated by "\n".
    package var text: String

    package init(_ code: UInt16, _ status: String?, _ text: String) {
        self.code = code
        self.status = status
        self.text = text
    }

    package var isPositive: Bool { code < 400 }
    package var isTransient: Bool { (400..<500).contains(code) }
    package var isPermanent: Bool { code >= 500 }
}

/// A reply for the stranger and the private reason for the journal. The two are never mixed.
package struct Refusal: Error, Hashable, Sendable, Codable {
    package var reply: Reply
    package var because: String

    package init(_ reply: Reply, because: String) {
        self.reply = reply
        self.because = because
    }
}

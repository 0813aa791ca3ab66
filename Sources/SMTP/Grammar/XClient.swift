// XCLIENT, by which a proxy that we trust says whom it speaks for (Postfix's XCLIENT_README describes it).
import Mail

/// What a trusted peer says of the client behind it. What it does not name stays as it was.
package struct XClient: Hashable, Sendable, Codable {
    /// What is known of one attribute.
    package enum Fact<Value: Hashable & Sendable & Codable>: Hashable, Sendable, Codable {
        case known(Value)
        /// Known not to exist.
        case unavailable
        /// Not known because a look-up failed for now.
        case temporarilyUnavailable
    }

    /// NAME: the client's verified host name.
    package var name: Fact<String>?
    /// ADDR.
    package var address: Fact<InternetAddress>?
    package var port: Fact<UInt16>?
    /// PROTO: ESMTP was spoken, not SMTP.
    package var isExtended: Bool?
    /// HELO.
    package var hello: Fact<String>?
    /// LOGIN: the user that the proxy has authenticated.
    package var login: Fact<String>?
    /// DESTADDR, DESTPORT: where the client had connected to.
    package var destinationAddress: Fact<InternetAddress>?
    package var destinationPort: Fact<UInt16>?

    package init() {}

    /// As EHLO announces them.
    static let attributes = "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"
}

extension XClient {
    private static let textLimit = 255

    // xclient-command = "XCLIENT" 1*( SP attribute-name "=" attribute-value ) ; attribute-value = xtext
    /// - Returns: nil for an attribute that is unknown, named twice, or has a value that it cannot have.
    static func read(_ bytes: borrowing Span<UInt8>, from start: Int, to end: Int) -> XClient? {
        var facts = XClient()
        var at = start
        while at < end {
            var equals = at
            while equals < end, bytes[equals] != UInt8(ascii: "=") { equals += 1 }
            var stop = equals
            while stop < end, bytes[stop] != 0x20 { stop += 1 }
            guard stop > equals + 1, let value = XText.read(bytes, equals + 1..<stop, allowsUTF8: true)?.text,
                facts.take(bytes, at..<equals, value)
            else { return nil }
            guard stop < end else { return facts }
            at = stop + 1
        }
        return nil
    }

    private mutating func take(_ bytes: borrowing Span<UInt8>, _ name: Range<Int>, _ value: String) -> Bool {
        func isNamed(_ word: StaticString) -> Bool { ParameterGrammar.equals(bytes, name, word) }
        if isNamed("NAME") { return Self.set(&self.name, value, Self.text) }
        if isNamed("ADDR") { return Self.set(&address, value, Self.address) }
        if isNamed("PORT") { return Self.set(&port, value, Self.port) }
        if isNamed("HELO") { return Self.set(&hello, value, Self.text) }
        if isNamed("LOGIN") { return Self.set(&login, value, Self.text) }
        if isNamed("DESTADDR") { return Self.set(&destinationAddress, value, Self.address) }
        if isNamed("DESTPORT") { return Self.set(&destinationPort, value, Self.port) }
        guard isNamed("PROTO"), isExtended == nil, let isExtended = Self.isExtended(value) else { return false }
        self.isExtended = isExtended
        return true
    }

    private static func set<Value>(_ fact: inout Fact<Value>?, _ text: String, _ read: (String) -> Value?) -> Bool {
        guard fact == nil else { return false }
        switch text.uppercased() {
        case "[UNAVAILABLE]": fact = .unavailable
        case "[TEMPUNAVAIL]": fact = .temporarilyUnavailable
        default: fact = read(text).map { .known($0) }
        }
        return fact != nil
    }

    private static func text(_ text: String) -> String? { text.utf8.count <= textLimit ? text : nil }

    /// IPv6 addresses come with the prefix `IPV6:`.
    private static func address(_ text: String) -> InternetAddress? {
        guard text.prefix(5).uppercased() == "IPV6:" else {
            return InternetAddress(text).flatMap { $0.isV4 && !text.contains(":") ? $0 : nil }
        }
        return text.dropFirst(5).contains(":") ? InternetAddress(text.dropFirst(5)) : nil
    }

    private static func port(_ text: String) -> UInt16? {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) } ? UInt16(text) : nil
    }

    private static func isExtended(_ text: String) -> Bool? {
        switch text.uppercased() {
        case "ESMTP": true
        case "SMTP": false
        default: nil
        }
    }
}

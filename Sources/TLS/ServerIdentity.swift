// Compares a certificate's DNS names with the name that we wanted to reach: RFC 9525 §6.3.

/// NIOSSL also takes a certificate for the address that was connected to, whatever the name. A name found in settings
/// or in the DNS is the identity here, so that a certificate for an address proves nothing.
package enum ServerIdentity {
    /// - Parameters:
    ///   - name: a host name in ASCII without a final dot.
    ///   - presented: a dNSName of the certificate; its first label may be `*`, which stands for exactly one label.
    package static func matches(_ name: some StringProtocol, _ presented: some Collection<UInt8>) -> Bool {
        let wanted = name.utf8.map(lowered)
        var pattern = presented.map(lowered)[...]
        if pattern.last == dot { pattern.removeLast() }
        guard !wanted.isEmpty, !pattern.contains(0) else { return false }
        guard pattern.starts(with: [star, dot]) else { return wanted.elementsEqual(pattern) }
        guard let firstDot = wanted.firstIndex(of: dot), firstDot > 0 else { return false }
        let parent = pattern.dropFirst(2)
        // RFC 9525 §6.3: a wildcard never stands for a whole top-level domain.
        return parent.contains(dot) && wanted[(firstDot + 1)...].elementsEqual(parent)
    }

    private static let dot = UInt8(ascii: ".")
    private static let star = UInt8(ascii: "*")

    private static func lowered(_ octet: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(octet) ? octet | 0x20 : octet
    }
}

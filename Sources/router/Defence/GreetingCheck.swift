// Whether a stranger's HELO or EHLO makes sense: a pure judgement of its argument (FEATURES 2.3 HELO checks). All checks
// are optional. To be asked at MAIL or RCPT, when it is known who has logged in: a mail program behind NAT greets with
// whatever address it has, and RFC 5321 §4.1.4 lets nobody be refused only because a name does not lead to his address.

import Mail

struct GreetingCheck: Sendable {
    enum Strictness: Hashable, Sendable { case off, log, refuse }

    enum Reason: String, Hashable, Sendable, CaseIterable {
        /// Neither a domain nor an address literal (RFC 5321 §4.1.1.1).
        case malformed = "helo-malformed"
        /// An address without its brackets.
        case bareAddress = "helo-bare-address"
        /// Our own name, and the client is not us.
        case ourName = "helo-our-name"
        /// Our own address, and the client is not us.
        case ourAddress = "helo-our-address"
        /// An address literal that is not the client's address.
        case otherAddress = "helo-other-address"
        /// A name without a dot.
        case unqualified = "helo-unqualified"
    }

    struct Settings: Hashable, Sendable {
        var malformed = Strictness.log
        var bareAddress = Strictness.log
        /// Our name and our address.
        var ours = Strictness.log
        var otherAddress = Strictness.log
        /// Off for T-19: inside a house, machines have short names.
        var unqualified = Strictness.off

        func strictness(_ reason: Reason) -> Strictness {
            switch reason {
            case .malformed: malformed
            case .bareAddress: bareAddress
            case .ourName, .ourAddress: ours
            case .otherAddress: otherAddress
            case .unqualified: unqualified
            }
        }
    }

    enum Result: Hashable, Sendable {
        case ok
        /// For the journal and whoever counts points.
        case suspicious(Reason)
        case refuse(Refusal)
    }

    private let settings: Settings
    /// In lower case, without the last dot.
    private let ourNames: Set<String>

    /// - Parameter ourNames: the names that only we may greet with.
    init(_ settings: Settings, ourNames: [String]) {
        self.settings = settings
        self.ourNames = Set(ourNames.map(GreetingCheck.plain))
    }

    /// Judges by the first fault that a setting does not pass over.
    /// - Parameters:
    ///   - greeting: the argument, as it came.
    ///   - isOurs: whether an address is one of this machine's.
    ///   - isExempt: the client is safe or trusted, or has logged in.
    func judge(
        _ greeting: String, from client: InternetAddress, isOurs: (InternetAddress) -> Bool, isExempt: Bool = false
    ) -> Result {
        guard !isExempt else { return .ok }
        for reason in faults(greeting, from: client, isOurs: isOurs) {
            switch settings.strictness(reason) {
            case .off: continue
            case .log: return .suspicious(reason)
            case .refuse: return .refuse(GreetingCheck.refusal(reason, greeting))
            }
        }
        return .ok
    }

    /// The worst first.
    private func faults(
        _ greeting: String, from client: InternetAddress, isOurs: (InternetAddress) -> Bool
    ) -> [Reason] {
        let isStranger = !client.isLoopback && !isOurs(client)
        switch Greeting(greeting) {
        case .malformed: return [.malformed]
        case .literal(let address):
            if isStranger, address.isLoopback || isOurs(address) { return [.ourAddress, .otherAddress] }
            return address == client ? [] : [.otherAddress]
        case .bareAddress(let address):
            let isFalse = isStranger && (address.isLoopback || isOurs(address))
            return isFalse ? [.ourAddress, .bareAddress] : [.bareAddress]
        case .name(let name):
            let isFalse = isStranger && ourNames.contains(name)
            return (isFalse ? [.ourName] : []) + (name.contains(".") ? [] : [.unqualified])
        }
    }

    /// The codes are Postfix's.
    private static func refusal(_ reason: Reason, _ greeting: String) -> Refusal {
        let reply =
            switch reason {
            case .malformed: Reply(501, "5.5.2", "HELO/EHLO rejected: invalid name")
            case .bareAddress: Reply(504, "5.5.2", "HELO/EHLO rejected: an address needs brackets")
            case .unqualified: Reply(504, "5.5.2", "HELO/EHLO rejected: need a fully-qualified host name")
            case .ourName: Reply(550, "5.7.1", "HELO/EHLO rejected: that is my name")
            case .ourAddress: Reply(550, "5.7.1", "HELO/EHLO rejected: that is my address")
            case .otherAddress: Reply(550, "5.7.1", "HELO/EHLO rejected: that is not your address")
            }
        return Refusal(reply, because: "\(reason.rawValue): \(greeting.prefix(255).debugDescription)")
    }

    fileprivate static func plain(_ name: String) -> String {
        let lower = name.lowercased()
        // RFC 5321 §2.3.5 has no dot at the end; DNS people write one.
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }
}

/// What stands behind HELO or EHLO.
private enum Greeting {
    case name(String)
    case literal(InternetAddress)
    case bareAddress(InternetAddress)
    case malformed

    init(_ text: String) {
        // An empty argument and everything longer than a domain may be (RFC 5321 §4.5.3.1.2).
        guard (1...255).contains(text.utf8.count) else {
            self = .malformed
            return
        }
        if text.utf8.first == UInt8(ascii: "[") {
            self = Greeting.address(inBrackets: text).map { .literal($0) } ?? .malformed
        } else if let address = InternetAddress(text) {
            self = .bareAddress(address)
        } else {
            let name = GreetingCheck.plain(text)
            let top = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).last
            // RFC 1123 §2.1: no top-level domain is a number, so "10.0.0" is a slip and no name.
            let isNumber = top?.allSatisfy { (0x30...0x39).contains($0) } ?? true
            self = EmailAddress.isDomain(name) && !isNumber ? .name(name) : .malformed
        }
    }

    // RFC 5321 §4.1.3: address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / … ) "]"
    private static func address(inBrackets text: String) -> InternetAddress? {
        guard text.utf8.last == UInt8(ascii: "]"), text.utf8.count > 2 else { return nil }
        let inner = text.dropFirst().dropLast()
        guard inner.prefix(5).lowercased() == "ipv6:" else {
            return inner.utf8.contains(UInt8(ascii: ":")) ? nil : InternetAddress(inner)
        }
        let address = inner.dropFirst(5)
        return address.utf8.contains(UInt8(ascii: ":")) ? InternetAddress(address) : nil
    }
}

// How UIDL names a message (RFC 1939 §7): a name must never change, and never be given to another message. Clients that leave
// mail on the server fetch everything again when it does, so a house that moves here keeps the form it had.

/// Text with the UID and the UIDVALIDITY, each exactly once, as in Dovecot's `pop3_uidl_format`:
/// - `%u`, `%v`: UID and UIDVALIDITY, decimal.
/// - `%08u`: with zeros in front up to so many digits (`%0` and one or two digits).
/// - `%Xu`, `%08Xu`: hexadecimal, lower case.
/// - `%%`: a per cent sign.
package struct POP3UIDLFormat: Equatable, Sendable {
    package enum Fault: Error, Equatable, CustomStringConvertible {
        case tooLong
        case badCharacter
        case badVariable
        /// UID and UIDVALIDITY are not there exactly once each.
        case incomplete
        /// UID 1 of one mailbox and UID 11 of another could get the same name.
        case ambiguous

        package var description: String {
            switch self {
            case .tooLong: "may become longer than 70 characters"
            case .badCharacter: "has a character other than printable ASCII without the space"
            case .badVariable: "has a variable other than %u, %v, %0Nu, %Xu, %0NXu and %%"
            case .incomplete: "must have the UID (u) and the UIDVALIDITY (v) once each"
            case .ambiguous: "must have something between %u and %v that is no digit, or as many digits as fit always"
            }
        }
    }

    private enum Part: Equatable {
        case text([UInt8])
        case number(Number)

        var longest: Int {
            switch self {
            case .text(let octets): octets.count
            case .number(let number): max(number.digits, number.widest)
            }
        }
    }

    private struct Number: Equatable {
        var isUID: Bool
        var isHexadecimal = false
        /// At least so many, with zeros in front.
        var digits = 0

        /// Of any 32 bits.
        var widest: Int { isHexadecimal ? 8 : 10 }
        var isFixed: Bool { digits >= widest }
    }

    /// RFC 1939 §7.
    package static let longest = 70

    /// `%v.%u`: ours; also that of Cyrus since 2.1.4 and of Dovecot 0.99.
    package static let usual = POP3UIDLFormat(
        parts: [.number(Number(isUID: false)), .text([0x2E]), .number(Number(isUID: true))])
    /// `%08Xu%08Xv`: what Dovecot ships with.
    package static let dovecot = POP3UIDLFormat(
        parts: [true, false].map { .number(Number(isUID: $0, isHexadecimal: true, digits: 8)) })
    /// `UID%u-%v`: Courier's.
    package static let courier = POP3UIDLFormat(
        parts: [.text(Array("UID".utf8)), .number(Number(isUID: true)), .text([0x2D]), .number(Number(isUID: false))])

    private let parts: [Part]

    private init(parts: [Part]) { self.parts = parts }

    package init(_ text: String) throws(Fault) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .badCharacter }
        parts = try Self.parse(Array(text.utf8))
        // Also keeps the sum of the widths small.
        guard parts.reduce(0, { $0 + $1.longest }) <= Self.longest else { throw .tooLong }
        try checkUniqueness()
    }

    /// The name of one message.
    func append(uidValidity: UInt32, uid: UInt32, to output: inout [UInt8]) {
        for part in parts {
            switch part {
            case .text(let octets): output += octets
            case .number(let number):
                let value = number.isUID ? uid : uidValidity
                let digits = String(value, radix: number.isHexadecimal ? 16 : 10).utf8
                for _ in 0..<max(0, number.digits - digits.count) { output.append(0x30) }
                output += digits
            }
        }
    }

    private static func parse(_ octets: [UInt8]) throws(Fault) -> [Part] {
        var parts: [Part] = []
        var text: [UInt8] = []
        var rest = octets[...]
        while let octet = rest.popFirst() {
            if octet == UInt8(ascii: "%"), rest.first != UInt8(ascii: "%") {
                if !text.isEmpty { parts.append(.text(text)) }
                text = []
                parts.append(.number(try number(&rest)))
            } else {
                text.append(octet)
                if octet == UInt8(ascii: "%") { rest.removeFirst() }
            }
        }
        return text.isEmpty ? parts : parts + [.text(text)]
    }

    // variable = "%" ["0" 1*2DIGIT] ["X"] ("u" / "v")
    private static func number(_ rest: inout ArraySlice<UInt8>) throws(Fault) -> Number {
        var number = Number(isUID: true)
        if rest.first == UInt8(ascii: "0") {
            rest.removeFirst()
            let digits = rest.prefix(2).prefix { (0x30...0x39).contains($0) }
            number.digits = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            guard number.digits > 0 else { throw .badVariable }
            rest.removeFirst(digits.count)
        }
        if rest.first == UInt8(ascii: "X") {
            rest.removeFirst()
            number.isHexadecimal = true
        }
        switch rest.popFirst() {
        case UInt8(ascii: "u"): number.isUID = true
        case UInt8(ascii: "v"): number.isUID = false
        default: throw .badVariable
        }
        return number
    }

    private func checkUniqueness() throws(Fault) {
        var numbers: [Number] = []
        var isSeparated = false
        for part in parts {
            switch part {
            case .number(let number): numbers.append(number)
            case .text(let octets) where numbers.count == 1: isSeparated = octets.contains { !Self.isDigit($0) }
            case .text: break
            }
        }
        guard numbers.count == 2, numbers[0].isUID != numbers[1].isUID else { throw .incomplete }
        guard isSeparated || numbers[0].isFixed || numbers[1].isFixed else { throw .ambiguous }
    }

    private static func isDigit(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x41...0x46).contains(octet & 0xDF)
    }
}

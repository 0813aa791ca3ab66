// RFC 3461 §4: xtext, in which parameters of MAIL, RCPT and XCLIENT carry what SMTP's own grammar would not let pass.

/// A value that came as xtext.
package struct XText: Hashable, Sendable, Codable {
    /// As it stood on the line: to be passed on unchanged.
    package let original: String
    /// What it means: printable ASCII, or UTF-8 where that was allowed.
    package let text: String

    package init(original: String, text: String) {
        self.original = original
        self.text = text
    }
}

extension XText {
    // xtext = *( xchar / hexchar ) ; xchar = any CHAR between "!" and "~" except "+" and "="
    // hexchar = "+" followed by two upper case hexadecimal digits
    /// - Returns: nil when it is no xtext, or when what it stands for is not printable, or not ASCII without `allowsUTF8`.
    static func read(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, allowsUTF8: Bool = false) -> XText? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            var octet = bytes[index]
            index += 1
            if octet == UInt8(ascii: "+") {
                guard index + 1 < range.upperBound, let high = digit(bytes[index]), let low = digit(bytes[index + 1])
                else { return nil }
                octet = high << 4 | low
                index += 2
            } else {
                guard octet > 0x20, octet != 0x7F, octet != UInt8(ascii: "="), octet < 0x80 || allowsUTF8 else { return nil }
            }
            guard octet >= 0x20, octet != 0x7F, octet < 0x80 || allowsUTF8 else { return nil }
            decoded.append(octet)
        }
        guard !allowsUTF8 || UTF8Text.isValid(decoded.span, 0..<decoded.count) else { return nil }
        return XText(original: string(bytes, range), text: String(decoding: decoded, as: UTF8.self))
    }

    /// - Parameter limit: octets of the result.
    /// - Returns: nil when it cannot be said so: empty, too long, or not printable ASCII (RFC 6533 §3 has another form,
    ///   which only a server with SMTPUTF8 reads).
    static func encode(_ text: String, limit: Int) -> String? {
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) else { return nil }
        let digits = Array("0123456789ABCDEF".utf8)
        let encoded = text.utf8.flatMap { octet -> [UInt8] in
            let isPlain = octet > 0x20 && octet != UInt8(ascii: "+") && octet != UInt8(ascii: "=")
            return isPlain ? [octet] : [UInt8(ascii: "+"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
        }
        return encoded.count <= limit ? String(decoding: encoded, as: UTF8.self) : nil
    }

    private static func digit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x41 + 10
        default: nil
        }
    }

    private static func string(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> String {
        bytes.withUnsafeBufferPointer { String(decoding: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self) }
    }
}

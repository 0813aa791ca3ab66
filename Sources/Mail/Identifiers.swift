// Numbers that name things across rooms. None of them is a secret.

/// Follows one stranger's session, and one message, through every room. Minted by the listener.
package struct TraceID: Hashable, Sendable, Codable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 hexadecimal digits.
    package var description: String { hexadecimal(high) + hexadecimal(low) }
}

/// The store's number of one message's bytes: ascending, never used twice. Strangers see it as "Queued as …".
package struct SpoolID: Hashable, Sendable, Codable, RawRepresentable, Comparable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: SpoolID, right: SpoolID) -> Bool { left.rawValue < right.rawValue }

    /// 16 hexadecimal digits.
    package var description: String { hexadecimal(rawValue) }

    /// Reads what `description` printed; leading zeros may be left out.
    package init?(_ text: some StringProtocol) {
        guard (1...16).contains(text.utf8.count), let value = UInt64(text, radix: 16) else { return nil }
        self.init(rawValue: value)
    }
}

/// The directory's number of an account.
package struct AccountID: Hashable, Sendable, Codable, RawRepresentable {
    package let rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }
}

/// 16 digits.
private func hexadecimal(_ value: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { digits in
        for place in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * place) & 0xF)
            digits.initializeElement(at: place, to: digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
        return 16
    }
}

// One line in logfmt, written into memory that the caller lends. No value, whoever it came from, can end its field or
// its line: everything outside plain printable ASCII is quoted, and what could move a terminal's cursor is spelled out.

import Mail

/// Appends only; what does not fit is cut, and the line says so.
struct JournalLine {
    /// Octets of a line with its line end.
    static let longest = 8_192
    /// Octets of one value, so that one long field does not push out those behind it.
    static let longestValue = 2_048
    private static let cutMark: StaticString = " cut=true"

    private let memory: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0
    private var isCut = false

    /// - Parameter memory: at least 64 octets.
    init(_ memory: UnsafeMutableBufferPointer<UInt8>) { self.memory = memory }

    /// What fits while the mark, a quote and the line end still have their place.
    private var room: Int { memory.count - count - JournalLine.cutMark.utf8CodeUnitCount - 2 }

    var octets: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<count]) }

    /// Lends memory for one line.
    static func lending<Result>(_ body: (inout JournalLine) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longest) { memory in
            var line = JournalLine(memory)
            return body(&line)
        }
    }

    /// A piece of a line, to be appended to others.
    static func made(_ body: (inout JournalLine) -> Void) -> [UInt8] {
        lending { line in
            body(&line)
            return Array(line.octets)
        }
    }

    mutating func append(_ fields: JournalFields) {
        for (field, value) in fields.all { append(field.rawValue, value) }
    }

    /// Numbers and ids are in almost every line: they are written without making a text first.
    private mutating func append(_ name: String, _ value: JournalFields.Value) {
        switch value {
        case let text as String: append(name, text)
        case let number as Int where number >= 0: append(name) { $0.append(decimal: UInt64(number)) }
        case let trace as TraceID:
            append(name) { line in
                line.append(hexadecimal: trace.high)
                line.append(hexadecimal: trace.low)
            }
        case let message as SpoolID: append(name) { $0.append(hexadecimal: message.rawValue) }
        default: append(name, value.description)
        }
    }

    /// ` name=` and what the body adds: at most 32 octets that need no quotes.
    private mutating func append(_ name: String, plain body: (inout JournalLine) -> Void) {
        guard name.utf8.count + 48 <= room else {
            isCut = true
            return
        }
        set(UInt8(ascii: " "))
        for octet in name.utf8 { set(octet) }
        set(UInt8(ascii: "="))
        body(&self)
    }

    /// 16 digits.
    private mutating func append(hexadecimal number: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift) & 0xF)
            set(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private mutating func append(decimal number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            set(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }

    /// Text of our own that needs no quotes.
    mutating func append(plain text: String) {
        for octet in text.utf8 { push(octet) }
    }

    /// Whole or not at all: cut inside quotes, it would turn what follows inside out.
    mutating func append(_ octets: [UInt8]) {
        guard octets.count <= room else {
            isCut = true
            return
        }
        for octet in octets { set(octet) }
    }

    /// ` name=value`, quoted where needed. Nothing when not even the name fits.
    mutating func append(_ name: String, _ value: String) {
        guard name.utf8.count + 16 <= room else {
            isCut = true
            return
        }
        push(UInt8(ascii: " "))
        append(plain: name)
        push(UInt8(ascii: "="))
        if JournalLine.isPlain(value) { append(bare: value) } else { append(quoted: value) }
    }

    mutating func finish() {
        if isCut {
            JournalLine.cutMark.withUTF8Buffer { mark in
                for octet in mark { set(octet) }
            }
        }
        set(UInt8(ascii: "\n"))
    }

    private mutating func push(_ octet: UInt8) {
        guard room > 0 else {
            isCut = true
            return
        }
        set(octet)
    }

    private mutating func set(_ octet: UInt8) {
        guard count < memory.count else { return }
        memory[count] = octet
        count += 1
    }

    private mutating func append(bare value: String) {
        let limit = min(JournalLine.longestValue, room)
        for octet in value.utf8.prefix(limit) { set(octet) }
        if value.utf8.count > limit { isCut = true }
    }

    private mutating func append(quoted value: String) {
        set(UInt8(ascii: "\""))
        let end = count + min(JournalLine.longestValue, room - 1)
        for scalar in value.unicodeScalars {
            // The longest spelling is \u{10FFFF}.
            guard count + 10 <= end else {
                isCut = true
                break
            }
            append(scalar)
        }
        set(UInt8(ascii: "\""))
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"", "\\": escape(UInt8(ascii: scalar))
        case "\n": escape(UInt8(ascii: "n"))
        case "\r": escape(UInt8(ascii: "r"))
        case "\t": escape(UInt8(ascii: "t"))
        default:
            if JournalLine.isHarmless(scalar) {
                for octet in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { set(octet) }
            } else {
                append(plain: "\\u{\(String(scalar.value, radix: 16))}")
            }
        }
    }

    private mutating func escape(_ octet: UInt8) {
        set(UInt8(ascii: "\\"))
        set(octet)
    }

    /// Needs no quotes: logfmt's readers split at spaces, '=' and '"'.
    private static func isPlain(_ value: String) -> Bool {
        !value.isEmpty
            && value.utf8.allSatisfy { octet in
                (0x21...0x7E).contains(octet) && octet != UInt8(ascii: "\"") && octet != UInt8(ascii: "=")
                    && octet != UInt8(ascii: "\\")
            }
    }

    /// Does not move a cursor, end a line or turn the direction of writing.
    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB,
            0xE0000...0xE0FFF:
            false
        default: true
        }
    }
}

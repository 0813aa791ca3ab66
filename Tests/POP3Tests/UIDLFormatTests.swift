// RFC 1939 §7, UIDL: forms of names, valid and invalid, and that no two messages ever share one.

import Testing

@testable import POP3

@Suite struct UIDLFormatTests {
    static let valid: [(text: String, name: String, longest: String)] = [
        ("%v.%u", "7.11", "4294967295.4294967295"),
        ("%08Xu%08Xv", "0000000b00000007", "ffffffffffffffff"),
        ("%08Xv%08Xu", "000000070000000b", "ffffffffffffffff"),
        ("%u-%v", "11-7", "4294967295-4294967295"),
        ("UID%u-%v", "UID11-7", "UID4294967295-4294967295"),
        ("%010u%010v", "00000000110000000007", "42949672954294967295"),
        ("%u%010v", "110000000007", "42949672954294967295"),
        ("%08Xu%v", "0000000b7", "ffffffff4294967295"),
        ("%03u/%Xv", "011/7", "4294967295/ffffffff"),
        ("%%%v%%%u%%", "%7%11%", "%4294967295%4294967295%"),
        ("0%vg%u0", "07g110", "04294967295g42949672950"),
        ("%035u%035Xv", String(repeating: "0", count: 33) + "11" + String(repeating: "0", count: 34) + "7", ""),
    ]

    @Test("RFC 1939 §7: forms of UIDL", arguments: valid)
    func names(_ row: (text: String, name: String, longest: String)) throws {
        let format = try POP3UIDLFormat(row.text)
        #expect(name(format, 7, 11) == row.name)
        if !row.longest.isEmpty { #expect(name(format, .max, .max) == row.longest) }
        #expect((1...POP3UIDLFormat.longest).contains(name(format, .max, .max).utf8.count))
    }

    static let invalid: [(text: String, fault: POP3UIDLFormat.Fault)] = [
        ("", .incomplete), ("%u", .incomplete), ("%v", .incomplete), ("%u.%u", .incomplete), ("%v.%u.%v", .incomplete),
        ("uv", .incomplete), ("%%u.%%v", .incomplete),
        ("%u%v", .ambiguous), ("%v%u", .ambiguous), ("%Xu%Xv", .ambiguous), ("%07Xu%07Xv", .ambiguous),
        ("%09u%v", .ambiguous), ("%u0%v", .ambiguous), ("%ua%v", .ambiguous), ("%Xu1F%Xv", .ambiguous), (".%u%v.", .ambiguous),
        ("%f", .badVariable), ("%u.%v%", .badVariable), ("%u.%08v%0", .badVariable), ("%0u.%v", .badVariable),
        ("%00u.%v", .badVariable), ("%8Xu.%v", .badVariable), ("%x", .badVariable), ("%08X", .badVariable),
        ("%100u.%v", .badVariable), ("%0100u.%v", .badVariable), ("%Mf", .badVariable), ("%{uid}.%v", .badVariable),
        ("%u %v", .badCharacter), ("%u.%v\r\n", .badCharacter), ("%u\u{E9}%v", .badCharacter), ("%u.%v\u{7F}", .badCharacter),
        ("%036u%035Xv", .tooLong), ("%099u.%099v", .tooLong), ("%u.%v" + String(repeating: "x", count: 50), .tooLong),
        (String(repeating: "x", count: 1_000), .tooLong),
    ]

    @Test("RFC 1939 §7: forms that would not do", arguments: invalid)
    func refuses(_ row: (text: String, fault: POP3UIDLFormat.Fault)) {
        #expect(throws: row.fault) { try POP3UIDLFormat(row.text) }
        #expect(!row.fault.description.isEmpty)
    }

    @Test("The forms that have a name are those that they say")
    func presets() throws {
        #expect(try POP3UIDLFormat("%v.%u") == .usual)
        #expect(try POP3UIDLFormat("%08Xu%08Xv") == .dovecot)
        #expect(try POP3UIDLFormat("UID%u-%v") == .courier)
    }

    @Test("RFC 1939 §7: no two messages of any two mailboxes share a name", arguments: valid)
    func areUnique(_ row: (text: String, name: String, longest: String)) throws {
        let format = try POP3UIDLFormat(row.text)
        let numbers: [UInt32] = [0, 1, 7, 9, 10, 11, 16, 17, 100, 111, 1_111, 0x1111, 0xABCD, 0xFFF_FFFF, .max]
        var names: Set<String> = []
        for uid in numbers {
            for validity in numbers { names.insert(name(format, validity, uid)) }
        }
        #expect(names.count == numbers.count * numbers.count)
        #expect(names.allSatisfy { $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } })
    }

    private func name(_ format: POP3UIDLFormat, _ validity: UInt32, _ uid: UInt32) -> String {
        var output: [UInt8] = []
        format.append(uidValidity: validity, uid: uid, to: &output)
        return String(decoding: output, as: UTF8.self)
    }
}

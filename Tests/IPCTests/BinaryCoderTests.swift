// The binary form: golden bytes, round trips of every shape, and what must be refused.
import Mail
import NIOCore
import Testing

@testable import IPC

struct BinaryCoderTests {
    struct Nine: Codable, Equatable {
        enum Kind: Codable, Equatable {
            case recipient(number: UInt32, address: String)
            case content
            case pair(Int, String?)
        }
        var trace: UInt64 = 300
        var port: UInt16 = 25
        var sender = "a@b"
        var recipients = ["x", ""]
        var user: String?
        var encrypted = true
        var level = -3
        var bytes: [UInt8] = [0, 255]
        var kind = Kind.recipient(number: 1, address: "z")
    }

    enum Plain: String, Codable { case one, two }
    enum Cases: Codable, Equatable { case red, green }
    struct Empty: Codable, Equatable {}
    struct Wrapper<Value: Codable & Equatable>: Codable, Equatable { var value: Value }
    struct Optionals: Codable, Equatable {
        var a: Int?
        var b: String?
        var c: Double?
        var d: [Int?] = []
        var e: Bool?
        var f: Wrapper<Int>?
    }
    indirect enum Tree: Codable, Equatable { case leaf, node(Tree) }

    private func encode(_ value: some Encodable) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try BinaryEncoder.encode(value, into: &buffer)
        return buffer
    }

    /// Forth and back, and back again of the bytes cut short at every place: an error, never a trap, never a value.
    private func check<Value: Codable & Equatable>(_ value: Value, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let buffer = try encode(value)
        #expect(try BinaryDecoder.decode(Value.self, from: buffer) == value, sourceLocation: sourceLocation)
        for length in 0..<buffer.readableBytes {
            #expect(throws: BinaryCoderError.self, sourceLocation: sourceLocation) {
                try BinaryDecoder.decode(Value.self, from: buffer.getSlice(at: 0, length: length)!)
            }
        }
        var longer = buffer
        longer.writeInteger(UInt8(0))
        #expect(throws: BinaryCoderError.trailing(1), sourceLocation: sourceLocation) {
            try BinaryDecoder.decode(Value.self, from: longer)
        }
    }

    /// Frozen: a change here is a change of the wire, and bumps WireVersion.
    @Test func goldenBytes() throws {
        #expect(WireVersion.current == 1)
        #expect(
            hex(try encode(Nine())) == """
                ac0219036140620201780000010502\
                00ff09726563697069656e7401017a
                """)
        #expect(hex(try encode(Optionals(a: 1, d: [nil, 2]))) == "010200000200000000010400" + "00")
        #expect(hex(try encode(Plain.two)) == "010374776f")
        #expect(hex(try encode(Cases.green)) == "05677265656e")
        #expect(hex(try encode(["a": 1])) == "01000000" + "0161" + "01000000" + "02")
        #expect(hex(try encode(Wrapper(value: 1.5))) == "000000000000f83f")
        #expect(hex(try encode([Empty(), Empty()])) == "020000000000")
        #expect(hex(try encode(Int?.none)) == "00")
    }

    @Test func integersRoundTrip() throws {
        let signed: [Int64] = [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, .max, .min, .max - 1, .min + 1]
        for value in signed {
            try check(value)
            try check(Int(value))
            try check(Int32(truncatingIfNeeded: value))
            try check(Int16(truncatingIfNeeded: value))
            try check(Int8(truncatingIfNeeded: value))
            try check(UInt64(bitPattern: value))
            try check(UInt32(truncatingIfNeeded: value))
            try check(UInt16(truncatingIfNeeded: value))
            try check(UInt8(truncatingIfNeeded: value))
            try check(UInt(bitPattern: Int(value)))
        }
    }

    @Test func shapesRoundTrip() throws {
        try check(Nine())
        try check(Nine(user: "u", kind: .content))
        try check(Nine(kind: .pair(-1, nil)))
        try check(Nine(kind: .pair(-1, "x")))
        try check(Optionals())
        try check(Optionals(a: 0, b: "", c: -0.5, d: [1, nil, 3], e: false, f: Wrapper(value: 9)))
        try check(Plain.one)
        try check([Cases.red, .green])
        try check([Empty(), Empty()])
        try check([[1, 2], [], [3]])
        try check(["a", "ä", "日本", "\u{0}"])
        try check(["k": Nine(), "": Nine(user: "q")])
        try check([1: "a", -5: "b"])
        try check([Wrapper(value: 1): 2] as [Wrapper<Int>: Int])
        try check(Set([1, 2, 3]))
        try check([UInt8](0...255))
        try check([Double.infinity, -0.0, .leastNonzeroMagnitude])
        try check([Float(1.25)])
        try check([true, false])
        try check([Int??.some(nil), nil, .some(.some(3))])
        try check(Tree.node(.node(.leaf)))
        try check(Wrapper(value: [Optionals?.none, Optionals(a: 2)]))
        try check(SpoolID(rawValue: .max))
        try check([RoomName.listener: 1])
        try check(Secret("hush").bytes)
        try check(String(repeating: "x", count: 100_000))
    }

    /// Values made at random, with a seed: what one generator wrote, the other reads.
    @Test(arguments: 1...20) func randomValues(seed: UInt64) throws {
        var random = SplitMix(seed)
        for _ in 0..<100 {
            var value = Nine()
            value.trace = random.next()
            value.port = UInt16(truncatingIfNeeded: random.next())
            value.sender = random.text()
            value.recipients = (0..<Int(random.next() % 9)).map { _ in random.text() }
            value.user = random.next() % 2 == 0 ? nil : random.text()
            value.level = Int(bitPattern: UInt(random.next()))
            value.bytes = (0..<Int(random.next() % 99)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            value.kind = random.next() % 2 == 0 ? .pair(value.level, value.user) : .content
            #expect(try BinaryDecoder.decode(Nine.self, from: encode(value)) == value)
        }
    }

    @Test(arguments: [
        ("Bool", "02", "Bool"), ("Bool", "", "truncated"), ("UInt16", "ffff04", "integer"),
        ("UInt64", "8000", "integer"), ("UInt64", "ffffffffffffffffff02", "integer"),
        ("UInt64", "ffffffffffffffffffff01", "integer"), ("UInt64", "ff", "truncated"),
        ("String", "02c328", "notText"), ("String", "05aa", "truncated"),
        ("String", "ffffffffffffffffff01", "truncated"), ("Cases", "0462 6c7565", "malformed"),
        ("Cases", "", "malformed"), ("[Int]", "ffffffff", "truncated"), ("[Int]", "0200000002", "truncated"),
        ("[String]", "ffffffff0f", "truncated"), ("[String: Int]", "020000000161010000000201610100000004", "key"),
        ("[String: Int]", "010000000161020000000200", "length"), ("[String: Int]", "01000000016105000000", "truncated"),
        ("Plain", "010461616161", "malformed"), ("Plain", "02036f6e65", "single"), ("[Empty]", "0100000001", "empty"),
        ("Int8", "", "truncated"), ("Double", "00000000", "truncated"),
    ])
    func refused(type: String, bytes: String, because: String) throws {
        let buffer = unhex(bytes)
        func refuse<Value: Codable>(_ type: Value.Type) {
            #expect { try BinaryDecoder.decode(type, from: buffer) } throws: { "\($0)".contains(because) }
        }
        switch type {
        case "Bool": refuse(Bool.self)
        case "UInt16": refuse(UInt16.self)
        case "UInt64": refuse(UInt64.self)
        case "String": refuse(String.self)
        case "Cases": refuse(Cases.self)
        case "[Int]": refuse([Int].self)
        case "[String]": refuse([String].self)
        case "[String: Int]": refuse([String: Int].self)
        case "Plain": refuse(Plain.self)
        case "[Empty]": refuse([Empty].self)
        case "Int8": refuse(Int8.self)
        case "Double": refuse(Double.self)
        default: Issue.record("no such type: \(type)")
        }
    }

    @Test func depthIsBounded() throws {
        var tree = Tree.leaf
        for _ in 0..<40 { tree = .node(tree) }
        try check(tree)
        for _ in 0..<60 { tree = .node(tree) }
        #expect(throws: BinaryCoderError.tooDeep) { try encode(tree) }
        let deep = unhex(String(repeating: "046e6f6465", count: 10_000))
        #expect(throws: BinaryCoderError.tooDeep) { try BinaryDecoder.decode(Tree.self, from: deep) }
    }

    @Test func whatHasNoKeylessFormIsRefused() {
        struct Nil: Encodable {
            enum CodingKeys: CodingKey { case a }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encodeNil(forKey: .a)
            }
        }
        #expect { try encode(Nil()) } throws: { "\($0)".contains("unsupported") }
    }

    @Test func limitAndFailureLeaveTheBufferAlone() throws {
        var buffer = ByteBuffer(string: "before")
        #expect(throws: BinaryCoderError.tooLong(11)) {
            try BinaryEncoder.encode("0123456789", limit: 10, into: &buffer)
        }
        #expect(buffer == ByteBuffer(string: "before"))
        try BinaryEncoder.encode("0123456789", limit: 11, into: &buffer)
        #expect(buffer.readableBytes == 17)
    }

    /// One coder for many values, as a channel has it, also after failures.
    @Test func codersAreReused() throws {
        let encoder = BinaryEncoder()
        let decoder = BinaryDecoder()
        for round in 0..<50 {
            var buffer = ByteBuffer()
            if round % 7 == 3 { #expect(throws: (any Error).self) { try decoder.decode(Nine.self, from: buffer) } }
            let value = Nine(sender: String(repeating: "s", count: round * 5_000))
            try encoder.encode(value, into: &buffer)
            #expect(try decoder.decode(Nine.self, from: buffer) == value)
        }
    }
}

extension BinaryCoderTests.Wrapper: Hashable where Value: Hashable {}

/// Random numbers that are the same in each run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func text() -> String {
        String((0..<Int(next() % 20)).map { _ in Character(Unicode.Scalar(UInt8(truncatingIfNeeded: next() % 128))) })
    }
}

func unhex(_ text: String) -> ByteBuffer {
    let digits = text.filter { $0 != " " }.map { UInt8($0.hexDigitValue!) }
    var buffer = ByteBuffer()
    for place in stride(from: 0, to: digits.count, by: 2) {
        buffer.writeInteger(digits[place] << 4 | digits[place + 1])
    }
    return buffer
}

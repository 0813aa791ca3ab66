// What the fuzzer says: an edge with every shape, random frames, mutations.
import IPC
import Mail
import NIOCore

enum FuzzEdge: Edge {
    enum Question: Word {
        case echo(String)
        case never
        case send(Int)
        case many(Record)
        indirect case deeper(Question)
    }
    struct Record: Codable, Sendable {
        var a: Int8
        var b: UInt64
        var c: String?
        var d: [String]
        var e: [UInt8]
        var f: [Int?]
        var g: Double
        var h: [[Bool]]
        var i: RoomName
        var j: UInt16?
    }
    enum Answer: Word { case echo(String), done }
    static let asker = RoomName.listener
    static let server = RoomName.router
    static let name = "listener-router"
}

/// Random numbers that are the same for the same seed.
struct SplitMix {
    private(set) var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func chance(_ part: Int, of whole: Int) -> Bool { below(whole) < part }

    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }

    mutating func text() -> String { String(decoding: (0..<below(20)).map { _ in byte() & 0x7f }, as: UTF8.self) }

    /// Changes, cuts, doubles or adds a few bytes; sometimes nothing.
    mutating func mutate(_ buffer: inout ByteBuffer) {
        for _ in 0..<below(4) {
            let count = buffer.readableBytes
            switch below(5) {
            case 0 where count > 0: buffer.setInteger(byte(), at: buffer.readerIndex + below(count))
            case 1 where count > 0: buffer = buffer.getSlice(at: buffer.readerIndex, length: below(count)) ?? buffer
            case 2 where count > 0:
                let start = below(count)
                let piece = buffer.getSlice(at: buffer.readerIndex + start, length: below(count - start + 1))
                if let piece { buffer.writeImmutableBuffer(piece) }
            case 3: for _ in 0..<below(30) { buffer.writeInteger(byte()) }
            case 4 where count > 4:
                let extremes: [UInt32] = [0, 1, 4, 5, 0x7fff_ffff, 0x8000_0000, .max, 0x0010_0005]
                buffer.setInteger(
                    extremes[below(extremes.count)], at: buffer.readerIndex + below(count - 4), endianness: .little)
            default: break
            }
        }
    }
}

extension FuzzEdge.Question {
    static func random(_ random: inout SplitMix) -> Self {
        switch random.below(5) {
        case 0: .echo(random.text())
        case 1: .never
        case 2: .send(random.below(1 << 20))
        case 3: .deeper(.random(&random))
        default: .many(.random(&random))
        }
    }
}

extension FuzzEdge.Record {
    static func random(_ random: inout SplitMix) -> Self {
        Self(
            a: Int8(bitPattern: random.byte()), b: random.next() >> UInt64(random.below(64)),
            c: random.chance(1, of: 2) ? random.text() : nil,
            d: (0..<random.below(4)).map { _ in random.text() },
            e: (0..<random.below(40)).map { _ in random.byte() },
            f: (0..<random.below(4)).map { _ in random.chance(1, of: 2) ? Int(random.byte()) : nil },
            g: Double(bitPattern: random.next()),
            h: (0..<random.below(3)).map { _ in (0..<random.below(3)).map { _ in random.chance(1, of: 2) } },
            i: RoomName.allCases[random.below(RoomName.allCases.count)],
            j: random.chance(1, of: 2) ? UInt16(random.byte()) : nil)
    }
}

extension Frame {
    /// Mostly what an asker might say, in conversations of small numbers.
    static func random(_ random: inout SplitMix) -> Frame {
        let number = UInt32(random.below(4))
        let last = random.chance(1, of: 3)
        switch random.below(8) {
        case 0: return Frame(.end, number: number, last: true)
        case 1: return Frame(.cancel, number: number)
        case 2:
            let bytes = ByteBuffer(integer: UInt32(random.below(1 << 21)), endianness: .little)
            return Frame(.credit, number: number, payload: bytes)
        case 3, 4:
            let bytes = ByteBuffer(repeating: random.byte(), count: random.below(300))
            return Frame(.content, number: number, last: last, payload: bytes)
        default:
            var payload = ByteBuffer()
            _ = try? BinaryEncoder.encode(FuzzEdge.Question.random(&random), into: &payload)
            let kind: FrameKind = random.chance(1, of: 20) ? .answer : .question
            return Frame(kind, number: number, last: last, payload: payload)
        }
    }
}

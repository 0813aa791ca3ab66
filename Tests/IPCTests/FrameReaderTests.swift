// Frames: golden bytes, many in one read, byte by byte, and what must be refused.
import NIOCore
import Testing

@testable import IPC

struct FrameReaderTests {
    private static let frames: [(frame: Frame, bytes: String)] = [
        (Frame(.hello, number: 0, payload: ByteBuffer(bytes: [1, 0, 0, 0, 2])), "0a000000 01 00000000 0100000002"),
        (Frame(.question, number: 1, payload: ByteBuffer(string: "ab")), "07000000 02 01000000 6162"),
        (Frame(.question, number: 2, last: true, payload: ByteBuffer(string: "c")), "06000000 82 02000000 63"),
        (Frame(.answer, number: 2, last: true), "05000000 83 02000000"),
        (Frame(.content, number: 258, payload: ByteBuffer(string: "body")), "09000000 04 02010000 626f6479"),
        (Frame(.content, number: 1, last: true), "05000000 84 01000000"),
        (Frame(.end, number: 1, last: true), "05000000 85 01000000"),
        (Frame(.cancel, number: .max), "05000000 06 ffffffff"),
        (
            Frame(.credit, number: 1, payload: ByteBuffer(integer: UInt32(0x80000), endianness: .little)),
            "09000000 07 01000000 00000800"
        ),
    ]

    /// Frozen: a change here is a change of the wire, and bumps WireVersion.
    @Test func goldenFrames() {
        for (frame, bytes) in Self.frames {
            var buffer = ByteBuffer()
            frame.write(into: &buffer)
            #expect(buffer == unhex(bytes), "\(frame)")
        }
    }

    /// Content comes in pieces: joined, so that it can be compared with what was written.
    private static func read(_ bytes: ByteBuffer, by size: Int) throws -> [Frame] {
        var reader = FrameReader()
        var bytes = bytes
        var frames: [Frame] = []
        var unfinished: Frame?
        while let part = bytes.readSlice(length: min(size, bytes.readableBytes)), part.readableBytes > 0 {
            reader.append(part)
            while let frame = try reader.next() {
                guard frame.kind == .content else {
                    if let whole = unfinished { frames.append(whole) }
                    unfinished = nil
                    frames.append(frame)
                    continue
                }
                var payload = unfinished?.payload ?? ByteBuffer()
                if let before = unfinished, before.number != frame.number || before.last {
                    frames.append(before)
                    payload = ByteBuffer()
                }
                payload.writeImmutableBuffer(frame.payload)
                unfinished = Frame(.content, number: frame.number, last: frame.last, payload: payload)
            }
        }
        if let unfinished { frames.append(unfinished) }
        return frames
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 10, 11, 64, 4096])
    func anyReadSize(size: Int) throws {
        var buffer = ByteBuffer()
        var expected: [Frame] = []
        for round in 0..<5 {
            for (frame, _) in Self.frames { expected.append(frame); frame.write(into: &buffer) }
            let long = Frame(.question, number: 9, payload: ByteBuffer(repeating: UInt8(round), count: 1000 * round))
            expected.append(long)
            long.write(into: &buffer)
        }
        #expect(try Self.read(buffer, by: size) == expected)
    }

    /// Content is not held back until its frame is whole, and `last` comes with its end.
    @Test func contentStreams() throws {
        var buffer = ByteBuffer()
        Frame(.content, number: 3, last: true, payload: ByteBuffer(string: "abcdef")).write(into: &buffer)
        var reader = FrameReader()
        reader.append(buffer.getSlice(at: 0, length: 11)!)
        #expect(try reader.next() == Frame(.content, number: 3, payload: ByteBuffer(string: "ab")))
        #expect(try reader.next() == nil)
        reader.append(buffer.getSlice(at: 11, length: 4)!)
        #expect(try reader.next() == Frame(.content, number: 3, last: true, payload: ByteBuffer(string: "cdef")))
        #expect(try reader.next() == nil)
    }

    @Test(arguments: [
        ("kind 0", "05000000 00 01000000"), ("kind 8", "05000000 08 01000000"), ("kind 128", "05000000 80 01000000"),
        ("kind 127", "05000000 7f 01000000"), ("too short", "04000000 02 01000000"),
        ("too short", "00000000 02 01000000"), ("question in conversation 0", "05000000 02 00000000"),
        ("content in conversation 0", "06000000 04 00000000 61"), ("hello in conversation 1", "05000000 01 01000000"),
        ("question of 1048577", "06001000 02 01000000"), ("answer of 1048577", "06001000 03 01000000"),
        ("content of 262145", "06000400 04 01000000"), ("content of 0", "05000000 04 01000000"),
        ("question of 4294967290", "ffffffff 02 01000000"), ("hello of 4097", "06100000 01 00000000"),
        ("end of 1", "06000000 85 01000000 00"), ("end that does not end", "05000000 05 01000000"),
        ("cancel of 1", "06000000 06 01000000 00"), ("cancel cannot be the last", "05000000 86 01000000"),
        ("credit of 3", "08000000 07 01000000 000000"), ("credit of 5", "0a000000 07 01000000 0000000000"),
        ("credit cannot be the last", "09000000 87 01000000 00000000"),
        ("hello cannot be the last", "05000000 81 00000000"),
    ])
    func refused(because: String, bytes: String) {
        for size in [1, 4, 4096] {
            #expect { try Self.read(unhex(bytes), by: size) } throws: { "\($0)".contains(because) }
        }
    }

    /// A length is believed only within the limits, and memory is taken for no more than that.
    @Test func longestFramesAreTaken() throws {
        var buffer = ByteBuffer()
        let question = Frame(.question, number: 1, payload: ByteBuffer(repeating: 1, count: 1 << 20))
        let content = Frame(.content, number: 1, payload: ByteBuffer(repeating: 2, count: 256 << 10))
        question.write(into: &buffer)
        content.write(into: &buffer)
        #expect(try Self.read(buffer, by: 60_000) == [question, content])
    }

    /// Any bytes at all: frames or a refusal.
    @Test(arguments: 1...50) func rubbish(seed: UInt64) {
        var random = SplitMix(seed)
        for _ in 0..<200 {
            var buffer = ByteBuffer()
            for (frame, _) in Self.frames where random.next() % 2 == 0 { frame.write(into: &buffer) }
            for _ in 0..<Int(random.next() % 4) where buffer.readableBytes > 0 {
                let place = Int(random.next() % UInt64(buffer.readableBytes))
                buffer.setInteger(UInt8(truncatingIfNeeded: random.next()), at: place)
            }
            _ = try? Self.read(buffer, by: 1 + Int(random.next() % 30))
        }
    }
}

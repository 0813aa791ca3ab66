// The frame, unit of everything that crosses between rooms: its kinds, its header, its limits. See docs/PROTOCOL.md.
import NIOCore

/// Bumped whenever a word of any edge, a frame or the binary form changes: both ends must be the same.
package enum WireVersion {
    package static let current: UInt32 = 1
}

/// The first 9 bytes of each frame: length of what follows (4, little-endian), kind (1), conversation (4).
struct FrameHeader: Equatable {
    static let size = 9
    /// Bytes after the length that are not payload: kind and conversation.
    static let counted = 5

    let kind: FrameKind
    /// The sender's side of the conversation ends with this frame.
    let last: Bool
    /// 0 is the channel itself.
    let number: UInt32
    /// Bytes of payload.
    let length: Int
}

package enum FrameKind: UInt8, Sendable, CaseIterable {
    case hello = 1
    case question = 2
    case answer = 3
    case content = 4
    case end = 5
    case cancel = 6
    case credit = 7

    static let lastBit: UInt8 = 0x80
}

/// One frame, or for content as much of it as has come.
package struct Frame: Equatable, Sendable {
    package let kind: FrameKind
    /// The sender's side ends here. For content cut in pieces only true on the last piece.
    package let last: Bool
    package let number: UInt32
    package let payload: ByteBuffer

    package init(_ kind: FrameKind, number: UInt32, last: Bool = false, payload: ByteBuffer = ByteBuffer()) {
        self.kind = kind
        self.last = last
        self.number = number
        self.payload = payload
    }
}

/// Every bound of a channel. Both ends of an edge use the same.
package struct FrameLimits: Sendable {
    /// Bytes of one encoded question or answer.
    package var message = 1 << 20
    /// Bytes of one content frame; longer content is cut by the sender.
    package var content = 256 << 10
    /// Bytes of a hello.
    package var hello = 4 << 10
    /// Conversations open at once on one channel.
    package var conversations = 65_536
    /// Questions of one conversation that wait for their answer (a transaction may name 10,000 recipients).
    package var openQuestions = 10_100
    /// Bytes of content that a sender may have under way, per conversation and direction, before the receiver credits.
    package var window = 1 << 20
    /// Bytes and pieces that one conversation may queue behind its window; beyond it is cancelled (`.overrun`).
    package var queuedBytes = 4 << 20
    package var queuedPieces = 16_384
    /// Bytes that a channel may hold for a peer that does not read; beyond it the channel is closed.
    package var unsentBytes = 64 << 20
    /// Channels of one serving socket, and how long each has for its hello.
    package var channels = 256
    package var helloTime = TimeAmount.seconds(10)

    package init() {}

    package static let standard = FrameLimits()
}

/// A frame that is not one. The text names the rule and never repeats payload.
package struct FrameViolation: Error, Equatable, Sendable {
    package let because: String

    package init(_ because: String) { self.because = because }
}

extension FrameHeader {
    /// Reads and checks a header; `bytes` holds at least `FrameHeader.size`.
    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer, limits: FrameLimits) throws(FrameViolation) {
        let counted = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
        let tag = bytes[4]
        guard let kind = FrameKind(rawValue: tag & ~FrameKind.lastBit) else {
            throw FrameViolation("unknown kind \(tag)")
        }
        guard counted >= Self.counted else { throw FrameViolation("length \(counted) is too short for a frame") }
        self.kind = kind
        last = tag & FrameKind.lastBit != 0
        number = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 5, as: UInt32.self))
        length = Int(counted) - Self.counted
        try check(limits)
    }

    @inline(__always)
    private func check(_ limits: FrameLimits) throws(FrameViolation) {
        guard (number == 0) == (kind == .hello) else { throw FrameViolation("\(kind) in conversation \(number)") }
        let allowed: ClosedRange<Int>
        switch kind {
        case .hello: allowed = 0...limits.hello
        case .question, .answer: allowed = 0...limits.message
        case .content: allowed = (last ? 0 : 1)...limits.content
        case .end, .cancel: allowed = 0...0
        case .credit: allowed = 4...4
        }
        guard allowed.contains(length) else { throw FrameViolation("\(kind) of \(length) bytes") }
        switch kind {
        case .end: if !last { throw FrameViolation("end that does not end") }
        case .hello, .cancel, .credit: if last { throw FrameViolation("\(kind) cannot be the last of a side") }
        case .question, .answer, .content: break
        }
    }

    /// Appends the 9 bytes.
    @inline(__always)
    func write(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(
            UInt32(truncatingIfNeeded: length + Self.counted),
            kind.rawValue | (last ? FrameKind.lastBit : 0),
            number,
            endianness: .little)
    }
}

extension Frame {
    /// Appends the whole frame: for what is small or rare.
    package func write(into buffer: inout ByteBuffer) {
        FrameHeader(kind: kind, last: last, number: number, length: payload.readableBytes).write(into: &buffer)
        buffer.writeImmutableBuffer(payload)
    }
}

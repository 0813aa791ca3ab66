// One end of one conversation, either side: order, windows, and when it is complete. What the frames mean to a room is
// for Conversation (asking) and Exchange (serving). Confined to the channel's event loop.
//
// Content that we send: what the peer has not credited is never more than the window; the rest waits in `queue`, and
// everything sent later waits behind it, so that order is kept. Content that we hear: what the room has not said it
// consumed is never more than the window; more is the peer's violation.
import NIOCore

package class Flow {
    /// A frame's worth that cannot go out yet.
    private enum Waiting {
        case content(ByteBuffer)
        case message(FrameKind, ByteBuffer, last: Bool)
        case end
    }

    /// nil once the conversation is over, for whatever reason.
    final private(set) var channel: FrameChannel?
    /// 0 until the first frame goes out or came in.
    final var number: UInt32 = 0
    /// Questions that have no answer yet.
    final var open = 0
    /// The asker's side has said (asking) or we have heard (serving) its last frame.
    final var askerEnded = false
    /// The channel has us in its list of those that wait for the socket.
    final var enlisted = false
    /// Called when `isWritable` was false and has become true.
    package final var onWritable: (() -> Void)?

    /// Why it ended before its time.
    final private(set) var endedBy: IPCError?
    /// No more content can come: crediting would be idle.
    final var hearsNoMore = false
    package final let eventLoop: any EventLoop
    private let limits: FrameLimits
    /// Content bytes that we may still send.
    private var credit: Int
    private var queue: CircularBuffer<Waiting>?
    private var queuedBytes = 0
    /// Somebody was told that we are not writable.
    private var toldToWait = false
    /// Content bytes heard and not credited, and how many of them the room has consumed.
    private var heard = 0
    private var consumedBytes = 0

    init(_ channel: FrameChannel) {
        self.channel = channel
        limits = channel.limits
        eventLoop = channel.eventLoop
        credit = channel.limits.window
    }

    /// A question, an answer or content for this conversation. Called by the channel; subclasses give it its meaning.
    func take(_ frame: Frame, on channel: FrameChannel) throws(FrameViolation) {}

    /// The conversation ended before its time. Called once; `channel` is nil already.
    func failed(_ error: IPCError) {}

    /// The conversation is complete. Called once; `channel` is nil already.
    func completed() {}

    /// The earliest deadline of an open question.
    func earliestDeadline() -> NIODeadline? { nil }
}

// Sending.
extension Flow {
    private final var nothingQueued: Bool { queue?.isEmpty ?? true }

    /// Whether content sent now would go out at once. Who reads false is told by `onWritable`.
    package final var isWritable: Bool {
        guard let channel else { return false }
        if nothingQueued && credit > 0 && channel.isWritable { return true }
        toldToWait = true
        if !channel.isWritable { channel.enlist(self) }
        return false
    }

    final func sendContent(_ content: ByteBuffer) {
        guard let channel, content.readableBytes > 0 else { return }
        var rest = content
        if nothingQueued { pour(&rest, into: channel) }
        if rest.readableBytes > 0 { enqueue(.content(rest), bytes: rest.readableBytes) }
    }

    /// Sends a question or an answer, behind the content that waits. Throws when the value cannot be sent at all.
    final func sendMessage(
        _ kind: FrameKind, _ value: some Word, last: Bool
    ) throws(BinaryCoderError) {
        guard let channel else { return }
        if nothingQueued { return try channel.write(kind, value, last: last, of: self) }
        var payload = ByteBuffer()
        try channel.encoder.encode(word: value, limit: limits.message) { payload.writeBytes($0) }
        enqueue(.message(kind, payload, last: last), bytes: payload.readableBytes)
    }

    final func sendEnd() {
        guard let channel else { return }
        if !nothingQueued { return enqueue(.end, bytes: 0) }
        if number != 0 { channel.write(Frame(.end, number: number, last: true)) }
    }

    /// As much content as window and socket take.
    private final func pour(_ rest: inout ByteBuffer, into channel: FrameChannel) {
        begin(on: channel)
        while credit > 0, channel.isWritable {
            let length = min(rest.readableBytes, credit, limits.content)
            guard length > 0, let piece = rest.readSlice(length: length) else { return }
            credit -= length
            channel.write(content: piece, number: number)
        }
        if !channel.isWritable { channel.enlist(self) }
    }

    /// The asker's first frame gives the conversation its number.
    final func begin(on channel: FrameChannel) {
        if number == 0 { channel.enter(self) }
    }

    private final func enqueue(_ waiting: Waiting, bytes: Int) {
        if queue == nil { queue = CircularBuffer(initialCapacity: 4) }
        queue?.append(waiting)
        queuedBytes += bytes
        if queuedBytes > limits.queuedBytes || (queue?.count ?? 0) > limits.queuedPieces {
            end(.overrun, tellPeer: true, later: true)
        }
    }

    /// Window or socket have room again.
    final func drain() {
        guard let channel else { return }
        while let next = queue?.first {
            switch next {
            case .content(var rest):
                let before = rest.readableBytes
                pour(&rest, into: channel)
                queuedBytes -= before - rest.readableBytes
                guard rest.readableBytes == 0 else {
                    if let start = queue?.startIndex { queue?[start] = .content(rest) }
                    return
                }
            case .message(let kind, let payload, let last):
                queuedBytes -= payload.readableBytes
                begin(on: channel)
                channel.write(Frame(kind, number: number, last: last, payload: payload))
            case .end:
                begin(on: channel)
                channel.write(Frame(.end, number: number, last: true))
            }
            queue?.removeFirst()
        }
        completeIfDone()
        if self.channel != nil, toldToWait, isWritable {
            toldToWait = false
            onWritable?()
        }
    }
}

// Hearing.
extension Flow {
    /// The room is done with this many bytes of content; the peer is credited in halves of the window, so that small
    /// messages cost no credit frame.
    package final func consumed(_ bytes: Int) {
        guard let channel else { return }
        consumedBytes = min(consumedBytes + max(0, bytes), heard)
        guard !hearsNoMore, consumedBytes >= limits.window / 2 else { return }
        channel.write(
            Frame(
                .credit, number: number,
                payload: ByteBuffer(integer: UInt32(consumedBytes), endianness: .little)))
        heard -= consumedBytes
        consumedBytes = 0
    }

    final func hear(content: ByteBuffer) throws(FrameViolation) {
        heard += content.readableBytes
        guard heard <= limits.window else { throw FrameViolation("content beyond the window") }
    }

    final func hear(credit payload: ByteBuffer) throws(FrameViolation) {
        let bytes = Int(payload.getInteger(at: payload.readerIndex, endianness: .little, as: UInt32.self) ?? 0)
        guard bytes > 0, credit + bytes <= limits.window else { throw FrameViolation("credit for what was not sent") }
        credit += bytes
        if toldToWait || !nothingQueued { drain() }
    }
}

// Ending.
extension Flow {
    /// The asker's side is complete, all is answered and nothing waits: both sides forget the conversation.
    final func completeIfDone() {
        guard askerEnded, open == 0, nothingQueued, let channel else { return }
        forget(channel)
        completed()
    }

    /// Ends the conversation with an error. `later`: our own room is in the middle of a call to us, and hears of it in
    /// the loop's next turn.
    final func end(_ error: IPCError, tellPeer: Bool, later: Bool = false) {
        guard let channel else { return }
        if tellPeer && number != 0 { channel.write(Frame(.cancel, number: number)) }
        endedBy = error
        forget(channel)
        queue = nil
        guard later else { return failed(error) }
        eventLoop.assumeIsolated().execute { self.failed(error) }
    }

    private final func forget(_ channel: FrameChannel) {
        self.channel = nil
        channel.forget(self)
    }
}

// A message on its way into a response: cut for TOP, dots stuffed, ended by the final dot.

import NIOCore
import POP3

struct POP3Body {
    private var stuffer = DotStuffer()
    private var cutter: TopCutter?

    /// - Parameter bodyLines: TOP's number of lines; nil for the whole message.
    init(bodyLines: UInt32?) { cutter = bodyLines.map { TopCutter(bodyLines: $0) } }

    /// Nothing more of the message will be sent.
    var isComplete: Bool { cutter?.isComplete ?? false }

    mutating func append(_ chunk: ByteBuffer, to outbox: inout ByteBuffer) {
        chunk.withUnsafeReadableBytes { raw in
            let all = raw.assumingMemoryBound(to: UInt8.self)
            let kept = UnsafeBufferPointer(rebasing: all[..<(cutter?.keep(of: all.span) ?? all.count)])
            let span = kept.span
            outbox.reserveCapacity(minimumWritableBytes: kept.count + 64)
            var offset = 0
            while let piece = stuffer.next(in: span, from: &offset) {
                outbox.writeBytes(UnsafeBufferPointer(rebasing: kept[piece.range]))
                if piece.addsDot { outbox.writeInteger(UInt8(ascii: ".")) }
            }
        }
    }

    mutating func end(in outbox: inout ByteBuffer) { outbox.writeStaticString(stuffer.ending) }
}

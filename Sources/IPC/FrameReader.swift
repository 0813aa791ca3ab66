// Bytes in, frames out. Many frames of one read cost no allocation each: payloads are slices of what was read.
// Content comes out as it comes in, in pieces; a question or an answer only whole. Nothing beyond the limits is kept.
import NIOCore

package struct FrameReader: Sendable {
    private let limits: FrameLimits
    /// What was read and not yet looked at.
    private var inbox = ByteBuffer()
    /// A frame that began in an earlier read, with its header; storage of its own.
    private var partial = ByteBuffer()
    /// Bytes that `partial` must have before it can be looked at again.
    private var wanted = FrameHeader.size
    /// The content frame that we are inside of.
    private var content: FrameHeader?
    private var contentLeft = 0

    package init(limits: FrameLimits = .standard) { self.limits = limits }

    /// Hands over what was read. Call `next` until it gives nil before handing over more.
    package mutating func append(_ bytes: ByteBuffer) {
        if inbox.readableBytes == 0 { inbox = bytes } else { inbox.writeImmutableBuffer(bytes) }
    }

    /// The next frame or piece of content; nil when more bytes are needed. After a throw the stream cannot be trusted.
    package mutating func next() throws(FrameViolation) -> Frame? {
        while true {
            if let header = content { return piece(of: header) }
            if partial.readableBytes > 0 {
                guard let frame = try continued() else {
                    if content != nil { continue }
                    return nil
                }
                return frame
            }
            guard inbox.readableBytes > 0 else {
                inbox = ByteBuffer()  // Lets go of the read's storage, so that it can be read into again.
                return nil
            }
            guard inbox.readableBytes >= FrameHeader.size else {
                keep(until: FrameHeader.size)
                return nil
            }
            let header = try Self.header(of: inbox, limits)
            if header.kind == .content {
                inbox.moveReaderIndex(forwardBy: FrameHeader.size)
                begin(header)
                continue
            }
            guard inbox.readableBytes >= FrameHeader.size + header.length else {
                keep(until: FrameHeader.size + header.length)
                return nil
            }
            inbox.moveReaderIndex(forwardBy: FrameHeader.size)
            return Frame(header, inbox.readSlice(length: header.length) ?? ByteBuffer())
        }
    }

    private mutating func begin(_ header: FrameHeader) {
        content = header
        contentLeft = header.length
    }

    /// As much of the content frame as is there. An empty one is a piece too: it ends its side.
    private mutating func piece(of header: FrameHeader) -> Frame? {
        let length = min(contentLeft, inbox.readableBytes)
        guard length > 0 || contentLeft == 0 else { return nil }
        contentLeft -= length
        if contentLeft == 0 { content = nil }
        let bytes = inbox.readSlice(length: length) ?? ByteBuffer()
        return Frame(.content, number: header.number, last: header.last && contentLeft == 0, payload: bytes)
    }

    /// Moves the beginning of a frame out of the read's buffer.
    private mutating func keep(until size: Int) {
        partial = ByteBufferAllocator().buffer(capacity: size)
        wanted = size
        partial.writeBuffer(&inbox)
        inbox = ByteBuffer()
    }

    /// Goes on with a frame that began in an earlier read.
    private mutating func continued() throws(FrameViolation) -> Frame? {
        while true {
            let length = min(wanted - partial.readableBytes, inbox.readableBytes)
            if length > 0, var bytes = inbox.readSlice(length: length) { partial.writeBuffer(&bytes) }
            guard partial.readableBytes == wanted else { return nil }
            let header = try Self.header(of: partial, limits)
            if header.kind == .content {
                partial = ByteBuffer()
                begin(header)
                return nil
            }
            if wanted < FrameHeader.size + header.length {
                wanted = FrameHeader.size + header.length
                partial.reserveCapacity(wanted)
                continue
            }
            let payload = partial.getSlice(at: partial.readerIndex + FrameHeader.size, length: header.length)
            partial = ByteBuffer()
            return Frame(header, payload ?? ByteBuffer())
        }
    }

    @inline(__always)
    private static func header(
        of buffer: ByteBuffer, _ limits: FrameLimits
    ) throws(FrameViolation) -> FrameHeader {
        try buffer.withUnsafeReadableBytes { (bytes) throws(FrameViolation) in try FrameHeader(bytes, limits: limits) }
    }
}

extension Frame {
    @inline(__always)
    fileprivate init(_ header: FrameHeader, _ payload: ByteBuffer) {
        self.init(header.kind, number: header.number, last: header.last, payload: payload)
    }
}

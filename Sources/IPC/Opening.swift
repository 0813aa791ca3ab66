// The beginning of a raw stream between rooms (a session's bytes from listener to store): one value that says whose
// stream it is, then nothing but the stream. A 4-byte little-endian length, the value in the binary form, the bytes.
import NIOCore

package enum Opening {
    /// Bytes of an encoded opening.
    package static let limit = 64 << 10
    static let headLength = 4
}

/// Writes the value that a raw stream begins with.
package enum OpeningWriter {
    /// Appends length and value; on a throw `buffer` is as it was.
    package static func write(_ value: some Encodable, into buffer: inout ByteBuffer) throws(BinaryCoderError) {
        var payload = ByteBuffer()
        try BinaryEncoder.encode(value, limit: Opening.limit, into: &payload)
        buffer.writeInteger(UInt32(payload.readableBytes), endianness: .little)
        buffer.writeImmutableBuffer(payload)
    }
}

/// Why a raw stream was closed before it began.
package enum OpeningError: Error, Equatable, Sendable {
    case tooLong(Int)
    case malformed(BinaryCoderError)
    case late
    /// The peer left before its opening was complete.
    case incomplete
}

/// Reads exactly one value at the start of a stream, hands it over, and gets out of the way: what came behind it, and all
/// that follows, goes on to the next handler, in order. Nothing is read from the socket while `opened` makes up its mind.
package final class OpeningReader<Value: Decodable>: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private enum State {
        case reading
        /// `opened` was called and has not finished.
        case deciding
        /// Bytes pass through until the pipeline has taken us out.
        case done
        case failed
    }

    private var state = State.reading
    private var inbox = ByteBuffer()
    private var readHeld = false
    private var timer: Scheduled<Void>?
    private let within: TimeAmount
    private let opened: (Result<Value, OpeningError>, any Channel) -> EventLoopFuture<Void>?

    /// `opened` gets the value, adds the handlers that take the stream, and gives nil when that is done or a future for
    /// when it will be; a failed future closes the channel. After an error the channel is closed in any case.
    package init(
        within: TimeAmount = .seconds(10),
        opened: @escaping (Result<Value, OpeningError>, any Channel) -> EventLoopFuture<Void>?
    ) {
        self.within = within
        self.opened = opened
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: within) { [self] in fail(.late, context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    package func channelInactive(context: ChannelHandlerContext) {
        fail(.incomplete, context)
        context.fireChannelInactive()
    }

    package func read(context: ChannelHandlerContext) {
        if case .deciding = state { readHeld = true } else { context.read() }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .done: return context.fireChannelRead(data)
        case .failed: return
        case .reading, .deciding: break
        }
        inbox.writeImmutableBuffer(unwrapInboundIn(data))
        if case .reading = state { look(context) }
    }

    private func look(_ context: ChannelHandlerContext) {
        guard let length = inbox.getInteger(at: inbox.readerIndex, endianness: .little, as: UInt32.self) else { return }
        guard length <= Opening.limit else { return fail(.tooLong(Int(length)), context) }
        guard inbox.readableBytes >= Opening.headLength + Int(length) else { return }
        inbox.moveReaderIndex(forwardBy: Opening.headLength)
        let payload = inbox.readSlice(length: Int(length)) ?? ByteBuffer()
        let value: Value
        do throws(BinaryCoderError) { value = try BinaryDecoder.decode(Value.self, from: payload) } catch {
            return fail(.malformed(error), context)
        }
        timer?.cancel()
        state = .deciding
        guard let decision = opened(.success(value), context.channel) else { return pass(context) }
        decision.hop(to: context.eventLoop).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success: pass(context)
            case .failure: close(context)
            }
        }
    }

    /// The rest is the stream's.
    private func pass(_ context: ChannelHandlerContext) {
        guard case .deciding = state else { return }
        state = .done
        let rest = inbox
        inbox = ByteBuffer()
        if rest.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(rest))
            context.fireChannelReadComplete()
        }
        if readHeld { context.read() }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func fail(_ error: OpeningError, _ context: ChannelHandlerContext) {
        switch state {
        case .reading:
            close(context)
            _ = opened(.failure(error), context.channel)
        case .deciding: close(context)
        case .done, .failed: return
        }
    }

    private func close(_ context: ChannelHandlerContext) {
        state = .failed
        timer?.cancel()
        inbox = ByteBuffer()
        context.close(promise: nil)
    }
}

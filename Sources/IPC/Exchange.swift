// The serving end of a conversation, and what a room must do to serve one.
import NIOCore

/// One object per conversation; all calls on its channel's event loop. It is let go when the conversation is complete.
package protocol Conversing<E>: AnyObject {
    associatedtype E: Edge
    /// A question; answered by `exchange.answer`, now or later, in the order asked.
    func question(_ question: E.Question, in exchange: Exchange<E>)
    /// Content, which belongs to the next question. Must lead to `exchange.consumed` of as many bytes sooner or later.
    /// The bytes are a slice of what was read from the socket: who keeps them long should copy them.
    func content(_ bytes: ByteBuffer, in exchange: Exchange<E>)
    /// The asker will send nothing more in this conversation.
    func ended(in exchange: Exchange<E>)
    /// The conversation is over before its time (the peer cancelled or went away): forget everything.
    func cancelled()
}

/// Confined to its channel's event loop.
package final class Exchange<E: Edge>: Flow {
    package let peer: Peer
    private var conversing: (any Conversing<E>)?

    init(_ channel: FrameChannel, peer: Peer) {
        self.peer = peer
        super.init(channel)
    }

    func serve(by conversing: any Conversing<E>) { self.conversing = conversing }

    /// Answers the oldest open question. Ignored when the conversation is over.
    package func answer(_ answer: E.Answer) {
        guard let channel else { return }
        guard open > 0 else { return channel.mistake("answer without a question", in: self) }
        open -= 1
        do throws(BinaryCoderError) {
            try sendMessage(.answer, answer, last: askerEnded && open == 0)
        } catch { return channel.mistake("answer cannot be sent: \(error)", in: self) }
        completeIfDone()
    }

    /// Content for the next answer. Never dropped: what exceeds the window is queued, up to a bound beyond which the
    /// conversation is cancelled; so look at `isWritable` first.
    package func send(_ content: ByteBuffer) { sendContent(content) }

    /// Ends the conversation from this side. `cancelled` is not called.
    package func cancel() {
        conversing = nil
        end(.cancelled, tellPeer: true, later: true)
    }

    override func take(_ frame: Frame, on channel: FrameChannel) throws(FrameViolation) {
        guard !askerEnded else { throw FrameViolation("\(frame.kind) after the last frame of its side") }
        guard let conversing else { return }
        if frame.last {
            askerEnded = true
            hearsNoMore = true
        }
        switch frame.kind {
        case .question: try ask(frame, conversing, channel)
        case .content:
            if frame.payload.readableBytes > 0 { conversing.content(frame.payload, in: self) }
        case .end: break
        default: throw FrameViolation("\(frame.kind) from an asking room")
        }
        guard frame.last, endedBy == nil else { return }
        conversing.ended(in: self)
        completeIfDone()
    }

    private func ask(
        _ frame: Frame, _ conversing: any Conversing<E>, _ channel: FrameChannel
    ) throws(FrameViolation) {
        guard open < channel.limits.openQuestions else { throw FrameViolation("too many open questions") }
        let question: E.Question
        do throws(BinaryCoderError) {
            question = try channel.decoder.decode(word: E.Question.self, from: frame.payload)
        } catch { throw FrameViolation("question does not decode: \(error)") }
        open += 1
        conversing.question(question, in: self)
    }

    override func failed(_ error: IPCError) {
        let conversing = self.conversing
        release()
        conversing?.cancelled()
    }

    override func completed() { release() }

    /// The room's object may hold us in turn.
    private func release() {
        conversing = nil
        onWritable = nil
    }
}

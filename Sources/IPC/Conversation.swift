// The asking end of a conversation: questions in order, each with exactly one answer or one error, in the same order.
import NIOCore

/// Confined to the asker's event loop. It lasts until the last question is answered, `cancel()`, or the channel's end;
/// whoever opens one must come to one of these.
package final class Conversation<E: Edge>: Flow {
    private struct Asked {
        let receive: (Result<E.Answer, IPCError>) -> Void
        let deadline: NIODeadline
    }

    /// The oldest open question, and those behind it.
    private var first: Asked?
    private var others: CircularBuffer<Asked>?

    /// Content coming from the server, which belongs to the next answer. The receiver calls `consumed` when it is done
    /// with the bytes. They are slices of what was read from the socket: who keeps them long should copy them.
    /// Content that nobody takes is thrown away.
    package var onContent: ((ByteBuffer) -> Void)?

    /// The channel was lost, or the peer cancelled, while no question was open to say so.
    package var onFailure: ((IPCError) -> Void)?

    /// Asks. `receive` is called exactly once, on the event loop, never before this returns. `last`: nothing more will be
    /// sent in this conversation. Past the deadline the whole conversation is cancelled, since answers come in order.
    package func ask(
        _ question: E.Question, last: Bool, deadline: TimeAmount,
        _ receive: @escaping (Result<E.Answer, IPCError>) -> Void
    ) {
        guard let channel, !askerEnded, open < channel.limits.openQuestions else {
            return refuse(receive)
        }
        let asked = Asked(receive: receive, deadline: eventLoop.now + deadline)
        open += 1
        if first == nil {
            first = asked
        } else {
            if others == nil { others = CircularBuffer(initialCapacity: 8) }
            others?.append(asked)
        }
        askerEnded = last
        do throws(BinaryCoderError) { try sendMessage(.question, question, last: last) } catch {
            channel.mistake("question cannot be sent: \(error)", in: self)
            return
        }
        channel.watch(asked.deadline)
    }

    private func refuse(_ receive: @escaping (Result<E.Answer, IPCError>) -> Void) {
        let full = channel != nil && !askerEnded
        let error = endedBy ?? (full ? .overrun : .violation("question after the last one"))
        eventLoop.assumeIsolated().execute { receive(.failure(error)) }
    }

    /// Content for the next question. Never dropped: what exceeds the window is queued, up to a bound beyond which the
    /// conversation is cancelled (`.overrun`); so look at `isWritable` first.
    package func send(_ content: ByteBuffer) {
        guard !askerEnded else { return }
        sendContent(content)
    }

    /// Nothing more will be sent.
    package func end() {
        guard channel != nil, !askerEnded else { return }
        askerEnded = true
        sendEnd()
        completeIfDone()
    }

    /// Forgets the conversation on both sides. Open questions are told `.cancelled`.
    package func cancel() {
        onFailure = nil
        end(.cancelled, tellPeer: true, later: true)
    }

    override func take(_ frame: Frame, on channel: FrameChannel) throws(FrameViolation) {
        switch frame.kind {
        case .answer: try answer(frame, channel)
        case .content:
            guard !frame.last, open > 0 || !askerEnded else { throw FrameViolation("content without an answer") }
            guard let onContent else { return consumed(frame.payload.readableBytes) }
            onContent(frame.payload)
        default: throw FrameViolation("\(frame.kind) from a serving room")
        }
    }

    private func answer(_ frame: Frame, _ channel: FrameChannel) throws(FrameViolation) {
        guard let asked = first else { throw FrameViolation("answer without a question") }
        let answer: E.Answer
        do throws(BinaryCoderError) { answer = try channel.decoder.decode(word: E.Answer.self, from: frame.payload) } catch {
            throw FrameViolation("answer does not decode: \(error)")
        }
        first = others?.popFirst()
        open -= 1
        guard !frame.last || (askerEnded && open == 0) else {
            asked.receive(.failure(.disconnected))
            throw FrameViolation("the serving room ended a conversation that is not complete")
        }
        completeIfDone()
        asked.receive(.success(answer))
    }

    override func failed(_ error: IPCError) {
        var asked: [Asked] = []
        if let first { asked.append(first) }
        if let others { asked.append(contentsOf: others) }
        first = nil
        others = nil
        open = 0
        let onFailure = asked.isEmpty ? self.onFailure : nil
        release()
        for question in asked { question.receive(.failure(error)) }
        onFailure?(error)
    }

    override func completed() { release() }

    /// What the room gave us may hold us in turn.
    private func release() {
        onContent = nil
        onFailure = nil
        onWritable = nil
    }

    override func earliestDeadline() -> NIODeadline? {
        guard let first else { return nil }
        guard let others else { return first.deadline }
        return others.reduce(first.deadline) { min($0, $1.deadline) }
    }
}

// A stranger who speaks SMTP: moves bytes between the socket, the pure session and the router. It knows no word of the
// protocol. Confined to its event loop.
//
// Guarantees: everything that follows from one read, or from the answers of one turn of the loop, is written at once;
// nothing is read from a stranger who does not read, or while the router takes no content; what a session holds is
// bounded by `inboxLimit`, `outboxLimit` and one read.

import IPC
import Mail
import NIOCore
import SMTP

final class SMTPConnection: ChannelInboundHandler, LoopSession {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case open
        /// Our last word is out; what still comes is thrown away until the client closes, or until its time is over.
        case farewell
        case closed
    }

    private let loop: SessionLoop
    private var facts: SessionFacts
    private var session: SMTPServerSession
    private var state = State.open
    private var end = SessionEnd.left
    private var context: ChannelHandlerContext?
    private var inbox = ByteBuffer()
    private var outbox = ByteBuffer()
    private var transaction: SMTPTransaction?
    private var messages = 0
    /// When the stranger or the router last did something.
    private var lastMove: UInt32
    private var isPulling = false
    private var isWoken = false
    /// A read is asked for and has not come.
    private var isReading = false
    /// The client will send no more.
    private var inputHasEnded = false
    private var talkedEarly = false

    private static let inboxLimit = 64 << 10
    /// Replies are handed to the socket in pieces of this size; it takes no more than its water mark.
    private static let outboxLimit = 16 << 10
    /// An unused end of a line is not worth a large buffer.
    private static let smallBuffer = 4 << 10

    init(_ facts: SessionFacts, on loop: SessionLoop) {
        self.facts = facts
        self.loop = loop
        lastMove = loop.now
        session = SMTPServerSession(loop.settings.configuration)
    }
}

// What NIO tells.
extension SMTPConnection {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin() }
    }

    func channelActive(context: ChannelHandlerContext) { begin() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .open = state else { return }
        lastMove = loop.now
        let bytes = unwrapInboundIn(data)
        if inbox.readableBytes == 0 {
            inbox = bytes
        } else {
            inbox.discardReadBytes()
            inbox.writeImmutableBuffer(bytes)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        if case .open = state { pull() } else { read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        lastMove = loop.now
        wake()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .some(.inputClosed) = event as? ChannelEvent else { return context.fireUserInboundEventTriggered(event) }
        inputHasEnded = true
        if case .open = state { pull() } else { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        guard self.context != nil else { return }
        self.context = nil
        state = .closed
        inbox = ByteBuffer()
        transaction?.cancel()
        transaction = nil
        loop.leave(self)
        loop.log(.closed(facts, end, messages: messages))
    }
}

// What the loop and the router tell.
extension SMTPConnection {
    /// The banner waits for the router's word.
    private func begin() {
        loop.enter(self)
        loop.log(.opened(facts))
        guard !loop.isStopping else { return shutDown() }
        loop.router.ask(.admit(facts), deadline: loop.settings.timeouts.verdict).assumeIsolated().whenComplete {
            [self] result in admitted(result)
        }
        read()
    }

    private func admitted(_ result: Result<ListenerToRouter.Answer, any Error>) {
        switch result {
        case .success(.admission(.accepted)): session.greet(.welcome)
        case .success(.admission(.refused(let refusal))):
            notAdmitted(refusal.because)
            session.greet(.refused(refusal.reply))
        case .success(.admission(.dropped(let because))):
            notAdmitted(because)
            session.greet(.dropped)
        case .success: wrong("admit")
        case .failure(let error):
            fail("admit: \(error)")
            session.greet(.refused(Reply(421, "4.3.2", "Service not available, try again later")))
        }
        wake()
    }

    private func notAdmitted(_ because: String) {
        loop.figures.notAdmitted.add()
        loop.log(.notAdmitted(facts, because: because))
    }

    /// A peer room's mistake is not the stranger's.
    private func wrong(_ question: String) {
        loop.log(.wrongAnswer(question: question))
        session.greet(.refused(Reply(421, "4.3.0", "Local trouble, try again later")))
    }

    /// The answer to the oldest open question.
    func receive(_ answer: SMTPServerAnswer) {
        lastMove = loop.now
        session.receive(answer)
        wake()
    }

    /// The answer to the oldest open question is the receipt.
    func settled(_ answer: SMTPServerAnswer) {
        transaction = nil
        if case .queued = answer {
            messages += 1
            loop.figures.messages.add()
        }
        receive(answer)
    }

    /// The answer to the oldest open question is our own trouble, and the road to the router is lost with it.
    func lost(_ refusal: Refusal) {
        transaction = nil
        fail(refusal.because)
        receive(.refused(refusal))
    }

    /// The same, while content was on its way and no question was open.
    func lostContent(_ refusal: Refusal) {
        fail(refusal.because)
        session.refuseContent(refusal)
        transaction = nil
        wake()
    }

    private func fail(_ because: String) {
        loop.figures.routerFailures.add()
        loop.log(.routerFailed(facts, because: because))
    }

    func wake() {
        guard !isWoken else { return }
        isWoken = true
        loop.wake(self)
    }

    func goOn() {
        isWoken = false
        pull()
    }

    func tick() {
        switch state {
        case .closed: return
        case .farewell:
            if loop.isOver(loop.settings.timeouts.farewell, since: lastMove) { context?.close(promise: nil) }
        case .open: checkTime()
        }
    }

    private func checkTime() {
        let timeouts = loop.settings.timeouts
        if context?.channel.isWritable == false {
            guard loop.isOver(timeouts.command, since: lastMove) else { return }
            end = .stalled
            context?.close(promise: nil)
            return
        }
        let limit: TimeAmount
        switch session.waitsFor {
        case .command: limit = timeouts.command
        case .content: limit = timeouts.content
        case .answer, .closed: return
        }
        guard loop.isOver(limit, since: lastMove) else { return }
        loop.figures.timedOut.add()
        end = .timedOut
        session.timedOut()
        pull()
    }

    func shutDown() {
        end = .stopped
        session.shutDown()
        pull()
    }
}

// The session.
extension SMTPConnection {
    private func pull() {
        guard !isPulling, context != nil, case .open = state else { return }
        isPulling = true
        while step() {}
        isPulling = false
        transaction?.passOn()
        flush()
        if case .open = state { read() }
    }

    /// One action. False when there is nothing to do until something comes.
    private func step() -> Bool {
        var used = 0
        let action = inbox.withUnsafeReadableBytes { session.next(in: Span(_unsafeBytes: $0), from: &used) }
        if case .content(let range) = action { content(range) }
        inbox.moveReaderIndex(forwardBy: used)
        switch action {
        case .reply(let reply): return say(reply)
        case .ask(let question): ask(question)
        case .openContent: break
        case .content: return transaction?.isWritable ?? true
        case .endContent: deliver()
        case .abortTransaction:
            transaction?.cancel()
            transaction = nil
        case .needsInput, .waits: return rest(action)
        case .close: return close()
        }
        return true
    }

    private func rest(_ action: SMTPServerAction) -> Bool {
        if session.talkedEarly, !talkedEarly {
            talkedEarly = true
            loop.figures.earlyTalkers.add()
            loop.log(.earlyTalker(facts))
        }
        if inbox.readableBytes == 0 {
            inbox = ByteBuffer()
        } else if inbox.readableBytes < Self.smallBuffer, inbox.storageCapacity > Self.smallBuffer {
            inbox = ByteBuffer(bytes: inbox.readableBytesView)
        }
        // The client has closed its side: nothing that it waits for can come but answers.
        if inputHasEnded, action == .needsInput || session.waitsFor == .answer && messagesAreImpossible { return leave() }
        return false
    }

    /// Before the banner nothing can have been said that deserves an answer.
    private var messagesAreImpossible: Bool { session.hello == nil && transaction == nil }

    private func leave() -> Bool {
        flush()
        return close()
    }

    private func say(_ reply: SMTPReply) -> Bool {
        if reply.code >= 400 { loop.figures.refusals.add() }
        reply.withBytes { _ = outbox.writeBytes($0) }
        guard outbox.readableBytes >= Self.outboxLimit, let context else { return true }
        flush()
        // Woken when the stranger has read.
        return context.channel.isWritable
    }

    private func ask(_ question: SMTPQuestion) {
        switch question {
        case .sender(let path, let parameters): begin(path, parameters)
        case .recipient(let address, _):
            // Without a transaction the road was lost before, and all its questions have been answered.
            guard let transaction else { return session.receive(.refused(.local("the transaction was lost"))) }
            transaction.ask(.recipient(address))
        }
    }

    private func begin(_ path: SenderPath, _ parameters: MailParameters) {
        if let limit = loop.settings.messages, messages >= limit {
            return session.receive(.replied(Reply(421, "4.7.0", "Too many messages in one session, closing")))
        }
        loop.figures.transactions.add()
        facts.greeting = session.hello?.name ?? ""
        facts.isExtended = session.hello?.isExtended ?? false
        var sender: EmailAddress?
        if case .mailbox(let address) = path { sender = address }
        do {
            // One whose sender was refused stays open until here: its recipients had to be answered.
            transaction?.cancel()
            let transaction = SMTPTransaction(try loop.router.open(), self, loop.settings.timeouts)
            self.transaction = transaction
            let said = SenderParameters(
                declaredSize: parameters.size.map { UInt64($0) }, isEightBit: parameters.body == .eightBitMIME)
            transaction.ask(.sender(facts, sender, said))
        } catch {
            let refusal = Refusal.local("the router: \(error)")
            fail(refusal.because)
            session.receive(.refused(refusal))
        }
    }

    private func content(_ range: Range<Int>) {
        guard let transaction,
            let bytes = inbox.getSlice(at: inbox.readerIndex + range.lowerBound, length: range.count)
        else { return }
        transaction.content(bytes)
    }

    private func deliver() {
        if let transaction {
            transaction.deliver()
        } else {
            session.receive(.refused(.local("the transaction was lost")))
        }
    }

    private func flush() {
        guard outbox.readableBytes > 0, let context else { return }
        context.writeAndFlush(wrapOutboundOut(outbox), promise: nil)
        if outbox.capacity <= Self.smallBuffer { outbox.clear() } else { outbox = ByteBuffer() }
    }

    /// Asks the socket for more, if there is room for it.
    private func read() {
        guard !isReading, !inputHasEnded, let context else { return }
        if case .open = state {
            guard inbox.readableBytes < Self.inboxLimit, context.channel.isWritable else { return }
            guard session.waitsFor != .content || transaction?.isWritable ?? true else { return }
        }
        isReading = true
        context.read()
    }

    /// Says no more, and reads on for a while: a socket that is closed with unread bytes takes our last reply with it.
    private func close() -> Bool {
        guard let context else { return false }
        flush()
        transaction?.cancel()
        transaction = nil
        inbox = ByteBuffer()
        if case .left = end { end = inputHasEnded ? .left : .complete }
        state = .farewell
        lastMove = loop.now
        if inputHasEnded {
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { [self] _ in self.context?.close(promise: nil) }
            context.close(mode: .output, promise: promise)
        } else {
            context.close(mode: .output, promise: nil)
            read()
        }
        return false
    }
}

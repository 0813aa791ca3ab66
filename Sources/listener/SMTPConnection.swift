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

    enum State {
        case open
        /// 220 was said to STARTTLS; the handshake is under way and nothing is heard.
        case securing
        /// Our last word is out; what still comes is thrown away until the client closes, or until its time is over.
        case farewell
        case closed
    }

    let loop: SessionLoop
    let plan: PortPlan
    private let encryption: Encryption
    var facts: SessionFacts
    var session: SMTPServerSession
    private(set) var state = State.open
    private var end = SessionEnd.left
    private(set) var context: ChannelHandlerContext?
    private var inbox = ByteBuffer()
    private var outbox = ByteBuffer()
    var transaction: SMTPTransaction?
    var login: SASLTalk?
    /// Of the certificate that this client was shown.
    private(set) var channelBinding: [UInt8]?
    private let admission: Admission
    private(set) var messages = 0
    /// When the stranger or the router last did something.
    private var lastMove: UInt32
    private var isPulling = false
    private var isWoken = false
    /// A read is asked for and has not come.
    private var isReading = false
    /// The client will send no more.
    private var inputHasEnded = false
    private var talkedEarly = false
    private var greeting: Scheduled<Void>?

    private static let inboxLimit = 64 << 10
    /// Replies are handed to the socket in pieces of this size; it takes no more than its water mark.
    private static let outboxLimit = 16 << 10
    /// An unused end of a line is not worth a large buffer.
    private static let smallBuffer = 4 << 10

    init(_ arrival: Arrival, on loop: SessionLoop) {
        facts = arrival.facts
        plan = arrival.plan
        encryption = arrival.encryption
        admission = arrival.admission
        channelBinding = arrival.channelBinding
        self.loop = loop
        lastMove = loop.now
        session = SMTPServerSession(
            loop.settings.configuration(of: plan, client: facts.client), isSecured: facts.isEncrypted,
            allowsXClient: plan.smtp.xclient.contains { $0.contains(arrival.facts.client) })
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
        greeting?.cancel()
        inbox = ByteBuffer()
        giveUp()
        loop.leave(self)
        loop.log(.closed(facts, end, messages: messages))
    }
}

// What the loop and the router tell.
extension SMTPConnection {
    private func begin() {
        loop.enter(self)
        loop.log(.opened(facts))
        guard !loop.isStopping else { return shutDown() }
        greet(admission)
        read()
    }

    /// The banner, at once or after a while. Who speaks before it is noticed by the session.
    private func greet(_ admission: Admission) {
        switch admission {
        case .accepted(let terms) where terms.delay > 0 && !facts.isEncrypted:
            let delay = TimeAmount.milliseconds(Int64(terms.delay))
            greeting = loop.eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in greetLate(terms) }
        case .accepted: session.greet(.welcome)
        case .refused(let refusal): session.greet(.refused(refusal.reply))
        case .dropped: session.greet(.dropped)
        }
        wake()
    }

    private func greetLate(_ terms: Terms) {
        lastMove = loop.now
        noteEarlyTalk()
        if talkedEarly, terms.refusesEarlyTalk {
            session.greet(.refused(Reply(554, "5.5.1", "You spoke before you were greeted")))
        } else {
            session.greet(.welcome)
        }
        wake()
    }

    /// RFC 5321 §3.1: known to the router, which counts.
    private func noteEarlyTalk() {
        guard session.talkedEarly, !talkedEarly else { return }
        talkedEarly = true
        loop.figures.earlyTalkers.add()
        loop.log(.earlyTalker(facts))
        report(.talkedEarly)
    }

    private func report(_ offence: Offence) {
        _ = loop.router.ask(.offence(facts, offence), deadline: loop.settings.timeouts.verdict)
    }

    /// XCLIENT: the session begins again for the client behind the proxy.
    func beginAgain() {
        loop.router.ask(.admit(facts), deadline: loop.settings.timeouts.verdict).assumeIsolated().whenComplete {
            [self] result in
            switch result {
            case .success(.admission(let admission)): greet(admission)
            case .success:
                loop.log(.wrongAnswer(question: "admit"))
                session.greet(.refused(Reply(421, "4.3.0", "Local trouble, try again later")))
            case .failure(let error):
                fail("admit: \(error)")
                session.greet(.refused(Reply(421, "4.3.2", "Service not available, try again later")))
            }
            wake()
        }
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

    func fail(_ because: String) {
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
        case .closed, .securing: return
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
        case .startTLS: return startTLS()
        case .cancelAuthentication: endLogin()
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
        noteEarlyTalk()
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
        if reply.code >= 400 { refused(reply) }
        reply.withBytes { _ = outbox.writeBytes($0) }
        guard outbox.readableBytes >= Self.outboxLimit, let context else { return true }
        flush()
        // Woken when the stranger has read.
        return context.channel.isWritable
    }

    private func content(_ range: Range<Int>) {
        guard let transaction,
            let bytes = inbox.getSlice(at: inbox.readerIndex + range.lowerBound, length: range.count)
        else { return }
        transaction.content(bytes)
    }

    private func refused(_ reply: SMTPReply) {
        loop.figures.refusals.add()
        if reply == .standard(.tooManyErrors) { report(.tooManyErrors) }
    }

    /// The client, or the connection, is gone: nothing of the transaction and of the login is wanted any more.
    private func giveUp() {
        transaction?.cancel()
        transaction = nil
        endLogin()
    }

    private func endLogin() {
        login?.cancel()
        login = nil
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

    /// RFC 3207 §4.2: what was received in clear and not used is never looked at.
    private func startTLS() -> Bool {
        guard let context else { return false }
        flush()
        inbox = ByteBuffer()
        state = .securing
        let patience = loop.settings.timeouts.entrance
        encryption.secure(context.channel, old: plan.oldTLS, within: patience).assumeIsolated().whenComplete {
            [self] result in
            guard case .securing = state else { return }
            switch result {
            case .success(let binding):
                state = .open
                lastMove = loop.now
                (channelBinding, facts.isEncrypted, facts.greeting) = (binding, true, "")
                session.secured()
                // What came with the end of the handshake is on its way; reads are asked for again.
                isReading = false
                wake()
            case .failure(let error):
                loop.log(.notEntered(facts, because: "STARTTLS: \(error)"))
                self.context?.close(promise: nil)
            }
        }
        return false
    }

    /// Says no more, and reads on for a while: a socket that is closed with unread bytes takes our last reply with it.
    private func close() -> Bool {
        guard let context else { return false }
        flush()
        giveUp()
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

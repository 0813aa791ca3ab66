// A POP3 client from the greeting to its login: the shell around `POP3LoginSession`. What the client has pipelined
// behind PASS goes with it to the store, whose first line answers PASS.

import IPC
import Mail
import NIOCore
import POP3

package final class LoginConnection: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    var facts: SessionFacts
    let router: LoginRouter
    let limits: LoginLimits
    private let connector: SessionConnector
    let security: LoginSecurity
    let log: @Sendable (LoginEvent) -> Void

    var session: POP3LoginSession
    var inbox = ByteBuffer()
    private var outbox = ByteBuffer()
    private var user = ""
    var talk: SASLTalk?
    var channelBinding: [UInt8]?
    private var ticket: Ticket?
    private var timer: Scheduled<Void>?
    private var isAdmitted = false
    private var isPulling = false
    /// The session has used up what it can of `inbox`.
    private var wantsInput = false
    var isHoldingRead = false
    var isSecuring = false
    private var clientHasEnded = false
    /// Nothing is pulled any more: the store or the farewell has the connection, or it is gone.
    var isOver = false

    package init(
        _ facts: SessionFacts, router: LoginRouter, connector: SessionConnector, limits: LoginLimits = LoginLimits(),
        pop3: POP3Limits = POP3Limits(), offer: POP3Offer = POP3Offer(), security: LoginSecurity = LoginSecurity(),
        timestamp: String? = nil, log: @escaping @Sendable (LoginEvent) -> Void
    ) {
        self.facts = facts
        self.router = router
        self.limits = limits
        self.connector = connector
        self.log = log
        self.security = security
        channelBinding = security.channelBinding
        session = POP3LoginSession(limits: pop3, offer: offer, isSecured: facts.isEncrypted, timestamp: timestamp)
    }
}

// The channel.
extension LoginConnection {
    package func handlerAdded(context: ChannelHandlerContext) {
        prepare(context.channel)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: limits.login) {
            let (login, context) = bound.value
            login.timedOut(context)
        }
        if context.channel.isActive { askAdmission(context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    package func channelActive(context: ChannelHandlerContext) {
        askAdmission(context)
        context.fireChannelActive()
    }

    package func read(context: ChannelHandlerContext) {
        // A client that says more than is answered is not listened to: `inbox` holds a line and one read at most.
        if isOver || wantsInput || isSecuring { context.read() } else { isHoldingRead = true }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        var bytes = unwrapInboundIn(data)
        inbox.writeBuffer(&bytes)
        wantsInput = false
        pull(context)
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { pull(context) }
        context.fireChannelWritabilityChanged()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            clientHasEnded = true
            pull(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        isOver = true
        endTalk()
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Small buffers from the start: what the login needs is a line.
    func prepare(_ channel: any Channel) {
        guard let options = channel.syncOptions else { return }
        try? options.setOption(.autoRead, value: true)
        try? options.setOption(.allowRemoteHalfClosure, value: true)
        try? options.setOption(.maxMessagesPerRead, value: 1)
        try? options.setOption(.recvAllocator, value: Splice.reading)
        try? options.setOption(.writeBufferWaterMark, value: Splice.waterMark)
    }

    private func timedOut(_ context: ChannelHandlerContext) {
        guard !isOver else { return }
        log(.timedOut(facts))
        isOver = true
        context.close(promise: nil)
    }
}

// Admission: the greeting waits for the router.
extension LoginConnection {
    private func askAdmission(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        router.admit(facts).hop(to: context.eventLoop).assumeIsolated().whenComplete { result in
            let (login, context) = bound.value
            login.admitted(result, context)
        }
    }

    private func admitted(_ result: Result<Admission, any Error>, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        switch result {
        case .success(.accepted):
            isAdmitted = true
            pull(context)
        case .success(.refused(let refusal)):
            log(.notAdmitted(facts, because: refusal.because))
            let code: POP3Reply.Code? = refusal.reply.isTransient ? .temporary : nil
            outbox.writeString(POP3Reply.error(refusal.reply.text, code).line)
            leave(context)
        case .success(.dropped(let because)):
            log(.notAdmitted(facts, because: because))
            isOver = true
            context.close(promise: nil)
        case .failure(let error):
            log(.loginUnavailable(facts, because: "admit: \(error)"))
            outbox.writeString(POP3Reply.unavailable.line)
            leave(context)
        }
    }
}

// The session.
extension LoginConnection {
    func pull(_ context: ChannelHandlerContext) {
        guard isAdmitted, !isPulling, !isOver else { return }
        isPulling = true
        defer { isPulling = false }
        while context.channel.isWritable {
            var offset = 0
            let action = inbox.withUnsafeReadableBytes {
                session.next(in: $0.assumingMemoryBound(to: UInt8.self).span, from: &offset)
            }
            inbox.moveReaderIndex(forwardBy: offset)
            switch action {
            case .reply(let reply): outbox.writeString(reply.line)
            case .write(let bytes): outbox.writeBytes(bytes)
            case .authenticate(let credentials): ask(credentials, context)
            case .exchange(let exchange): go(on: exchange, context)
            case .cancelExchange: endTalk()
            case .verifyDigest(let login): verify(login, context)
            case .startTLS: return startTLS(context)
            case .needsInput: return waitForInput(context)
            case .waits: return flush(context)
            case .handOver: return handOver(context)
            case .close: return leave(context)
            }
            if outbox.readableBytes >= Splice.waterMark.low { flush(context) }
        }
    }

    /// Replies go out together, when we wait.
    func flush(_ context: ChannelHandlerContext) {
        guard outbox.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(outbox), promise: nil)
        outbox = ByteBuffer()
    }

    private func waitForInput(_ context: ChannelHandlerContext) {
        if clientHasEnded { return leave(context) }
        flush(context)
        if inbox.readableBytes == 0 { inbox = ByteBuffer() }
        wantsInput = true
        guard isHoldingRead else { return }
        isHoldingRead = false
        context.read()
    }

    private func leave(_ context: ChannelHandlerContext) {
        flush(context)
        isOver = true
        timer?.cancel()
        let (channel, limits, hasEnded) = (context.channel, limits, clientHasEnded)
        context.pipeline.syncOperations.removeHandler(self).assumeIsolated().whenComplete { _ in
            SpliceFarewell.take(channel, limits: limits, clientHasEnded: hasEnded)
        }
    }

    private func ask(_ credentials: POP3Credentials, _ context: ChannelHandlerContext) {
        user = credentials.user
        let login = Login(facts: facts, user: credentials.user, password: credentials.password)
        let asked = NIODeadline.now()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        router.authenticate(login).hop(to: context.eventLoop).assumeIsolated().whenComplete { result in
            let (login, context) = bound.value
            login.answered(result, asked: asked, context)
        }
    }

    func answered(
        _ result: Result<LoginAnswer, any Error>, asked: NIODeadline, _ context: ChannelHandlerContext
    ) {
        guard !isOver else { return }
        switch result {
        case .success(.granted(let grant)):
            (ticket, user) = (grant.ticket, grant.name)
            session.receive(.granted)
            pull(context)
        case .success(.refused(let user)):
            log(.loginRefused(facts, user: user))
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.assumeIsolated().scheduleTask(deadline: asked + limits.refusal) {
                let (login, context) = bound.value
                guard !login.isOver else { return }
                login.session.receive(.refused)
                login.pull(context)
            }
        // At once: who has proved a password guesses nothing.
        case .success(.forbidden(let user)):
            log(.loginRefused(facts, user: user))
            session.receive(.forbidden)
            pull(context)
        case .success(.unavailable(let because)): unavailable(because, context)
        case .failure(let error): unavailable("\(error)", context)
        }
    }

    private func unavailable(_ because: String, _ context: ChannelHandlerContext) {
        log(.loginUnavailable(facts, because: because))
        session.receive(.unavailable)
        pull(context)
    }
}

// The hand-over.
extension LoginConnection {
    private func handOver(_ context: ChannelHandlerContext) {
        guard let ticket else { preconditionFailure("handed over without a ticket") }
        flush(context)
        isPulling = true
        let excuse = ByteBuffer(string: POP3Reply.unavailable.line)
        let splice = Splice(facts, limits: limits, excuse: excuse, log: log)
        let opening = SessionOpening(
            ticket: ticket, facts: facts, isUTF8: session.isUTF8, mechanisms: session.mechanismsOffered,
            offersTLS: session.offersTLS)
        let bound = NIOLoopBound((self, context, splice), eventLoop: context.eventLoop)
        connector.connect(on: context.eventLoop, within: limits.connecting) { channel in
            try channel.pipeline.syncOperations.addHandler(bound.value.2.store)
        }.assumeIsolated().whenComplete { result in
            let (login, context, splice) = bound.value
            login.connected(result, opening, splice, context)
        }
    }

    private func connected(
        _ result: Result<any Channel, any Error>, _ opening: SessionOpening, _ splice: Splice,
        _ context: ChannelHandlerContext
    ) {
        isPulling = false
        do {
            let store = try result.get()
            guard !isOver else {
                splice.abandon()
                return store.close(promise: nil)
            }
            guard store.isActive else { throw ChannelError.eof }
            var first = context.channel.allocator.buffer(capacity: 512 + inbox.readableBytes)
            try OpeningWriter.write(opening, into: &first)
            first.writeBuffer(&inbox)
            store.writeAndFlush(first, promise: nil)
            try replace(with: splice, context)
            log(.handedOver(facts, user: user))
        } catch {
            splice.abandon()
            guard !isOver else { return }
            log(.storeUnreachable(facts, because: "\(error)"))
            outbox.writeString(POP3Reply.unavailable.line)
            leave(context)
        }
    }

    private func replace(with splice: Splice, _ context: ChannelHandlerContext) throws {
        isOver = true
        timer?.cancel()
        try context.pipeline.syncOperations.addHandler(splice.client, position: .after(self))
        let (channel, hasEnded) = (context.channel, clientHasEnded)
        let bound = NIOLoopBound(splice, eventLoop: context.eventLoop)
        context.pipeline.syncOperations.removeHandler(self).assumeIsolated().whenComplete { _ in
            bound.value.start(clientHasEnded: hasEnded)
            // A read of the login's may have been held back.
            channel.read()
        }
    }
}

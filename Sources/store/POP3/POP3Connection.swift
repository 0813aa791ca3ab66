// One client's POP3 session behind the login: opens the maildrop, plays `POP3MaildropSession`, and gives the maildrop
// back in whatever way the connection ends. Messages are read ahead as far as the client has pipelined.

import IPC
import Mail
import NIOCore
import POP3

package actor POP3Connection {
    /// Sent when this much is ready: fewer and larger writes.
    static let flushAt = 65_536
    /// What is read ahead for one client at a time; a larger message is streamed.
    static let readAhead: UInt64 = 65_536
    static let retrievalsAhead = 64

    nonisolated let stream: SessionStream
    nonisolated let visit: MaildropVisit
    nonisolated let access: any MaildropAccess
    private let opening: SessionOpening
    private let limits: SessionLimits
    private let pace: LoginPace
    private let holders: MaildropHolders
    private let log: @Sendable (SessionEvent) -> Void

    private var outbox: ByteBuffer
    private var spools: [MaildropMessage] = []
    private var ahead: [POP3MaildropSession.Retrieval] = []
    private var aheadOctets: UInt64 = 0
    private var body = POP3Body(bodyLines: nil)
    /// The response to the retrieval at hand has its first line.
    private var hasBegun = false
    private var holder: MaildropHolder?
    private var retrieved = 0

    private nonisolated var account: AccountID { visit.maildrop }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        stream.channel.eventLoop.executor.asUnownedSerialExecutor()
    }

    package init(
        _ stream: SessionStream, _ opening: SessionOpening, visit: MaildropVisit, access: any MaildropAccess,
        limits: SessionLimits, pace: LoginPace, holders: MaildropHolders,
        log: @escaping @Sendable (SessionEvent) -> Void
    ) {
        self.stream = stream
        self.visit = visit
        self.access = access
        self.opening = opening
        self.limits = limits
        self.pace = pace
        self.holders = holders
        self.log = log
        outbox = stream.channel.allocator.buffer(capacity: 512)
    }

    /// From the reply to PASS to the end. The channel is not closed here.
    package func serve() async {
        guard pace.mayEnter(visit) else {
            log(.tooSoon(opening.facts, visit))
            return await stream.sendLast(ByteBuffer(string: POP3Reply.tooSoon.line))
        }
        let maildrop: Maildrop
        do throws(MaildropError) {
            maildrop = try await open()
        } catch {
            return await refuse(error)
        }
        holder = holders.entered(account, stream.channel)
        pace.entered(visit)
        spools = maildrop.messages
        let list = maildrop.messages.map { POP3Message(uid: $0.uid, size: $0.size) }
        var session = POP3MaildropSession(
            uidValidity: maildrop.uidValidity, messages: list, limits: limits.pop3, offer: opening.offer(pace),
            uidl: limits.uidl, isSecured: opening.facts.isEncrypted, isUTF8: opening.isUTF8,
            isReadOnly: visit.isReadOnly)
        while await advance(&session) {}
        giveBack()
        log(.left(account, retrieved: retrieved))
        if outbox.readableBytes > 0 { await stream.sendLast(outbox) }
    }

    private func open() async throws(MaildropError) -> Maildrop {
        do throws(MaildropError) { return try await access.openMaildrop(account) } catch {
            guard error == .locked, await holders.takeOver(account) else { throw error }
        }
        log(.tookOver(opening.facts, visit))
        return try await access.openMaildrop(account)
    }

    private func refuse(_ error: MaildropError) async {
        if error == .locked {
            outbox.writeString(POP3Reply.inUse.line)
        } else {
            outbox.writeString(POP3Reply.unavailable.line)
            log(.trouble(account, error))
        }
        await stream.sendLast(outbox)
    }

    /// Before the last reply is sent: a client that has read it may log in again at once.
    private func giveBack() {
        guard let holder else { return }
        self.holder = nil
        access.closeMaildrop(account)
        holders.left(account, holder)
    }

    /// Performs one action. False: the session is over.
    private func advance(_ session: inout POP3MaildropSession) async -> Bool {
        let action = stream.use { session.next(in: $0, from: &$1) }
        if case .retrieve(let retrieval) = action {
            ahead.append(retrieval)
            aheadOctets += retrieval.size
            guard aheadOctets >= Self.readAhead || ahead.count >= Self.retrievalsAhead else { return true }
            return await deliver()
        }
        if !ahead.isEmpty, await !deliver() { return false }
        switch action {
        case .reply(let reply): outbox.writeString(reply.line)
        case .write(let bytes): outbox.writeBytes(bytes)
        case .remove(let uids): session.receive(await remove(uids))
        case .needsInput:
            guard await flush() else { return false }
            // A session may be idle for minutes: what a burst needed is given back.
            outbox = stream.channel.allocator.buffer(capacity: 512)
            defer { holder?.sign() }
            return await stream.fill()
        case .close: return false
        case .waits, .retrieve: preconditionFailure("answered where it was asked")
        }
        if outbox.readableBytes >= Self.flushAt { return await flush() }
        return true
    }

    private func remove(_ uids: [UInt32]) async -> POP3MaildropSession.Removal {
        do throws(MaildropError) {
            try await access.removeMessages(uids, of: account)
            return .removed
        } catch {
            log(.trouble(account, error))
            return .failed
        }
    }

    private func flush() async -> Bool {
        guard outbox.readableBytes > 0 else { return stream.isAlive }
        let isAlive = await stream.send(outbox)
        holder?.sign()
        // The same memory again, if the socket has taken all of it.
        outbox.clear()
        return isAlive
    }
}

// Retrievals.
extension POP3Connection {
    /// Answers the retrievals read ahead, in their order.
    private func deliver() async -> Bool {
        defer {
            ahead.removeAll(keepingCapacity: true)
            aheadOctets = 0
        }
        var next = 0
        while next < ahead.count {
            let first = next
            while next < ahead.count, ahead[next].size <= Self.readAhead { next += 1 }
            if next > first {
                guard await deliverSmall(first..<next) else { return false }
            }
            guard next < ahead.count else { return true }
            guard await deliverLarge(ahead[next]) else { return false }
            next += 1
        }
        return true
    }

    private func deliverSmall(_ range: Range<Int>) async -> Bool {
        let results = await access.readTogether(range.map { spools[ahead[$0].index].spool })
        for (index, result) in zip(range, results) {
            switch result {
            case .success(let bytes):
                begin(ahead[index])
                body.append(bytes, to: &outbox)
                end()
            case .failure(let error):
                hasBegun = false
                fail(error)
            }
            if outbox.readableBytes >= Self.flushAt {
                guard await flush() else { return false }
            }
        }
        return true
    }

    private func deliverLarge(_ retrieval: POP3MaildropSession.Retrieval) async -> Bool {
        hasBegun = false
        do {
            try await access.readChunks(spools[retrieval.index].spool) { [self] chunk in
                try await append(chunk, of: retrieval)
            }
            if !hasBegun { begin(retrieval) }
            end()
            return true
        } catch ReadingStop.topIsComplete {
            end()
            return true
        } catch ReadingStop.clientIsGone {
            return false
        } catch {
            fail(error as? MaildropError ?? .unavailable("\(error)"))
            return !hasBegun
        }
    }

    /// Takes the next piece of a message that is streamed.
    private func append(_ chunk: ByteBuffer, of retrieval: POP3MaildropSession.Retrieval) async throws(ReadingStop) {
        if !hasBegun { begin(retrieval) }
        body.append(chunk, to: &outbox)
        if outbox.readableBytes >= Self.flushAt, await !flush() { throw .clientIsGone }
        if body.isComplete { throw .topIsComplete }
    }

    private enum ReadingStop: Error { case topIsComplete, clientIsGone }

    private func begin(_ retrieval: POP3MaildropSession.Retrieval) {
        hasBegun = true
        outbox.writeString(retrieval.opening.line)
        body = POP3Body(bodyLines: retrieval.bodyLines)
    }

    private func end() {
        body.end(in: &outbox)
        retrieved += 1
    }

    /// A response that has begun cannot be taken back: the connection then ends without the final dot.
    private func fail(_ error: MaildropError) {
        log(.trouble(account, error))
        if hasBegun { return }
        if case .damaged = error {
            outbox.writeString(POP3Reply.damaged.line)
        } else {
            outbox.writeString(POP3Reply.unreadable.line)
        }
    }
}

extension SessionOpening {
    /// What the client was shown before its login.
    fileprivate func offer(_ pace: LoginPace) -> POP3Offer {
        var offer = POP3Offer()
        offer.loginDelay = POP3LoginDelay(pace.seconds)
        offer.mechanisms = facts.isEncrypted ? [] : mechanisms
        offer.securedMechanisms = facts.isEncrypted ? mechanisms : []
        offer.tls = offersTLS ? .offered : .none
        return offer
    }
}

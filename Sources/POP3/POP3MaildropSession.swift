// The TRANSACTION and UPDATE states of RFC 1939 §5 and §6 as the store speaks them: bytes in, actions out. Who logged
// in, and that the maildrop is locked for this session alone, is settled before.

/// What the session knows of a message.
package struct POP3Message: Equatable, Sendable {
    package var uid: UInt32
    /// RETR and TOP refuse the message with `[UTF8]` to a client that has not said UTF8, as RFC 6856 §2.1 has it for
    /// headers in UTF-8. False where such mail goes out as it is, as Dovecot sends it: most clients show it well and never
    /// say UTF8, and a message that is refused again and again keeps some of them from all those behind it.
    package var needsUTF8: Bool
    /// Octets on the wire without the added dots.
    package var size: UInt64

    package init(uid: UInt32, size: UInt64, needsUTF8: Bool = false) {
        self.uid = uid
        self.needsUTF8 = needsUTF8
        self.size = size
    }
}

package struct POP3MaildropSession: Sendable {
    package enum Action: Equatable, Sendable {
        /// The bytes hold no complete line.
        case needsInput
        /// `receive` leads on. No more bytes are read until then.
        case waits
        case reply(POP3Reply)
        /// Complete lines of a listing; at most `POP3Limits.listingPiece` octets and one line more.
        case write([UInt8])
        /// To answer in its turn; the session goes on meanwhile, so that messages can be read ahead.
        case retrieve(Retrieval)
        /// QUIT: the messages with these uids go; answered by `receive`.
        case remove([UInt32])
        /// The last action.
        case close
    }

    /// RETR or TOP: `opening`, the message with its dots stuffed, `DotStuffer.ending`; or `POP3Reply.damaged` or
    /// `.unreadable` alone.
    package struct Retrieval: Equatable, Sendable {
        /// Place in the maildrop's list, from 0.
        package var index: Int
        package var size: UInt64
        /// TOP: how many lines of the body. nil: the whole message.
        package var bodyLines: UInt32?

        // RFC 1957 knows clients that read the size here.
        package var opening: POP3Reply { bodyLines == nil ? .ok("\(size) octets") : .ok("Top of message follows") }
    }

    package enum Removal: Equatable, Sendable {
        case removed
        case failed
    }

    private enum Listing: Equatable { case list, uidl }

    private enum State: Equatable {
        /// The reply to PASS has not been sent.
        case opened
        case idle
        /// A listing is on its way; `next` is the index of the message whose line follows.
        case listing(Listing, next: Int)
        /// UPDATE: the store removes messages; only `receive` leads out.
        case updating
        case ending(POP3Reply)
        case ended
    }

    private let limits: POP3Limits
    private let offer: POP3Offer
    private let uidl: POP3UIDLFormat
    private let isSecured: Bool
    private let isUTF8: Bool
    private let isReadOnly: Bool
    private let uidValidity: UInt32
    private let messages: [POP3Message]
    private var deleted: DeletedMessages
    private var lines = POP3LineReader()
    private var state = State.opened
    private var errors = 0

    /// - Parameters:
    ///   - offer: What CAPA shows: that of the login, with this user's own times.
    ///   - isSecured: `POP3LoginSession.isSecured` at the hand-over.
    ///   - isUTF8: `POP3LoginSession.isUTF8` at the hand-over.
    ///   - isReadOnly: No message can be deleted.
    package init(
        uidValidity: UInt32, messages: [POP3Message], limits: POP3Limits = POP3Limits(), offer: POP3Offer = POP3Offer(),
        uidl: POP3UIDLFormat = .usual, isSecured: Bool = false, isUTF8: Bool = false,
        isReadOnly: Bool = false
    ) {
        self.uidValidity = uidValidity
        self.messages = messages
        self.limits = limits
        self.offer = offer
        self.uidl = uidl
        self.isSecured = isSecured
        self.isUTF8 = isUTF8
        self.isReadOnly = isReadOnly
        deleted = DeletedMessages(count: messages.count, octets: messages.reduce(0) { $0 &+ $1.size })
    }

    /// One step. Reads from `offset` on and moves it behind what it has used.
    package mutating func next(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> Action {
        switch state {
        case .opened:
            state = .idle
            return .reply(.ok(counted(messages.count)))
        case .idle:
            return read(bytes, &offset)
        case .listing(let listing, let index):
            return piece(of: listing, from: index)
        case .updating:
            return .waits
        case .ending(let reply):
            state = .ended
            return .reply(reply)
        case .ended:
            offset = bytes.count
            return .close
        }
    }

    /// The answer to `remove`.
    package mutating func receive(_ removal: Removal) {
        guard state == .updating else { preconditionFailure("an answer without a question") }
        // RFC 1939 §6: QUIT ends the session whether or not all messages could be removed.
        state = .ending(removal == .removed ? .goodbye : .notRemoved)
    }
}

// Reading commands.
extension POP3MaildropSession {
    private mutating func read(_ bytes: borrowing Span<UInt8>, _ offset: inout Int) -> Action {
        switch lines.next(in: bytes, from: &offset, limits) {
        case .needsInput: return .needsInput
        case .tooLong: return fail(.lineTooLong)
        case .endless: return end(saying: .lineTooLong)
        case .line(let line): return perform(bytes, POP3Command.read(bytes, line, limits.leniency))
        }
    }

    private mutating func perform(_ bytes: borrowing Span<UInt8>, _ command: POP3Command) -> Action {
        switch command.keyword {
        case .retr: return retrieve(bytes, command.argument)
        case .top: return top(bytes, command.argument)
        case .dele: return delete(bytes, command.argument)
        case .list: return list(.list, bytes, command.argument)
        case .uidl: return list(.uidl, bytes, command.argument)
        case .stat, .rset, .noop, .capa, .quit:
            guard command.argument == nil else { return fail(.syntax) }
            return performAlone(command.keyword)
        case .lang: return language(bytes, command.argument)
        case .user, .pass, .apop, .auth, .stls, .utf8: return fail(.loggedIn)
        case nil: return fail(.unknownCommand)
        }
    }

    private mutating func performAlone(_ keyword: POP3Keyword?) -> Action {
        switch keyword {
        case .stat: return succeed(.reply(.ok("\(deleted.count) \(deleted.octets)")))
        case .capa:
            return succeed(.write(offer.capabilities(isSecured: isSecured, isLoggedIn: true, limits)))
        case .noop: return succeed(.reply(.alive))
        case .rset:
            deleted.forgetAll(of: messages)
            return succeed(.reply(.ok(counted(messages.count))))
        default: return quit()
        }
    }

    // retr = "RETR" SP msg
    private mutating func retrieve(_ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?) -> Action {
        guard let argument, let number = POP3Number.read(bytes, argument) else { return fail(.syntax) }
        switch findToSend(number) {
        case .failure(let reply): return fail(reply.reply)
        case .success(let index): return succeed(.retrieve(Retrieval(index: index, size: messages[index].size)))
        }
    }

    // top = "TOP" SP msg SP n
    private mutating func top(_ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?) -> Action {
        guard let argument, let (number, lines) = POP3Number.readPair(bytes, argument) else { return fail(.syntax) }
        switch findToSend(number) {
        case .failure(let reply): return fail(reply.reply)
        case .success(let index):
            let retrieval = Retrieval(index: index, size: messages[index].size, bodyLines: lines)
            return succeed(.retrieve(retrieval))
        }
    }

    // dele = "DELE" SP msg
    private mutating func delete(_ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?) -> Action {
        guard let argument, let number = POP3Number.read(bytes, argument) else { return fail(.syntax) }
        switch find(number) {
        case .failure(let reply): return fail(reply.reply)
        // No mistake of the client's: it may say it of every message.
        case .success where isReadOnly: return .reply(.readOnly)
        case .success(let index):
            deleted.mark(index, octets: messages[index].size)
            return succeed(.reply(.ok("Deleted")))
        }
    }

    // list = "LIST" [SP msg]
    // uidl = "UIDL" [SP msg]
    private mutating func list(
        _ listing: Listing, _ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?
    ) -> Action {
        guard let argument else {
            state = .listing(listing, next: 0)
            return succeed(.reply(.ok(counted(deleted.count))))
        }
        guard let number = POP3Number.read(bytes, argument) else { return fail(.syntax) }
        switch find(number) {
        case .failure(let reply): return fail(reply.reply)
        case .success(let index):
            var line: [UInt8] = []
            appendLine(of: listing, index, to: &line)
            return succeed(.reply(.ok(String(decoding: line, as: UTF8.self))))
        }
    }

    private mutating func language(_ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?) -> Action {
        switch POP3Language.answer(bytes, argument) {
        case .listing(let lines): return succeed(.write(lines))
        case .chosen(let reply): return succeed(.reply(reply))
        case .refused(let reply): return fail(reply)
        }
    }

    // quit = "QUIT"
    private mutating func quit() -> Action {
        let uids = deleted.indices.map { messages[$0].uid }
        guard !uids.isEmpty else { return end(saying: .goodbye) }
        state = .updating
        return .remove(uids)
    }
}

// Answering.
extension POP3MaildropSession {
    private mutating func piece(of listing: Listing, from first: Int) -> Action {
        var piece: [UInt8] = []
        piece.reserveCapacity(min((messages.count - first) * 24 + 3, limits.listingPiece + 64))
        var index = first
        while index < messages.count, piece.count < limits.listingPiece {
            if !deleted.contains(index) {
                appendLine(of: listing, index, to: &piece)
                piece += [0x0D, 0x0A]
            }
            index += 1
        }
        if index == messages.count {
            piece += ".\r\n".utf8
            state = .idle
        } else {
            state = .listing(listing, next: index)
        }
        return .write(piece)
    }

    /// Without its end.
    private func appendLine(of listing: Listing, _ index: Int, to output: inout [UInt8]) {
        output += "\(index + 1) ".utf8
        switch listing {
        case .list: output += "\(messages[index].size)".utf8
        case .uidl: uidl.append(uidValidity: uidValidity, uid: messages[index].uid, to: &output)
        }
    }

    private func counted(_ count: Int) -> String { count == 1 ? "1 message" : "\(count) messages" }

    private struct Unfound: Error { var reply: POP3Reply }

    private func find(_ number: UInt32) -> Result<Int, Unfound> {
        guard number >= 1, number <= messages.count else { return .failure(Unfound(reply: .noSuchMessage)) }
        let index = Int(number) - 1
        return deleted.contains(index) ? .failure(Unfound(reply: .deletedMessage)) : .success(index)
    }

    private func findToSend(_ number: UInt32) -> Result<Int, Unfound> {
        find(number).flatMap { index in
            messages[index].needsUTF8 && !isUTF8 ? .failure(Unfound(reply: .needsUTF8)) : .success(index)
        }
    }

    private mutating func succeed(_ action: Action) -> Action {
        errors = 0
        return action
    }

    private mutating func fail(_ reply: POP3Reply) -> Action {
        errors += 1
        if errors >= limits.errors { return end(saying: .tooManyErrors) }
        return .reply(reply)
    }

    private mutating func end(saying reply: POP3Reply) -> Action {
        state = .ended
        return .reply(reply)
    }
}

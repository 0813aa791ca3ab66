// The AUTHORIZATION state of RFC 1939 §4 as the listener speaks it: bytes in, actions out. It ends by handing the
// connection over to the store's session, whose first line is the reply to PASS: the client sees exactly one.

import Mail

/// A name and a password as the client gave them.
package struct POP3Credentials: Equatable, Sendable {
    package var user: String
    package var password: Secret

    package static func == (left: Self, right: Self) -> Bool {
        left.user == right.user && left.password.bytes == right.password.bytes
    }
}

package struct POP3LoginSession: Sendable {
    package enum Action: Equatable, Sendable {
        /// The bytes hold no complete line.
        case needsInput
        /// `receive` leads on. No more bytes are read until then.
        case waits
        case reply(POP3Reply)
        /// Complete lines.
        case write([UInt8])
        case authenticate(POP3Credentials)
        /// The bytes from `offset` on, and all that follow, belong to the store's session. The last action.
        case handOver
        /// The last action.
        case close
    }

    package enum Answer: Equatable, Sendable {
        case granted
        /// RFC 3206 §4. Which of name and password is wrong is not said.
        case refused
        case unavailable
    }

    private enum State: Equatable {
        /// The greeting has not been sent.
        case connected
        /// We wait for commands; the name is what the last USER said.
        case idle(user: String?)
        /// We have asked whether the credentials are right; only `receive` leads out.
        case authenticating
        /// The credentials are right; the connection goes to the store.
        case granted
        /// The reply says why; then idle again.
        case replying(POP3Reply)
        /// The reply is the last word.
        case ending(POP3Reply)
        case ended(handedOver: Bool)
    }

    private let limits: POP3Limits
    private var lines = POP3LineReader()
    private var state = State.connected
    private var errors = 0
    private var refusedLogins = 0

    package init(limits: POP3Limits = POP3Limits()) { self.limits = limits }

    /// One step. Reads from `offset` on and moves it behind what it has used.
    package mutating func next(in bytes: borrowing Span<UInt8>, from offset: inout Int) -> Action {
        switch state {
        case .connected:
            state = .idle(user: nil)
            return .reply(.greeting)
        case .idle(let user):
            return read(bytes, &offset, user)
        case .authenticating:
            return .waits
        case .replying(let reply):
            state = .idle(user: nil)
            return .reply(reply)
        case .granted:
            state = .ended(handedOver: true)
            return .handOver
        case .ending(let reply):
            state = .ended(handedOver: false)
            return .reply(reply)
        case .ended(let handedOver):
            if handedOver { return .handOver }
            offset = bytes.count
            return .close
        }
    }

    /// The answer to `authenticate`.
    package mutating func receive(_ answer: Answer) {
        guard state == .authenticating else { preconditionFailure("an answer without a question") }
        switch answer {
        case .granted: state = .granted
        case .unavailable: state = .replying(.unavailable)
        case .refused:
            refusedLogins += 1
            state = refusedLogins < limits.refusedLogins ? .replying(.refused) : .ending(.tooManyLogins)
        }
    }

    private mutating func read(
        _ bytes: borrowing Span<UInt8>, _ offset: inout Int, _ user: String?
    ) -> Action {
        switch lines.next(in: bytes, from: &offset, limits) {
        case .needsInput: return .needsInput
        case .tooLong: return fail(.lineTooLong)
        case .endless: return end(saying: .lineTooLong)
        case .line(let line): return perform(bytes, POP3Command.read(bytes, line, limits.leniency), user)
        }
    }

    private mutating func perform(
        _ bytes: borrowing Span<UInt8>, _ command: POP3Command, _ user: String?
    ) -> Action {
        switch command.keyword {
        case .user where !limits.takesPasswords, .pass where !limits.takesPasswords: return fail(.encryptFirst)
        case .user: return name(bytes, command.argument)
        case .pass: return password(bytes, command.argument, user)
        case .capa where command.argument == nil:
            return succeed(.write(limits.takesPasswords ? POP3Reply.capabilities : POP3Reply.capabilitiesWithoutUser))
        case .quit where command.argument == nil: return end(saying: .goodbye)
        case .capa, .quit: return fail(.syntax)
        case .noop, .stat, .list, .uidl, .retr, .top, .dele, .rset: return fail(.loginFirst)
        case .apop, .auth, .stls, nil: return fail(.unknownCommand)
        }
    }

    // user = "USER" SP name
    // RFC 1939 §7: +OK may be said for a name that does not exist, so it is said always.
    private mutating func name(_ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?) -> Action {
        guard let argument, !argument.isEmpty, let name = text(bytes, argument) else { return fail(.syntax) }
        state = .idle(user: name)
        return succeed(.reply(.passwordNext))
    }

    // pass = "PASS" SP string
    private mutating func password(
        _ bytes: borrowing Span<UInt8>, _ argument: Range<Int>?, _ user: String?
    ) -> Action {
        guard let user else { return fail(.nameFirst) }
        guard let argument, !argument.isEmpty, !holdsNUL(bytes, argument) else {
            state = .idle(user: nil)
            return fail(.syntax)
        }
        state = .authenticating
        let password = bytes.withUnsafeBufferPointer { Array($0[argument]) }
        return succeed(.authenticate(POP3Credentials(user: user, password: Secret(password))))
    }

    /// nil: not UTF-8, or with control octets that no name has.
    private func text(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> String? {
        bytes.withUnsafeBufferPointer { all in
            let octets = all[range]
            guard octets.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
            return String(validating: octets, as: UTF8.self)
        }
    }

    private func holdsNUL(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] == 0 { return true }
        return false
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
        state = .ended(handedOver: false)
        return .reply(reply)
    }
}

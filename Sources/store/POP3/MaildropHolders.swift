// Who has which maildrop open. A client whose connection died without a word (a telephone between two networks) comes back
// long before that is noticed: after a while of silence its new session ends the old one and gets the maildrop. What the old
// one had marked stays, as with every session that does not end with QUIT (RFC 1939 §3, §6).

import Mail
import NIOCore
import Synchronization

/// One session that has a maildrop open.
final class MaildropHolder: Sendable {
    private let channel: any Channel
    private let isGone: EventLoopPromise<Void>
    /// Nanoseconds of `NIODeadline`.
    private let lastSign: Atomic<UInt64>

    fileprivate init(_ channel: any Channel) {
        self.channel = channel
        isGone = channel.eventLoop.makePromise()
        lastSign = Atomic(NIODeadline.now().uptimeNanoseconds)
    }

    /// The client has sent something, or has taken what was sent.
    func sign() { lastSign.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed) }

    fileprivate func isSilent(for time: TimeAmount) -> Bool {
        NIODeadline.now() - .uptimeNanoseconds(lastSign.load(ordering: .relaxed)) >= time
    }

    fileprivate func gone() { isGone.succeed() }

    /// Closes the connection. False: the maildrop was not given back in time.
    fileprivate func end(within patience: TimeAmount) async -> Bool {
        channel.close(promise: nil)
        let answer = channel.eventLoop.makePromise(of: Bool.self)
        isGone.futureResult.whenSuccess { answer.succeed(true) }
        let late = channel.eventLoop.scheduleTask(in: patience) { answer.succeed(false) }
        answer.futureResult.whenComplete { _ in late.cancel() }
        return (try? await answer.futureResult.get()) ?? false
    }
}

package final class MaildropHolders: Sendable {
    /// How long a session that is ended may take to give its maildrop back: what it has begun to remove is removed first.
    private static let patience = TimeAmount.seconds(5)

    private struct State {
        /// nil: no session is ended for another.
        var silence: TimeAmount?
        var holders: [AccountID: MaildropHolder] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// For every login from now on; zero: no session is ended for another.
    package func set(_ silence: Duration) {
        let amount = silence > .zero ? TimeAmount.milliseconds(Int64(silence / .milliseconds(1))) : nil
        state.withLock { $0.silence = amount }
    }

    /// The account's maildrop is open in this session.
    func entered(_ account: AccountID, _ channel: any Channel) -> MaildropHolder {
        let holder = MaildropHolder(channel)
        state.withLock { $0.holders[account] = holder }
        return holder
    }

    /// To be called once for each holder, when the lock has been given back.
    func left(_ account: AccountID, _ holder: MaildropHolder) {
        state.withLock { state in
            if state.holders[account] === holder { state.holders[account] = nil }
        }
        holder.gone()
    }

    /// Ends the session that has the account's maildrop, if its client has been silent for long enough.
    /// - Returns: the maildrop can be had now.
    func takeOver(_ account: AccountID) async -> Bool {
        let silent = state.withLock { state -> MaildropHolder? in
            guard let silence = state.silence, let holder = state.holders[account], holder.isSilent(for: silence) else {
                return nil
            }
            return holder
        }
        return await silent?.end(within: Self.patience) ?? false
    }
}

// The router's counters, for `postern status`. Counted on the event loops, read from anywhere.

import IPC
import Mail
import Synchronization

final class RouterFigures: Sendable {
    final class Counter: Sendable {
        private let value = Atomic<Int64>(0)
        func add(_ amount: Int64 = 1) { value.wrappingAdd(amount, ordering: .relaxed) }
        var current: Int64 { value.load(ordering: .relaxed) }
    }

    let transactions = Counter()
    let recipientsLocal = Counter()
    let recipientsRelayed = Counter()
    let refusedUnknown = Counter()
    let refusedRelay = Counter()
    let refusedFull = Counter()
    /// Our own trouble: a recipient or a message that was told to come later.
    let refusedForNow = Counter()
    let messagesAccepted = Counter()
    let messagesRefused = Counter()
    let submissions = Counter()
    let directoryHits = Counter()
    let directoryMisses = Counter()
    let loginsGranted = Counter()
    let loginsRefused = Counter()
    let loginsUnavailable = Counter()

    func figures() -> [Figure] {
        [
            Figure("transactions", transactions.current),
            Figure("recipients local", recipientsLocal.current),
            Figure("recipients relayed", recipientsRelayed.current),
            Figure("recipients refused: unknown", refusedUnknown.current),
            Figure("recipients refused: relay denied", refusedRelay.current),
            Figure("recipients refused: mailbox full", refusedFull.current),
            Figure("refused for now", refusedForNow.current),
            Figure("messages accepted", messagesAccepted.current),
            Figure("messages refused", messagesRefused.current),
            Figure("submissions of our own", submissions.current),
            Figure("directory hits", directoryHits.current),
            Figure("directory misses", directoryMisses.current),
            Figure("logins granted", loginsGranted.current),
            Figure("logins refused", loginsRefused.current),
            Figure("logins unavailable", loginsUnavailable.current),
        ]
    }

    func count(_ decision: RecipientDecision) {
        switch decision.outcome {
        case .take(let boxes, let strangers):
            if !boxes.isEmpty { recipientsLocal.add() }
            if !strangers.isEmpty { recipientsRelayed.add() }
        case .refuse(let refusal):
            switch decision.rule {
            case .overQuota: refusedFull.add()
            case _ where refusal.reply.isTransient: refusedForNow.add()
            case .access(.unknownRecipient), .classified, .undecided, .badAddress: refusedUnknown.add()
            case .access, .limit: refusedRelay.add()
            }
        }
    }

    func count(_ answer: LoginAnswer) {
        switch answer {
        case .granted: loginsGranted.add()
        case .refused, .forbidden: loginsRefused.add()
        case .unavailable: loginsUnavailable.add()
        }
    }
}

// What all conversations of one event loop of the router have in common: the road to the store, what is known of the
// directory, the policy as it is now. Confined to that loop.

import IPC
import Mail
import NIOCore

final class RouterLoop: @unchecked Sendable {
    // Unchecked: what changes is only touched on the event loop.
    let store: Asker<RouterToStore>
    let directory: DirectoryCache
    let authentication: Authentication
    let figures: RouterFigures
    let log: @Sendable (RouterEvent) -> Void
    /// Seconds since 1970 in UTC.
    let now: @Sendable () -> Int64
    var policy: RouterPolicy

    init(
        _ store: Asker<RouterToStore>, policy: RouterPolicy, figures: RouterFigures, directoryLimit: Int,
        now: @escaping @Sendable () -> Int64, log: @escaping @Sendable (RouterEvent) -> Void
    ) {
        self.store = store
        self.policy = policy
        self.figures = figures
        self.now = now
        self.log = log
        directory = DirectoryCache(store, limit: directoryLimit, figures: figures, log: log)
        authentication = Authentication(store, figures: figures, log: log)
    }

    /// Classifies a recipient; `body` is called once, at once or later.
    func decide(
        _ recipient: EmailAddress, relay: RelayPolicy.Rule,
        _ body: @escaping (Result<RecipientDecision, Refusal>) -> Void
    ) {
        directory.resident(of: recipient) { [self] found in
            switch found {
            case .failure(let refusal): body(.failure(refusal))
            case .success(let resident):
                let substitutes = policy.classifier.substitutes(for: recipient, resident)
                if substitutes.isEmpty {
                    body(.success(policy.classifier.decide(recipient, resident, relay: relay)))
                } else {
                    decidePostmaster(recipient, substitutes[...], [], body)
                }
            }
        }
    }

    /// Asks for the substitutes in turn until one is an account.
    private func decidePostmaster(
        _ recipient: EmailAddress, _ substitutes: ArraySlice<EmailAddress>, _ residents: [Resident],
        _ body: @escaping (Result<RecipientDecision, Refusal>) -> Void
    ) {
        guard let next = substitutes.first else {
            return body(.success(policy.classifier.decidePostmaster(recipient, residents)))
        }
        directory.resident(of: next) { [self] found in
            switch found {
            case .failure(let refusal): body(.failure(refusal))
            case .success(let resident):
                decidePostmaster(recipient, substitutes.dropFirst(), residents + [resident], body)
            }
        }
    }
}

// Which mechanisms some account can use, as the router knows it (D8): asked again and again, and answered late, when it
// changes. Confined to its loop.

import IPC
import NIOCore

final class MechanismNews: @unchecked Sendable {
    // Unchecked: only touched on the asker's event loop.
    private let router: Asker<ListenerToRouter>
    private let tell: ([String]) -> Void
    private var version: UInt64 = 0
    private var question: Conversation<ListenerToRouter>?

    /// The router answers within five minutes also when there is no news.
    private static let deadline = TimeAmount.minutes(6)
    private static let pause = TimeAmount.seconds(1)

    init(_ router: Asker<ListenerToRouter>, _ tell: @escaping ([String]) -> Void) {
        self.router = router
        self.tell = tell
    }

    func start() {
        router.onConnect { [self] in
            version = 0
            ask()
        }
    }

    private func ask() {
        question?.cancel()
        question = nil
        guard let conversation = try? router.open() else { return }
        question = conversation
        conversation.ask(.mechanisms(since: version), last: true, deadline: Self.deadline) {
            [self, weak conversation] result in
            guard let conversation, question === conversation else { return }
            question = nil
            guard case .success(.mechanisms(let names, let version)) = result else { return later() }
            let isNew = version != self.version
            self.version = version
            if isNew { tell(names) }
            if isNew { ask() } else { later() }
        }
    }

    private func later() {
        router.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { [self] in
            if question == nil, router.isConnected { ask() }
        }
    }
}

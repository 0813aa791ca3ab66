// Keeps systemd's watchdog quiet as long as the process can still run a timer.

import Glibc
import NIOPosix
import Systemd

/// Pings from an event loop: a process whose loops hang is ended and started again.
final class Watchdog: Sendable {
    init(_ notify: Notify?) {
        guard let notify, let interval = try? Notify.watchdogInterval() else { return }
        let (seconds, attoseconds) = interval.components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        MultiThreadedEventLoopGroup.singleton.any().scheduleRepeatedTask(
            initialDelay: .nanoseconds(nanoseconds), delay: .nanoseconds(nanoseconds)
        ) { _ in notify.send(.watchdog) }
    }
}

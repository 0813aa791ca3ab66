// What all sessions of one event loop have in common: the road to the router, the settings as they are now, one clock
// for all time-outs, and a list of those that have something to do. Confined to that loop.

import IPC
import Mail
import NIOCore
import SMTP

/// A stranger's session, as its loop sees it.
protocol LoopSession: AnyObject {
    /// One more unit of the loop's clock is over.
    func tick()
    /// Something that the session waited for has come.
    func goOn()
    /// The room stops: say the last word.
    func shutDown()
}

final class SessionLoop: @unchecked Sendable {
    // Unchecked: what changes is only touched on the event loop.
    let eventLoop: any EventLoop
    let router: Asker<ListenerToRouter>
    let figures: ListenerFigures
    let log: @Sendable (ListenerEvent) -> Void
    private(set) var settings: SMTPService
    /// Units of the clock since the start (it wraps). Nobody asks the machine for the time.
    private(set) var now: UInt32 = 0
    private let unit: TimeAmount
    private var sessions: [ObjectIdentifier: any LoopSession] = [:]
    private var woken: [any LoopSession] = []
    private var clock: RepeatedTask?
    private lazy var news = MechanismNews(router) { [self] in settings.mechanisms = $0 }
    private(set) var isStopping = false

    /// - Parameter unit: How coarse time-outs are.
    init(
        _ router: Asker<ListenerToRouter>, settings: SMTPService, figures: ListenerFigures, unit: TimeAmount,
        log: @escaping @Sendable (ListenerEvent) -> Void
    ) {
        self.router = router
        self.settings = settings
        self.figures = figures
        self.unit = unit
        self.log = log
        eventLoop = router.eventLoop
    }

    func start() {
        router.start()
        news.start()
        eventLoop.execute { [self] in
            clock = eventLoop.scheduleRepeatedTask(initialDelay: unit, delay: unit) { [self] _ in
                now &+= 1
                for session in sessions.values { session.tick() }
            }
        }
    }

    /// Tells every session to end; asks the router no more when `after` is over.
    func stop() {
        eventLoop.execute { [self] in
            isStopping = true
            for session in Array(sessions.values) { session.shutDown() }
        }
    }

    func close() -> EventLoopFuture<Void> {
        eventLoop.submit { [self] in clock?.cancel() }.flatMap { [router] in router.close() }
    }

    func use(_ settings: SMTPService) {
        eventLoop.execute { [self] in
            var settings = settings
            settings.mechanisms = self.settings.mechanisms
            self.settings = settings
        }
    }

    func enter(_ session: any LoopSession) { sessions[ObjectIdentifier(session)] = session }

    func leave(_ session: any LoopSession) { sessions[ObjectIdentifier(session)] = nil }

    /// Whether so much time has passed since `tick`.
    func isOver(_ time: TimeAmount, since tick: UInt32) -> Bool {
        // Up to one unit had passed already when `tick` was read.
        Int64(now &- tick) * unit.nanoseconds >= time.nanoseconds + (time > unit ? 0 : unit.nanoseconds)
    }

    /// Lets the session go on at the end of this turn of the loop: answers that come together are used together, and
    /// what follows from them goes out in one write. Sessions do not call twice before they went on.
    func wake(_ session: any LoopSession) {
        woken.append(session)
        guard woken.count == 1 else { return }
        eventLoop.assumeIsolatedUnsafeUnchecked().execute { [self] in
            let sessions = woken
            woken.removeAll(keepingCapacity: sessions.count <= 1024)
            for session in sessions { session.goOn() }
        }
    }
}

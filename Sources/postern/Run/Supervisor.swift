// The parent of `postern run`: starts the rooms, restarts one that dies, passes signals on, stops them in order.
// One thread, one poll. It opens no port and reads no mail; as root it is the only process that stays root.

import CLinux
import Glibc
import Mail

/// Runs until SIGTERM or SIGINT. Owned by the thread that calls `run`.
final class Supervisor {
    private let rooms: [RoomProcess]
    private let signals: CInt
    private let logs: RoomLogs
    private let hooks: Hooks
    private var isStopping = false
    private var saidReady = false
    /// Monotonic milliseconds at which a dead room is started again.
    private var restarts: [(at: Int64, room: RoomProcess)] = []

    struct Hooks {
        /// All rooms are ready for the first time.
        var ready: () -> Void
        /// SIGHUP: whether the settings are right, so that the rooms should read them again.
        var mayReload: () -> Bool
    }

    init(rooms: [RoomProcess], logs: RoomLogs, hooks: Hooks) throws(RunError) {
        self.rooms = rooms
        self.logs = logs
        self.hooks = hooks
        signals = clinux_signal_descriptor()
        guard signals >= 0 else { throw RunError("cannot watch signals: \(errorText(-signals))") }
    }

    func run() throws(RunError) {
        for room in rooms { try room.start() }
        while true {
            waitForNews()
            for room in rooms {
                room.drainOutput { logs.write($0, of: room.room) }
                if room.hearReadiness() { logs.say("the \(room.room.rawValue) is ready") }
            }
            while case let number = clinux_next_signal(signals), number > 0 {
                if number == SIGCHLD {
                    reap()
                } else if number == SIGHUP {
                    reload()
                } else {
                    return stop()
                }
            }
            try startAgain()
            if !saidReady, rooms.allSatisfy(\.isReady) {
                saidReady = true
                hooks.ready()
            }
        }
    }

    private func waitForNews() {
        var watched = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
        for room in rooms {
            watched.append(pollfd(fd: room.readiness, events: Int16(POLLIN), revents: 0))
            if room.output >= 0 { watched.append(pollfd(fd: room.output, events: Int16(POLLIN), revents: 0)) }
        }
        let next = restarts.map(\.at).min().map { max(0, $0 - Clock.milliseconds()) }
        poll(&watched, nfds_t(watched.count), next.map { CInt(min($0, 60_000)) } ?? -1)
    }

    private func reap() {
        var status: CInt = 0
        while case let ended = waitpid(-1, &status, WNOHANG), ended > 0 {
            guard let room = rooms.first(where: { $0.pid == ended }) else { continue }
            room.drainOutput { logs.write($0, of: room.room) }
            let pause = room.died()
            guard !isStopping else { continue }
            let after = pause == 0 ? "now" : "in \(pause) ms"
            logs.say("the \(room.room.rawValue) ended (\(describe(status))); it is started again \(after)")
            restarts.append((Clock.milliseconds() + pause, room))
        }
    }

    private func startAgain() throws(RunError) {
        let now = Clock.milliseconds()
        let due = restarts.filter { $0.at <= now }
        restarts.removeAll { $0.at <= now }
        for (_, room) in due { try room.start() }
    }

    private func reload() {
        guard hooks.mayReload() else { return }
        logs.say("reloading the settings")
        for room in rooms { room.signal(SIGHUP) }
    }

    /// Those who talk to strangers first, the store last, so that nothing that was begun loses its lower neighbour.
    private func stop() {
        isStopping = true
        logs.say("stopping")
        for name in [RoomName.listener, .delivery, .router, .store] {
            guard let room = rooms.first(where: { $0.room == name }), room.pid != nil else { continue }
            room.signal(SIGTERM)
            let deadline = Clock.milliseconds() + 10_000
            while room.pid != nil {
                var watched = [
                    pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: room.output, events: Int16(POLLIN), revents: 0),
                ]
                poll(&watched, nfds_t(room.output >= 0 ? 2 : 1), 200)
                _ = clinux_next_signal(signals)
                room.drainOutput { logs.write($0, of: room.room) }
                reap()
                if room.pid != nil, Clock.milliseconds() > deadline {
                    logs.say("the \(name.rawValue) did not stop within 10 s; it is killed")
                    room.signal(SIGKILL)
                }
            }
        }
        logs.say("stopped")
    }

    private func describe(_ status: CInt) -> String {
        let signal = status & 0x7F
        return signal == 0 ? "exit status \((status >> 8) & 0xFF)" : "signal \(signal)"
    }
}

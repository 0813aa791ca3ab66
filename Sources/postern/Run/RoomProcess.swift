// One room as a child process of `postern run`: started, heard, restarted. No decisions about other rooms here.

import CLinux
import Door
import Glibc
import IPC
import Mail

/// A room's process, its log pipe and its readiness socket. Owned by the supervisor, one thread.
final class RoomProcess {
    let room: RoomName
    private let command: SpawnOrder
    /// nil while the room is not running.
    private(set) var pid: pid_t?
    /// Reading end of the room's standard error; -1 while there is none.
    private(set) var output: CInt = -1
    /// Where the room says READY=1 (the protocol of sd_notify).
    let readiness: CInt
    private(set) var isReady = false
    /// Monotonic milliseconds of the last start, and how often in a row the room died within ten seconds of it.
    private var startedAt: Int64 = 0
    private var quickDeaths = 0
    private var partialLine: [UInt8] = []

    struct SpawnOrder {
        var program: String
        var arguments: [String]
        var environment: [String]
        var readinessPath: String
        /// What the room proves itself with to the others.
        var keys: EdgeKeys
    }

    init(_ room: RoomName, _ command: SpawnOrder) throws(RunError) {
        self.room = room
        self.command = command
        readiness = try DatagramSocket.bind(command.readinessPath)
    }

    func start() throws(RunError) {
        var log: [CInt] = [-1, -1]
        var keys: [CInt] = [-1, -1]
        guard clinux_pipe(&log) == 0, clinux_pipe(&keys) == 0 else {
            throw RunError("cannot make a pipe for the \(room.rawValue): \(errorText(errno))")
        }
        defer {
            close(log[1])
            close(keys[0])
        }
        let result = spawn(standardError: log[1], keys: keys[0])
        guard case .success(let child) = result else {
            close(log[0])
            close(keys[1])
            if case .failure(let error) = result { throw error }
            return
        }
        defer { close(keys[1]) }
        do {
            try command.keys.write(to: keys[1])
        } catch {
            throw RunError("cannot hand its keys to the \(room.rawValue): \(error)")
        }
        _ = fcntl(log[0], F_SETFL, O_NONBLOCK)
        (pid, output, isReady, startedAt) = (child, log[0], false, Clock.milliseconds())
    }

    private func spawn(standardError: CInt, keys: CInt) -> Result<pid_t, RunError> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, standardError, 1)
        posix_spawn_file_actions_adddup2(&actions, standardError, 2)
        // A descriptor that already has its number would keep its close-on-exec flag: it goes by way of another one.
        posix_spawn_file_actions_adddup2(&actions, keys, RoomProcess.keysDescriptor + 1)
        posix_spawn_file_actions_adddup2(&actions, RoomProcess.keysDescriptor + 1, RoomProcess.keysDescriptor)
        posix_spawn_file_actions_addclose(&actions, RoomProcess.keysDescriptor + 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // A process group of its own: Ctrl-C reaches the parent only, which stops the rooms in their order.
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        var child: pid_t = 0
        let failure = withCStrings([command.program] + command.arguments) { arguments in
            withCStrings(command.environment) { environment in
                posix_spawn(&child, command.program, &actions, &attributes, arguments, environment)
            }
        }
        if failure != 0 {
            return .failure(RunError("cannot start \(command.program): \(errorText(failure))"))
        }
        return .success(child)
    }

    /// The descriptor on which a room finds its keys.
    static let keysDescriptor = Door.keysDescriptor

    /// Reads what the room said about its readiness.
    /// - Returns: true when it became ready with this call.
    func hearReadiness() -> Bool {
        var became = false
        while let text = DatagramSocket.read(readiness) {
            if text.split(separator: "\n").contains("READY=1"), !isReady {
                isReady = true
                became = true
            }
        }
        return became
    }

    /// Hands complete log lines, as many as came, to `lines`; keeps at most 16 KiB of an incomplete one.
    func drainOutput(_ lines: (ArraySlice<UInt8>) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while output >= 0 {
            let count = read(output, &buffer, buffer.count)
            if count < 0, errno == EAGAIN { return }
            if count <= 0 {
                if !partialLine.isEmpty { lines((partialLine + [UInt8(ascii: "\n")])[...]) }
                partialLine = []
                close(output)
                output = -1
                return
            }
            partialLine += buffer[..<count]
            if let end = partialLine.lastIndex(of: UInt8(ascii: "\n")) {
                lines(partialLine[...end])
                partialLine.removeSubrange(...end)
            }
            if partialLine.count > 16_384 {
                lines((partialLine + [UInt8(ascii: "\n")])[...])
                partialLine = []
            }
        }
    }

    /// The process ended. Says after how many milliseconds it may be started again: at once the first time, then
    /// slower and slower while it keeps dying within ten seconds.
    func died() -> Int64 {
        let lived = Clock.milliseconds() - startedAt
        (pid, isReady) = (nil, false)
        quickDeaths = lived < 10_000 ? quickDeaths + 1 : 0
        return quickDeaths <= 2 ? 0 : min(5_000, 100 << Int64(min(quickDeaths - 3, 6)))
    }

    func signal(_ number: CInt) {
        if let pid { kill(pid, number) }
    }
}

struct RunError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

enum Clock {
    /// Monotonic milliseconds.
    static func milliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }
}

func errorText(_ number: CInt) -> String { String(cString: strerror(number)) }

/// Calls `body` with a null-terminated array of C strings.
func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    defer { pointers.forEach { free($0) } }
    pointers.append(nil)
    return body(pointers)
}

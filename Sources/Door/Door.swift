// The door of a room: the five steps that every Main takes in the same order. After `close` nothing new can be opened.
// A step that cannot be taken ends the process with one line that says why: exit status 1.

import CLinux
import Dispatch
import Glibc
import IPC
import Journal
import Mail
import NIOCore
import Sandbox
import Settings
import Systemd

/// Used by the main thread of a room, from the first line of Main to the last. Not to be shared.
package final class Door {
    package let room: RoomName
    package let arguments: RoomArguments
    package let journal: Journal
    package private(set) var roads = Roads(runtime: "")
    private let keys: EdgeKeys?
    private let notify: Notify?
    private let passed: [PassedSocket]
    private var settingsPath = ""
    /// As they were at the start: what only a restart changes is still so.
    private var started: Settings?
    private var state = ""
    private var requiresWalls = false
    private var users = Users(base: nil, adminGroup: nil)
    private var place = Place()
    private var walls: WallReport?
    private var serving: [any Sendable] = []

    /// The descriptor on which the parent process hands over the keys of the room's edges.
    package static let keysDescriptor: CInt = 198

    /// Blocks the signals of the lifetime, reads arguments and what was inherited. Starts no thread.
    package init(_ room: RoomName) {
        self.room = room
        let blocked = clinux_block_signals()
        journal = Journal(room: room)
        do {
            guard blocked == 0 else { throw ArgumentError("signals cannot be blocked (errno \(blocked))") }
            arguments = try RoomArguments(Array(CommandLine.arguments.dropFirst()))
            notify = try Notify.open()
            passed = try SystemdSockets.take()
            keys = getenv("POSTERN_KEYS") == nil ? nil : try EdgeKeys.read(fd: Door.keysDescriptor)
            if keys != nil { Glibc.close(Door.keysDescriptor) }
        } catch {
            Door.refuse(room, "\(error)")
        }
    }

    package var identity: Identity { Identity(room: room, release: release, key: keys) }

    /// Step 1: the room's part of the settings.
    package func settings<Part>(_ part: (Settings) throws -> Part) -> Part {
        do {
            settingsPath = SettingsPath.resolve(option: arguments.settings, environment: Door.environment)
            let all = try Settings.load(settingsPath)
            started = all
            journal.level = Door.level(all.log.level)
            state = all.server.state
            requiresWalls = all.sandbox.require
            reportDoubtful(all.warnings)
            roads = Roads(runtime: getenv("POSTERN_RUNTIME").map { String(cString: $0) } ?? all.server.runtime)
            users = Users(base: geteuid() == 0 ? all.rooms.uidBase : nil, adminGroup: all.admin.group)
            return try part(all)
        } catch {
            Door.refuse(room, "\(error)")
        }
    }

    /// What a reload reads again. The folder of the settings, so that a file which an editor has replaced is found; where
    /// the house's state lies below that folder, the file alone: no room may look at another's state.
    package var settingsFiles: [String] {
        let folder = folder(of: settingsPath)
        return [state, roads.runtime].contains { $0.hasPrefix(folder + "/") } ? [settingsPath] : [folder]
    }

    private func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The same with the folders of more files.
    package func settingsFiles(and files: [String]) -> [String] { settingsFiles + files.map(folder) }

    /// Steps 2 to 5: something without which the room cannot work.
    package func attempt<Result>(_ body: () throws -> Result) -> Result {
        do {
            return try body()
        } catch {
            Door.refuse(room, "\(error)")
        }
    }

    /// Waits on the main thread for something asynchronous: the main thread has nothing else to do then.
    package func wait(_ body: @escaping @Sendable () async -> Void) {
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            await body()
            done.signal()
        }
        done.wait()
    }

    /// Step 2: the listening socket of an edge that this room serves.
    package func listen<E: Edge>(_ edge: E.Type) -> CInt {
        E.asker == .command
            ? listen(roads.control(room, instance: arguments.instance), named: "control")
            : listen(roads.path(edge), named: E.name)
    }

    /// Step 2: a listening socket of the runtime directory, from systemd under that name, else bound here.
    package func listen(_ path: String, named name: String) -> CInt {
        if let socket = passed.first(where: { $0.name == name }) { return socket.descriptor }
        do {
            // Who may connect is decided by the kernel's word about the peer; the folder keeps strangers away.
            return try UnixSocket.listen(path: path, mode: 0o666)
        } catch {
            Door.refuse(room, "\(error)")
        }
    }

    /// Every socket that systemd passed, with its name.
    package var passedSockets: [PassedSocket] { passed }

    /// Who may ask on an edge that this room serves.
    package func rule<E: Edge>(_ edge: E.Type) -> PeerRule {
        E.asker == .command
            ? PeerRule(uids: users.administrators, gids: users.adminGroups, demandsProof: keys != nil)
            : PeerRule(uids: [users.user(of: E.asker).uid], demandsProof: keys != nil)
    }

    /// Who may hand sessions to the store. What a session may do is up to its ticket.
    package var sessionRule: PeerRule { PeerRule(uids: [users.user(of: .listener).uid]) }

    /// Step 2: a folder that is to be this room's own and nobody else's.
    package func own(_ path: String) {
        let owner = user ?? RoomUser.current
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            Door.refuse(room, "cannot make the folder \(path): \(errorText(errno))")
        }
        guard geteuid() != 0 || chown(path, owner.uid, owner.gid) == 0 else {
            Door.refuse(room, "cannot give the folder \(path) to the room: \(errorText(errno))")
        }
    }

    /// Who this room will be; nil: whoever started it.
    package var user: RoomUser? { users.base == nil ? nil : users.user(of: room) }

    /// Step 3: the walls. What the machine cannot give is said loudly.
    package func close(_ place: Place) {
        var place = place
        place.user = user
        place.require = requiresWalls
        self.place = place
        do {
            let report = try Sandbox.enter(room, place)
            for gap in report.gaps { journal.warning(.wallMissing, [.wall: gap.wall.rawValue, .reason: gap.reason]) }
            walls = report
        } catch {
            Door.refuse(room, "\(error)")
        }
        // Becoming another user cleared it, if it was set before.
        if getenv("POSTERN_KEYS") != nil { _ = clinux_die_with_parent(SIGTERM) }
    }

    /// Step 5: answers the command on the room's control socket. The store passes its own serving.
    package func facts(_ figures: @escaping @Sendable () -> [Figure]) -> RoomFacts {
        guard let walls else { Door.refuse(room, "the walls must be closed first") }
        return RoomFacts(identity, roads, walls: walls, place: place, figures: figures)
    }

    /// Step 5: the control socket of a room that knows only the words of every room.
    package func serveControl<E: Edge>(
        _ edge: E.Type, on descriptor: CInt, _ facts: RoomFacts, group: any EventLoopGroup
    ) throws -> Server<E> where E.Question == CommandToRoom, E.Answer == RoomAnswer {
        let server = Server(
            E.self, listening: descriptor, identity: identity, rule: rule(edge), on: group, log: journal.road()
        ) { _, _ in ControlConversation<E>(facts) }
        try server.start().wait()
        return server
    }

    /// Step 5: begins to serve; what is given back lives as long as the process.
    package func start(_ body: () throws -> [any Sendable]) {
        do {
            serving = try body()
        } catch {
            Door.refuse(room, "\(error)")
        }
    }

    /// Step 5: says READY and waits for signals until the room is to stop.
    /// - Parameters:
    ///   - reload: takes new settings; called with settings that are right.
    ///   - stop: ends the work; the process exits afterwards.
    package func work(reload: (Settings) throws -> Void, stop: () -> Void) -> Never {
        notify?.send(.ready, .status("ready"))
        journal.notice(.roomReady)
        let watchdog = Watchdog(notify)
        while true {
            switch clinux_wait_signal() {
            case SIGHUP: take(reload)
            case SIGTERM, SIGINT:
                notify?.send(.stopping)
                journal.notice(.roomStopping)
                stop()
                withExtendedLifetime(watchdog) { exit(0) }
            default: continue
            }
        }
    }

    private func take(_ reload: (Settings) throws -> Void) {
        notify?.send(.reloading)
        do {
            let settings = try Settings.load(settingsPath)
            try reload(settings)
            journal.notice(.settingsReloaded)
            if let started { reportRestarts(Reload(from: started, to: settings)) }
        } catch {
            journal.error(.settingsRejected, [.reason: "\(error)"])
        }
        notify?.send(.ready)
    }

    /// What this room reads and goes on with as it was.
    private func reportRestarts(_ reload: Reload) {
        for change in reload.needingRestart where change.rooms.contains(room) {
            journal.warning(.settingNeedsRestart, [.key: change.key])
        }
    }

    /// What is right but doubtful is said at each start, once in the house. An open relay is more than doubtful.
    private func reportDoubtful(_ findings: [Finding]) {
        guard room == .router else { return }
        for finding in findings {
            let level: JournalLevel = finding.key.hasPrefix("relay.") ? .error : .warning
            journal.log(level, .settingDoubtful, [.key: finding.key, .reason: finding.message])
        }
    }

    private static func level(_ level: Settings.Log.Level) -> JournalLevel {
        switch level {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }

    private static var environment: [String: String] {
        var values: [String: String] = [:]
        if let path = getenv("POSTERN_CONFIG") { values["POSTERN_CONFIG"] = String(cString: path) }
        return values
    }

    /// One line on standard error, exit status 1.
    package static func refuse(_ room: RoomName, _ reason: String) -> Never {
        let octets = Array("postern-\(room.rawValue): \(reason)\n".utf8)
        _ = octets.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress!, $0.count) }
        exit(1)
    }
}

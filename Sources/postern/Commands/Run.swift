// postern run: the whole house under one parent.

import ArgumentParser
import Door
import Glibc
import IPC
import Mail
import Sandbox
import Settings
import Systemd

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run all rooms in the foreground until SIGTERM.",
        discussion: """
            Started as root, every room becomes a user of its own before it hears anybody; otherwise the rooms share \
            your user and stand behind the same walls. Logs go to standard error and to <state>/log/. SIGHUP reads \
            the settings again and keeps the old ones when the new are wrong. A room that dies is started again.
            """)
    @OptionGroup var settings: SettingsOption

    func run() throws {
        let path = settingsPath(settings)
        let all = try read(settings)
        do {
            let house = try HouseFolders(all)
            let logs = try RoomLogs(folder: house.logs)
            let keys = EdgeKeys.generate(edges: Roads.edges.map { $0.name })
            try house.writeControlKeys(keys, adminGroup: all.admin.group)
            let notify = try Notify.open()
            let rooms = try RoomName.rooms.map { room in
                try RoomProcess(room, order(for: room, path, house, keys))
            }
            let supervisor = try Supervisor(
                rooms: rooms, logs: logs,
                hooks: Supervisor.Hooks(
                    ready: {
                        notify?.send(.ready)
                        logs.say("ready")
                    },
                    mayReload: { mayReload(path, logs) }))
            try supervisor.run()
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure("\(error)")
        }
    }

    private func mayReload(_ path: String, _ logs: RoomLogs) -> Bool {
        do {
            _ = try Settings.load(path)
            return true
        } catch {
            logs.say("the new settings are wrong, the old ones stay:\n\(error)")
            return false
        }
    }

    private func order(
        for room: RoomName, _ settings: String, _ house: HouseFolders, _ keys: EdgeKeys
    ) throws -> RoomProcess.SpawnOrder {
        var arguments = ["--config", settings]
        if room == .delivery { arguments += ["--instance", RoomCalls.firstAgent] }
        return RoomProcess.SpawnOrder(
            program: try RoomProcess.program(of: room), arguments: arguments,
            environment: [
                "POSTERN_RUNTIME=\(house.roads.runtime)", "POSTERN_KEYS=inherited",
                "NOTIFY_SOCKET=\(house.roads.readiness(room))", "PATH=/usr/bin:/bin",
                // Behind the walls no program can be started: Swift would wait for its own in vain before it dies.
                "SWIFT_BACKTRACE=enable=no",
            ],
            readinessPath: house.roads.readiness(room), keys: keys.subset(edges: Roads.edges(of: room)))
    }
}

func settingsPath(_ option: SettingsOption) -> String {
    var environment: [String: String] = [:]
    if let path = getenv("POSTERN_CONFIG") { environment["POSTERN_CONFIG"] = String(cString: path) }
    return SettingsPath.resolve(option: option.config, environment: environment)
}

/// The settings, or a failure with one line for each error.
func read(_ option: SettingsOption) throws -> Settings {
    do {
        return try Settings.load(settingsPath(option))
    } catch {
        throw Failure("\(error)")
    }
}

// What the words of the store's own program have in common that are for an administrator, while the store does not run.

import Door
import Glibc
import Mail
import Sandbox
import Settings

enum StandAlone {
    /// The store's own folder, as the settings say. What is made below it is the room's own from here on: this process
    /// becomes the folder's owner.
    /// - Parameter makes: a machine that never ran a store gets the folder; otherwise it must be there.
    static func enter(_ words: [String], makes: Bool = false) throws -> String {
        let arguments = try RoomArguments(words)
        var environment: [String: String] = [:]
        if let path = getenv("POSTERN_CONFIG") { environment["POSTERN_CONFIG"] = String(cString: path) }
        let settings = try Settings.load(SettingsPath.resolve(option: arguments.settings, environment: environment))
        let state = settings.server.state
        if makes { for folder in [state, "\(state)/store"] { try make(folder, base: settings.rooms.uidBase) } }
        try become(ownerOf: "\(state)/store")
        return "\(state)/store"
    }

    private static func make(_ folder: String, base: UInt32) throws(DiskError) {
        guard mkdir(folder, 0o700) == 0 else {
            if errno == EEXIST { return }
            throw DiskError("mkdir", folder)
        }
        guard geteuid() == 0 else { return }
        let owner = RoomUser.resolve(.store, base: base)
        guard chown(folder, owner.uid, owner.gid) == 0 else { throw DiskError("chown", folder) }
    }

    private static func become(ownerOf home: String) throws(DiskError) {
        var facts = stat()
        guard stat(home, &facts) == 0 else { throw DiskError("stat", home) }
        guard geteuid() == 0, facts.st_uid != 0 else { return }
        guard setgroups(0, nil) == 0, setgid(facts.st_gid) == 0, setuid(facts.st_uid) == 0 else {
            throw DiskError("setuid", home)
        }
    }

    /// Does it and ends the process.
    /// - Parameter failing: what is said in front of the reason when it cannot be done.
    static func run(_ failing: String, _ body: () throws -> Void) -> Never {
        do {
            try body()
            exit(0)
        } catch {
            say("postern-store: \(failing): \(error)\n", to: STDERR_FILENO)
            exit(1)
        }
    }

    static func say(_ text: String, to file: CInt = STDOUT_FILENO) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

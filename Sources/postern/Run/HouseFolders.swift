// The folders that `postern run` makes below the state directory, with the rights that the rooms need and no more.

import Door
import Glibc
import IPC
import Mail
import Sandbox
import Settings

/// <state>/log for the logs, and the runtime directory with the sockets. The store makes its own folder.
struct HouseFolders {
    let logs: String
    let roads: Roads

    /// Makes what is missing.
    init(_ settings: Settings) throws {
        let state = settings.server.state
        logs = "\(state)/log"
        roads = Roads(runtime: settings.server.runtime)
        try HouseFolders.make(state, 0o755)
        try HouseFolders.make(logs, 0o750)
        for folder in roads.folders { try HouseFolders.make(folder, 0o755) }
        if geteuid() == 0 { try HouseFolders.checkReach(state) }
    }

    /// The command proves itself with these where all rooms share one user; behind their walls rooms cannot read them.
    func writeControlKeys(_ keys: EdgeKeys, adminGroup: String) throws {
        let path = roads.controlKeys
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw RunError("cannot write \(path): \(errorText(errno))") }
        defer { close(descriptor) }
        if geteuid() == 0, let group = getgrnam(adminGroup) {
            fchown(descriptor, 0, group.pointee.gr_gid)
            fchmod(descriptor, 0o640)
        }
        try keys.subset(edges: Roads.edges(of: .command)).write(to: descriptor)
    }

    private static func make(_ path: String, _ mode: mode_t) throws {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, made == path ? mode : 0o755) != 0, errno != EEXIST {
                throw RunError("cannot make the folder \(made): \(errorText(errno))")
            }
        }
        // mkdir is subject to the caller's umask; the rooms' users need what is said here.
        if chmod(path, mode) != 0 { throw RunError("cannot set the rights of \(path): \(errorText(errno))") }
    }

    /// Rooms with users of their own must be able to walk to the state directory.
    private static func checkReach(_ state: String) throws {
        var path = ""
        for part in state.split(separator: "/") {
            path += "/\(part)"
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & 0o001 == 0 else { continue }
            throw RunError(
                "started as root, every room runs as a user of its own, and those cannot enter \(path). "
                    + "Choose another server.state, or: chmod o+x \(path)")
        }
    }
}

enum ControlKeys {
    /// nil when the house gives the command none: the rooms then go by its user.
    static func read(_ roads: Roads) -> EdgeKeys? {
        let descriptor = open(roads.controlKeys, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return try? EdgeKeys.read(fd: descriptor)
    }
}

extension RoomProcess {
    /// The room's program: beside this one, or where packages put it.
    static func program(of room: RoomName) throws(RunError) -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
        let folder = own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
        let candidates = ["\(folder)/postern-\(room.rawValue)", "\(folder)/../lib/postern/postern-\(room.rawValue)"]
        guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw RunError(
                "the program postern-\(room.rawValue) is missing; looked for \(candidates.joined(separator: " and "))")
        }
        return found
    }
}

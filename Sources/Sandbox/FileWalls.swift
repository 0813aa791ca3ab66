// Landlock: the room's files and TCP ports, and nothing else. Handles every right that the running kernel knows.

import CLinux
import Glibc

enum FileWalls {
    private static let bindTCP: UInt64 = 1 << 0
    private static let connectTCP: UInt64 = 1 << 1
    /// Abstract Unix sockets and signals outside the room.
    private static let allScopes: UInt64 = 0b11

    /// All rights over files of a Landlock version: what is not handled would not be refused.
    static func fileRights(ofVersion version: Int) -> UInt64 {
        let count =
            switch version {
            case ..<2: 13
            case 2: 14
            case 3, 4: 15
            default: 16
            }
        return 1 << UInt64(count) - 1
    }

    static func build(_ room: Room, _ place: Place, _ report: inout WallReport) throws(SandboxError) {
        if room.ownsState && place.state == nil { throw .noStateDirectory(room.name) }
        let version = Int(clinux_landlock_version())
        guard version > 0 else {
            let reason = absence(Int32(-version))
            for wall in [Wall.files, .network, .scopes] { report.add(wall, reason) }
            return
        }
        report.landlock = version
        if version < 4 { report.add(.network, "Landlock \(version) cannot restrict TCP (kernel 6.7 can)") }
        if version < 6 { report.add(.scopes, "Landlock \(version) cannot restrict signals (kernel 6.12 can)") }
        let handled = fileRights(ofVersion: version)
        let connects = room.connects.resolved(in: place)
        let network = version < 4 ? 0 : bindTCP | (connects == nil ? 0 : connectTCP)
        var ruleset: Int32 = -1
        let error = clinux_landlock_create(handled, network, version < 6 ? 0 : allScopes, &ruleset)
        guard error == 0 else { throw .failed(step: "landlock_create_ruleset", errno: error) }
        defer { close(ruleset) }
        try allowFiles(ruleset, room, place, handled, &report)
        if version >= 4 {
            try allow(ruleset, ports: connects ?? [], connectTCP)
            try allow(ruleset, ports: room.binds.resolved(in: place) ?? [], bindTCP)
        }
        let restricted = clinux_landlock_restrict(ruleset)
        guard restricted == 0 else { throw .failed(step: "landlock_restrict_self", errno: restricted) }
    }

    private static func absence(_ error: Int32) -> String {
        switch error {
        case ENOSYS: "the kernel has no Landlock (5.13 and later have it)"
        case EOPNOTSUPP: "Landlock is switched off; it must be named in the kernel's lsm= list"
        default: "Landlock is kept from us, perhaps by a container's system-call filter: \(errorText(error))"
        }
    }

    private static func allowFiles(
        _ ruleset: Int32, _ room: Room, _ place: Place, _ handled: UInt64, _ report: inout WallReport
    ) throws(SandboxError) {
        for grant in room.files {
            let rights = grant.rights.rawValue & handled
            switch grant.location {
            case .system(let path):
                // Distributions differ in what they have; what is not there cannot be read.
                _ = try allow(ruleset, path: path, rights)
            case .state:
                let path = place.state ?? ""
                let error = try allow(ruleset, path: path, rights)
                guard error == 0 else { throw .unreachable(path: path, errno: error) }
            case .reloads:
                for path in place.reloads {
                    let error = try allow(ruleset, path: path, rights)
                    if error != 0 { report.remarks.append("\(path) cannot be read at a reload: \(errorText(error))") }
                }
            }
        }
    }

    /// - Returns: the errno of opening the path as the room's user.
    private static func allow(_ ruleset: Int32, path: String, _ rights: UInt64) throws(SandboxError) -> Int32 {
        var descriptor: Int32 = -1
        let opened = clinux_landlock_place(path, &descriptor)
        guard opened == 0 else { return opened }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { return errno }
        let isDirectory = facts.st_mode & S_IFMT == S_IFDIR
        let granted = isDirectory ? rights : rights & FileRights.ofFiles.rawValue
        let error = clinux_landlock_allow_path(ruleset, descriptor, granted)
        guard error == 0 else { throw .failed(step: "landlock_add_rule for \(path)", errno: error) }
        return 0
    }

    private static func allow(_ ruleset: Int32, ports: [UInt16], _ right: UInt64) throws(SandboxError) {
        for port in ports {
            let error = clinux_landlock_allow_port(ruleset, port, right)
            guard error == 0 else { throw .failed(step: "landlock_add_rule for port \(port)", errno: error) }
        }
    }
}

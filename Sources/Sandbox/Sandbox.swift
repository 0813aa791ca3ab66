// The last step before a room works: after `enter` it can do what `Room` says and nothing else, for ever.
// Everything that it needs beyond that must be open by then.

import CLinux
import Glibc
import Mail

package enum Sandbox {
    /// Walls the calling process in. To be called once, while there is one thread: Landlock and capabilities do not
    /// reach threads that exist already.
    /// - Returns: what could not be built on this machine; with `place.require` that is an error instead.
    package static func enter(_ name: RoomName, _ place: Place) throws(SandboxError) -> WallReport {
        guard let room = Room.named(name) else { throw .notARoom(name) }
        let threads = try threadCount()
        guard threads == 1 else { throw .tooLate(threads: threads) }
        var report = WallReport(room: name, user: geteuid(), group: getegid(), landlock: 0)
        let keepsPorts = room.binds == .late && place.latePorts.contains { $0 < 1024 }
        try Identity.become(place.user, keepingLowPorts: keepsPorts, &report)
        try Identity.refuseNewPrivileges(&report)
        try FileWalls.build(room, place, &report)
        try CallFilter.load(room, place, &report)
        guard report.isWhole || !place.require else { throw .incomplete(report.gaps) }
        return report
    }

    /// How many threads the process has.
    static func threadCount() throws(SandboxError) -> Int {
        guard let directory = opendir("/proc/self/task") else { throw .processDirectoryUnreadable(errno: errno) }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        return count
    }
}

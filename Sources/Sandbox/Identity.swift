// From root to the room's own user, and from all capabilities to none (or to the one for ports below 1024).

import CCap
import CLinux
import Glibc

enum Identity {
    private static let lowPorts = cap_value_t(CAP_NET_BIND_SERVICE)

    /// Becomes the user, forgets every group and every capability. Without the right to change, the user stays and
    /// the report says so.
    static func become(
        _ user: RoomUser?, keepingLowPorts: Bool, _ report: inout WallReport
    ) throws(SandboxError) {
        let isRoot = geteuid() == 0
        dropBoundingSet(keepingLowPorts: keepingLowPorts, &report)
        if let user {
            if isRoot {
                try change(to: user)
            } else if user != .current {
                report.add(.user, "not started as root, so it stays user \(geteuid()), which others share")
            }
        } else if isRoot {
            report.add(.user, "runs as root: no user of its own was given")
        }
        try keepOnly(lowPorts: keepingLowPorts, &report)
        report.user = geteuid()
        report.group = getegid()
    }

    /// After this no exec gains anything, no other process of the same user may look in, and no core is left.
    static func refuseNewPrivileges(_ report: inout WallReport) throws(SandboxError) {
        let error = clinux_no_new_privileges()
        guard error == 0 else { throw .failed(step: "PR_SET_NO_NEW_PRIVS", errno: error) }
        let dumpable = clinux_set_dumpable(0)
        guard dumpable == 0 else { throw .failed(step: "PR_SET_DUMPABLE", errno: dumpable) }
    }

    private static func change(to user: RoomUser) throws(SandboxError) {
        let kept = clinux_keep_capabilities(1)
        guard kept == 0 else { throw .failed(step: "PR_SET_KEEPCAPS", errno: kept) }
        guard setgroups(0, nil) == 0 else { throw .failed(step: "setgroups", errno: errno) }
        let group = clinux_become_group(user.gid)
        guard group == 0 else { throw .failed(step: "setresgid", errno: group) }
        let person = clinux_become_user(user.uid)
        guard person == 0 else { throw .failed(step: "setresuid", errno: person) }
    }

    /// The bounding set limits what an exec could ever bring back. Only CAP_SETPCAP may cut it.
    private static func dropBoundingSet(keepingLowPorts: Bool, _ report: inout WallReport) {
        for capability in 0..<cap_max_bits() {
            if keepingLowPorts && capability == lowPorts { continue }
            guard cap_get_bound(capability) == 1 else { continue }
            // Without the right it stays; NO_NEW_PRIVS makes that harmless, and nothing may be executed anyway.
            guard cap_drop_bound(capability) == 0 else {
                return report.remarks.append("the bounding set could not be emptied")
            }
        }
    }

    private static func keepOnly(lowPorts keeps: Bool, _ report: inout WallReport) throws(SandboxError) {
        guard let before = cap_get_proc(), let wanted = cap_init() else {
            throw .failed(step: "cap_get_proc", errno: errno)
        }
        defer {
            cap_free(UnsafeMutableRawPointer(before))
            cap_free(UnsafeMutableRawPointer(wanted))
        }
        if keeps {
            var held = CAP_CLEAR
            cap_get_flag(before, lowPorts, CAP_PERMITTED, &held)
            if held == CAP_SET {
                var one = [lowPorts]
                cap_set_flag(wanted, CAP_PERMITTED, 1, &one, CAP_SET)
                cap_set_flag(wanted, CAP_EFFECTIVE, 1, &one, CAP_SET)
            } else {
                report.remarks.append("ports below 1024 cannot be bound later: CAP_NET_BIND_SERVICE is missing")
            }
        }
        // A service manager that has taken them all away may refuse the call as well.
        guard cap_compare(before, wanted) == 0 || cap_set_proc(wanted) == 0 else {
            throw .failed(step: "cap_set_proc", errno: errno)
        }
        let ambient = clinux_clear_ambient()
        guard ambient == 0 else { throw .failed(step: "PR_CAP_AMBIENT_CLEAR_ALL", errno: ambient) }
        let kept = clinux_keep_capabilities(0)
        guard kept == 0 else { throw .failed(step: "PR_SET_KEEPCAPS", errno: kept) }
    }
}

extension WallReport {
    mutating func add(_ wall: Wall, _ reason: String) { gaps.append(Gap(wall: wall, reason: reason)) }
}

// How many sessions this machine can hold, when the settings do not say.

import Glibc

struct MachineSize: Equatable, Sendable {
    /// Octets of memory.
    var memory: Int
    /// Descriptors that the process may have.
    var descriptors: Int

    /// A session that does its worst: a full inbox, replies that nobody reads, and TLS around both.
    static let sessionOctets = 256 << 10
    /// Sessions have this part of the memory to themselves, at their worst.
    static let share = 8

    /// Of one service. Half of the descriptors, since two services share them.
    var sessions: Int { min(max(100, min(memory / MachineSize.share / MachineSize.sessionOctets, descriptors / 2)), 20_000) }

    static var current: MachineSize {
        var limit = rlimit()
        let known = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return MachineSize(
            memory: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)),
            // The room raises its limit to the hard one.
            descriptors: known ? Int(clamping: limit.rlim_max) : 1024)
    }
}

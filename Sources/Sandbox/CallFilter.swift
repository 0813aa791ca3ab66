// The system-call filter of a room, built with libseccomp from `SystemCalls` and the rules on arguments below.
// libseccomp has no "otherwise" for a call with conditions, so each such call lists what is refused as well.

import CSeccomp
import Glibc
import Mail

enum CallFilter {
    private static let deadly = UInt32(0x8000_0000)  // SCMP_ACT_KILL_PROCESS
    private static let allow = UInt32(0x7FFF_0000)  // SCMP_ACT_ALLOW
    private static func refuse(_ error: Int32) -> UInt32 { 0x0005_0000 | UInt32(error) }  // SCMP_ACT_ERRNO

    /// A call, what happens to it, and the arguments for which it happens.
    struct Rule {
        let call: String
        let action: UInt32
        let arguments: [scmp_arg_cmp]
    }

    /// Loads the filter for all threads, now and later.
    static func load(_ room: Room, _ place: Place, _ report: inout WallReport) throws(SandboxError) {
        guard let filter = seccomp_init(deadly) else { throw .failed(step: "seccomp_init", errno: ENOMEM) }
        defer { seccomp_release(filter) }
        try set(filter, SCMP_FLTATR_ACT_BADARCH, deadly)
        try set(filter, SCMP_FLTATR_CTL_NNP, 1)
        try set(filter, SCMP_FLTATR_CTL_TSYNC, 1)
        // A tree instead of a list: some 350 calls are told apart in 9 steps.
        try set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2)
        for rule in rules(room, place) { try add(rule, to: filter) }
        let error = -seccomp_load(filter)
        if error == EINVAL || error == ENOSYS {
            report.add(.systemCalls, "the kernel takes no system-call filter (\(errorText(error)))")
        } else if error != 0 {
            throw .failed(step: "seccomp_load", errno: error)
        }
    }

    static func rules(_ room: Room, _ place: Place) -> [Rule] {
        var allowed = SystemCalls.everywhere
        var refused = SystemCalls.refused
        if room.writesFiles { allowed += SystemCalls.keeping } else { refused += SystemCalls.keeping }
        if room.opensConnections { allowed.append("connect") } else { refused.append("connect") }
        let kinds = socketKinds(room, place)
        // UDP needs a port of its own to hear the answer on; Landlock refuses the TCP ones.
        if kinds.contains(where: { $0.family != AF_UNIX }) { allowed.append("bind") } else { refused.append("bind") }
        return allowed.map { Rule(call: $0, action: allow, arguments: []) }
            + refused.map { Rule(call: $0, action: refuse(EPERM), arguments: []) }
            + sockets(kinds) + newThreads + priorities + ownSignals + ownLimits + memoryRights + terminals
            + processControl
    }

    private static func add(_ rule: Rule, to filter: scmp_filter_ctx) throws(SandboxError) {
        let number = seccomp_syscall_resolve_name(rule.call)
        // libseccomp or the architecture does not know it: it stays deadly.
        guard number != __NR_SCMP_ERROR else { return }
        let count = UInt32(rule.arguments.count)
        let error = -seccomp_rule_add_array(filter, rule.action, number, count, rule.arguments)
        guard error == 0 else { throw .failed(step: "seccomp rule for \(rule.call)", errno: error) }
    }

    private static func set(
        _ filter: scmp_filter_ctx, _ attribute: scmp_filter_attr, _ value: UInt32
    ) throws(SandboxError) {
        let error = -seccomp_attr_set(filter, attribute, value)
        guard error == 0 else { throw .failed(step: "seccomp attribute \(attribute.rawValue)", errno: error) }
    }
}

// MARK: - Rules on arguments

extension CallFilter {
    /// A family and type of socket that a room may make.
    struct SocketKind: Equatable {
        let family: Int32
        let types: [UInt64]
    }

    private static let stream: UInt64 = 1
    private static let datagram: UInt64 = 2
    private static let sequenced: UInt64 = 5

    static func socketKinds(_ room: Room, _ place: Place) -> [SocketKind] {
        room.families.flatMap { family -> [SocketKind] in
            switch family {
            case .unix: [SocketKind(family: AF_UNIX, types: [stream, datagram, sequenced])]
            case .internet: internet([stream, datagram])
            case .internetStreams: internet([stream])
            // Raw and datagram sockets are one thing here (netlink(7)).
            case .netlink: [SocketKind(family: AF_NETLINK, types: [3, datagram])]
            case .internetWhenBindingLate: place.latePorts.isEmpty ? [] : internet([stream])
            }
        }
    }

    private static func internet(_ types: [UInt64]) -> [SocketKind] {
        [SocketKind(family: AF_INET, types: types), SocketKind(family: AF_INET6, types: types)]
    }

    /// Every family and type that is not named is refused; numbers beyond the known families too.
    private static func sockets(_ kinds: [SocketKind]) -> [Rule] {
        let beyond: UInt64 = 64
        var rules = [
            Rule(call: "socket", action: refuse(EPERM), arguments: [test(0, SCMP_CMP_GE, beyond)]),
            Rule(call: "socketpair", action: allow, arguments: [test(0, SCMP_CMP_EQ, UInt64(AF_UNIX))]),
            Rule(call: "socketpair", action: refuse(EPERM), arguments: [test(0, SCMP_CMP_NE, UInt64(AF_UNIX))]),
        ]
        for family in 0..<beyond {
            let isFamily = test(0, SCMP_CMP_EQ, family)
            guard let kind = kinds.first(where: { $0.family == Int32(family) }) else {
                rules.append(Rule(call: "socket", action: refuse(EPERM), arguments: [isFamily]))
                continue
            }
            for type in 0...UInt64(15) {
                // The low four bits are the type, the others are flags.
                let isType = test(1, SCMP_CMP_MASKED_EQ, 15, type)
                let action = kind.types.contains(type) ? allow : refuse(EPERM)
                rules.append(Rule(call: "socket", action: action, arguments: [isFamily, isType]))
            }
        }
        return rules
    }

    /// Threads, but neither processes nor namespaces. The flags of clone3 cannot be seen, so it does not exist; the C
    /// library then uses clone.
    private static var newThreads: [Rule] {
        let thread: UInt64 = 0x10000
        let namespaces: [UInt64] = [
            0x20000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
        ]
        let all = namespaces.reduce(thread, |)
        return [
            Rule(call: "clone3", action: refuse(ENOSYS), arguments: []),
            Rule(call: "clone", action: allow, arguments: [test(0, SCMP_CMP_MASKED_EQ, all, thread)]),
            Rule(call: "clone", action: refuse(EPERM), arguments: [test(0, SCMP_CMP_MASKED_EQ, thread, 0)]),
        ]
            + namespaces.map {
                Rule(call: "clone", action: refuse(EPERM), arguments: [test(0, SCMP_CMP_MASKED_EQ, $0, $0)])
            }
    }

    /// libdispatch raises the priority of its threads, which no ordinary user may, and writes to the system's log at
    /// every refusal. It is told that all went well (errno 0), and nothing happens.
    private static let priorities = [Rule(call: "setpriority", action: refuse(0), arguments: [])]

    /// A room may signal itself (abort does).
    private static var ownSignals: [Rule] {
        let own = UInt64(getpid())
        return ["kill", "tgkill"].flatMap { call in
            [
                Rule(call: call, action: allow, arguments: [test(0, SCMP_CMP_EQ, own)]),
                Rule(call: call, action: refuse(EPERM), arguments: [test(0, SCMP_CMP_NE, own)]),
            ]
        }
    }

    /// Its own limits, which is process 0.
    private static let ownLimits = [
        Rule(call: "prlimit64", action: allow, arguments: [test(0, SCMP_CMP_EQ, 0)]),
        Rule(call: "prlimit64", action: refuse(EPERM), arguments: [test(0, SCMP_CMP_NE, 0)]),
    ]

    /// Memory is never writable and executable at once, and never becomes executable. Libraries are mapped executable
    /// from their files.
    private static let memoryRights: [Rule] = {
        let write: UInt64 = 2
        let execute: UInt64 = 4
        let both = write | execute
        return [0, write, execute].map {
            Rule(call: "mmap", action: allow, arguments: [test(2, SCMP_CMP_MASKED_EQ, both, $0)])
        } + [
            Rule(call: "mmap", action: refuse(EPERM), arguments: [test(2, SCMP_CMP_MASKED_EQ, both, both)]),
            Rule(call: "mprotect", action: allow, arguments: [test(2, SCMP_CMP_MASKED_EQ, execute, 0)]),
            Rule(call: "mprotect", action: refuse(EPERM), arguments: [test(2, SCMP_CMP_MASKED_EQ, execute, execute)]),
        ]
    }()

    /// Typing into the terminal of whoever started the room (TIOCSTI) is the one ioctl that leads out of it.
    private static let terminals = [
        Rule(call: "ioctl", action: allow, arguments: [test(1, SCMP_CMP_NE, 0x5412)]),
        Rule(call: "ioctl", action: refuse(EPERM), arguments: [test(1, SCMP_CMP_EQ, 0x5412)]),
    ]

    /// Names of threads and questions; not dumpability, capabilities or filters.
    private static let processControl: [Rule] = {
        // PDEATHSIG (set, get), DUMPABLE (get), NAME (set, get), SECCOMP (get), CAPBSET (get), TIMERSLACK (set, get),
        // NO_NEW_PRIVS (set, get).
        let allowed: Set<UInt64> = [1, 2, 3, 15, 16, 21, 23, 29, 30, 38, 39]
        let beyond: UInt64 = 96
        return (0..<beyond).map {
            let action = allowed.contains($0) ? allow : refuse(EPERM)
            return Rule(call: "prctl", action: action, arguments: [test(0, SCMP_CMP_EQ, $0)])
        } + [Rule(call: "prctl", action: refuse(EPERM), arguments: [test(0, SCMP_CMP_GE, beyond)])]
    }()

    private static func test(
        _ index: UInt32, _ comparison: scmp_compare, _ value: UInt64, _ second: UInt64 = 0
    ) -> scmp_arg_cmp {
        scmp_arg_cmp(arg: index, op: comparison, datum_a: value, datum_b: second)
    }
}

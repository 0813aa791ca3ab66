// What each room may do once it is behind its walls: the one table that code, unit files and tests read.
// A right that does not stand here does not exist.

import Mail

/// The rights of one room after its start.
package struct Room: Sendable {
    package let name: RoomName
    /// What it may reach in the file system. Everything else is refused, whoever owns it.
    package let files: [FileGrant]
    /// Which ports it may connect to over TCP.
    package let connects: Ports
    /// Which ports it may bind over TCP.
    package let binds: Ports
    /// The kinds of sockets it may make.
    package let families: [SocketFamily]
    /// The kinds of sockets it needs before its walls too, as a unit file must allow them.
    package let familiesAtStart: [SocketFamily]
    /// Whether it may make and change files (the system calls; where, `files` says).
    package let writesFiles: Bool
    /// Whether it asks other rooms, or anybody, for a connection.
    package let opensConnections: Bool
    /// Whether the state directory is its own.
    package let ownsState: Bool

    /// The room's row; nil for the command, which has no walls of its own.
    package static func named(_ name: RoomName) -> Room? {
        switch name {
        case .listener: listener
        case .router: router
        case .store: store
        case .delivery: delivery
        case .command: nil
        }
    }

    /// Hears: everything it uses is open before the walls. With late binding it may also bind its configured ports.
    package static let listener = Room(
        name: .listener,
        files: FileGrant.libraries + FileGrant.names + [.reloads],
        connects: .none, binds: .late,
        families: [.unix, .internetWhenBindingLate], familiesAtStart: [.unix, .internetStreams],
        writesFiles: false, opensConnections: true, ownsState: false)

    /// Decides: asks the store and the DNS.
    package static let router = Room(
        name: .router,
        files: FileGrant.libraries + FileGrant.names + FileGrant.trustAnchors + [.reloads],
        connects: .dns, binds: .none,
        families: [.unix, .internet], familiesAtStart: [.unix, .internet, .netlink],
        writesFiles: false, opensConnections: true, ownsState: false)

    /// Remembers: its own directory and nothing else. No network, and it asks nobody.
    package static let store = Room(
        name: .store,
        files: FileGrant.libraries + [.state, .reloads],
        connects: .none, binds: .none,
        families: [.unix], familiesAtStart: [.unix],
        writesFiles: true, opensConnections: false, ownsState: true)

    /// Calls: any port of any host, since MX, smart hosts and LMTP servers stand where others put them.
    package static let delivery = Room(
        name: .delivery,
        files: FileGrant.libraries + FileGrant.names + FileGrant.trustAnchors + [.reloads],
        connects: .any, binds: .none,
        families: [.unix, .internet], familiesAtStart: [.unix, .internet],
        writesFiles: false, opensConnections: true, ownsState: false)
}

/// A set of TCP ports, some of which only the settings know.
package enum Ports: Sendable, Equatable {
    case none, any
    /// 53 and the ports of the configured DNS servers.
    case dns
    /// The listener's own ports, if a taken port is to be tried again later.
    case late

    /// The ports themselves; nil means that nothing is restricted.
    package func resolved(in place: Place) -> [UInt16]? {
        switch self {
        case .none: []
        case .any: nil
        case .dns: Array(Set([53] + place.dnsPorts)).sorted()
        case .late: Array(Set(place.latePorts)).sorted()
        }
    }
}

/// A kind of socket, as the system-call filter and the unit files tell them apart.
package enum SocketFamily: Sendable, Equatable {
    case unix
    /// TCP and UDP over IPv4 and IPv6.
    case internet
    /// TCP only.
    case internetStreams
    /// News of the machine's own addresses; the socket is made before the walls and kept.
    case netlink
    /// TCP only, and only if ports are configured to be bound late; accepting needs no right of its own.
    case internetWhenBindingLate
}

/// A right to a part of the file system.
package struct FileGrant: Sendable, Equatable {
    package enum Location: Sendable, Equatable {
        /// A fixed path; left out where the machine does not have it.
        case system(String)
        /// The state directory of the settings.
        case state
        /// What the settings name to be read again at a reload.
        case reloads
    }

    package let location: Location
    package let rights: FileRights

    package static let state = FileGrant(location: .state, rights: .keep)
    package static let reloads = FileGrant(location: .reloads, rights: .look)

    /// What the C library, libdispatch and the Swift runtime open by themselves. libdispatch ends the process when it
    /// cannot read `/proc/<thread>/stat`, so `/proc` as a whole is among them.
    package static let libraries: [FileGrant] =
        system(
            .look, "/proc", "/sys/devices/system/cpu", "/sys/fs/cgroup", "/usr/lib", "/usr/lib64", "/lib", "/lib64",
            "/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/dev/urandom", "/dev/random", "/dev/zero")
        + system(.lookAndWrite, "/dev/null")

    /// What turning a host's name into an address reads.
    package static let names: [FileGrant] = system(
        .look, "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
        "/etc/services", "/etc/protocols", "/run/systemd/resolve")

    /// Public certificates and DNSSEC anchors: never a private key.
    package static let trustAnchors: [FileGrant] = system(
        .look, "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/usr/lib/ssl", "/usr/share/ca-certificates",
        "/usr/local/share/ca-certificates", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted",
        "/var/lib/ca-certificates", "/usr/share/dns", "/var/lib/unbound/root.key", "/etc/unbound/root.key")

    private static func system(_ rights: FileRights, _ paths: String...) -> [FileGrant] {
        paths.map { FileGrant(location: .system($0), rights: rights) }
    }
}

/// Rights to files, with the kernel's bits (`LANDLOCK_ACCESS_FS_*`).
package struct FileRights: OptionSet, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let execute = FileRights(rawValue: 1 << 0)
    package static let writeFile = FileRights(rawValue: 1 << 1)
    package static let readFile = FileRights(rawValue: 1 << 2)
    package static let readDirectory = FileRights(rawValue: 1 << 3)
    package static let removeDirectory = FileRights(rawValue: 1 << 4)
    package static let removeFile = FileRights(rawValue: 1 << 5)
    package static let makeDirectory = FileRights(rawValue: 1 << 7)
    package static let makeFile = FileRights(rawValue: 1 << 8)
    /// Renaming and linking between directories (kernel 5.19).
    package static let refer = FileRights(rawValue: 1 << 13)
    /// Cutting a file short (kernel 6.2).
    package static let truncate = FileRights(rawValue: 1 << 14)

    /// Reads, and runs nothing.
    package static let look: FileRights = [.readFile, .readDirectory]
    package static let lookAndWrite: FileRights = [.readFile, .writeFile, .truncate]
    /// Keeps files and directories of its own: no devices, no sockets, no links by name, nothing to run.
    package static let keep: FileRights = [
        .readFile, .writeFile, .readDirectory, .removeDirectory, .removeFile, .makeDirectory, .makeFile, .refer,
        .truncate,
    ]
    /// What can be granted on a file that is not a directory.
    package static let ofFiles: FileRights = [.execute, .writeFile, .readFile, .truncate]
}

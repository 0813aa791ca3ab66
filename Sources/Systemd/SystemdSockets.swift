// Sockets that systemd opened for us (sd_listen_fds(3)): ports below 1024 without a moment as root.

import Glibc

/// A socket that was passed in, with the name that its unit gave it (`FileDescriptorName=`).
package struct PassedSocket: Sendable, Equatable {
    package let descriptor: Int32
    package let name: String

    package init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }
}

package enum SystemdError: Error, Equatable, CustomStringConvertible {
    /// A variable of the environment that systemd did not write like this.
    case malformed(variable: String, value: String)
    case tooManySockets(Int)
    case notifySocket(name: String, errno: Int32)

    package var description: String {
        switch self {
        case .malformed(let variable, let value): "\(variable)=\(value) is not understood"
        case .tooManySockets(let count): "\(count) sockets were passed, and \(SystemdSockets.limit) are the limit"
        case .notifySocket(let name, let error): "the notification socket \(name) cannot be reached (errno \(error))"
        }
    }
}

package enum SystemdSockets {
    /// More sockets than any house has doors.
    package static let limit = 256
    private static let first: Int32 = 3

    /// The sockets that the environment promises to the process; none when it speaks to another process, or to nobody.
    package static func passed(
        in environment: [String: String], to process: Int32
    ) throws(SystemdError) -> [PassedSocket] {
        guard let addressee = environment["LISTEN_PID"], let written = environment["LISTEN_FDS"] else { return [] }
        guard let number = Int32(addressee) else { throw .malformed(variable: "LISTEN_PID", value: addressee) }
        guard number == process else { return [] }
        guard let count = Int(written), count >= 0 else { throw .malformed(variable: "LISTEN_FDS", value: written) }
        guard count <= limit else { throw .tooManySockets(count) }
        let names = try names(in: environment["LISTEN_FDNAMES"], count: count)
        return names.enumerated().map { PassedSocket(descriptor: first + Int32($0.offset), name: $0.element) }
    }

    /// Takes the sockets out of the environment, once: they are then ours alone and no child inherits them.
    /// Before the first thread, as it changes the environment.
    package static func take() throws(SystemdError) -> [PassedSocket] {
        let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]
        let sockets = try passed(in: Environment.values(of: variables), to: getpid())
        for socket in sockets {
            guard fcntl(socket.descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
                throw .malformed(variable: "LISTEN_FDS", value: "\(sockets.count)")
            }
        }
        for variable in variables { unsetenv(variable) }
        return sockets
    }

    private static func names(in text: String?, count: Int) throws(SystemdError) -> [String] {
        // systemd's own word for a socket without a name.
        guard let text else { return Array(repeating: "unknown", count: count) }
        let names = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if count == 0 && text.isEmpty { return [] }
        guard names.count == count else { throw .malformed(variable: "LISTEN_FDNAMES", value: text) }
        return names
    }
}

/// The process's environment.
enum Environment {
    static func values(of names: [String]) -> [String: String] {
        var values: [String: String] = [:]
        for name in names { values[name] = getenv(name).map { String(cString: $0) } }
        return values
    }
}

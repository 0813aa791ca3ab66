// Telling systemd how we are (sd_notify(3)): one connected datagram socket, opened before the walls, since behind them
// an abstract name cannot be reached any more.

import CLinux
import Glibc

/// The line to the service manager.
package struct Notify: Sendable {
    private let descriptor: Int32

    /// One assignment of the protocol.
    package enum Message: Sendable, Equatable {
        case ready, reloading, stopping, watchdog
        /// One line for `systemctl status`.
        case status(String)
        case mainProcess(Int32)

        package var line: String {
            switch self {
            case .ready: "READY=1"
            case .reloading: "RELOADING=1"
            case .stopping: "STOPPING=1"
            case .watchdog: "WATCHDOG=1"
            case .status(let text): "STATUS=" + text.map { $0.isNewline ? " " : $0 }.prefix(Notify.longestStatus)
            case .mainProcess(let number): "MAINPID=\(number)"
            }
        }
    }

    /// In characters: a status is a line, and a datagram has its size.
    package static let longestStatus = 256

    /// Opens the socket of `$NOTIFY_SOCKET`; nil when nobody wants to hear.
    package static func open() throws(SystemdError) -> Notify? {
        guard let name = Environment.values(of: ["NOTIFY_SOCKET"])["NOTIFY_SOCKET"] else { return nil }
        return try open(name)
    }

    /// Opens a path, or with a leading `@` an abstract name.
    package static func open(_ name: String) throws(SystemdError) -> Notify {
        guard name.utf8.first == UInt8(ascii: "/") || name.utf8.first == UInt8(ascii: "@") else {
            throw .malformed(variable: "NOTIFY_SOCKET", value: name)
        }
        var descriptor: Int32 = -1
        let error = clinux_datagram_connect(name, &descriptor)
        guard error == 0 else { throw .notifySocket(name: name, errno: error) }
        return Notify(descriptor: descriptor)
    }

    /// Sends the assignments in one datagram. Never waits.
    /// - Returns: false when the manager did not take it; the next message may be taken again.
    @discardableResult
    package func send(_ messages: Message...) -> Bool {
        let text = messages.map(\.line).joined(separator: "\n")
        return text.withCString { Glibc.send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) >= 0 }
    }

    /// How often systemd wants to hear `.watchdog`: half of the time after which it kills. nil: not at all.
    package static func watchdogInterval(
        in environment: [String: String], of process: Int32
    ) throws(SystemdError) -> Duration? {
        guard let written = environment["WATCHDOG_USEC"] else { return nil }
        if let addressee = environment["WATCHDOG_PID"], addressee != "\(process)" { return nil }
        guard let microseconds = Int64(written), microseconds > 0 else {
            throw .malformed(variable: "WATCHDOG_USEC", value: written)
        }
        return .microseconds(microseconds / 2)
    }

    package static func watchdogInterval() throws(SystemdError) -> Duration? {
        try watchdogInterval(in: Environment.values(of: ["WATCHDOG_USEC", "WATCHDOG_PID"]), of: getpid())
    }
}

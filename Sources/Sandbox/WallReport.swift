// What stands around a room after `Sandbox.enter`, and what this machine could not give. For the journal and `status`.

import Mail

/// One kind of wall.
package enum Wall: String, Sendable, Codable, CaseIterable {
    /// A user of its own.
    case user
    /// No capability, and none to be had.
    case capabilities
    /// No privilege through exec.
    case noNewPrivileges
    /// Landlock over files.
    case files
    /// Landlock over TCP.
    case network
    /// Landlock over abstract sockets and signals.
    case scopes
    /// The system-call filter.
    case systemCalls
}

/// The walls of one room as they were built.
package struct WallReport: Sendable, Codable, Equatable {
    /// A wall that is not there, and why.
    package struct Gap: Sendable, Codable, Equatable, CustomStringConvertible {
        package let wall: Wall
        package let reason: String
        package var description: String { "\(wall.rawValue): \(reason)" }
    }

    package let room: RoomName
    package internal(set) var user: UInt32
    package internal(set) var group: UInt32
    /// The kernel's Landlock version; 0 when it has none.
    package internal(set) var landlock: Int
    /// Walls that are missing. Each must be said loudly at every start; with `require` there are none.
    package internal(set) var gaps: [Gap] = []
    /// Things that work less well behind these walls, although no wall is missing.
    package internal(set) var remarks: [String] = []

    package var isWhole: Bool { gaps.isEmpty }
}

/// Why a room could not be walled in. The room must end.
package enum SandboxError: Error, Equatable, CustomStringConvertible {
    case notARoom(RoomName)
    /// Landlock and capabilities belong to threads: one that exists already would stay outside.
    case tooLate(threads: Int)
    /// The threads could not be counted, and libdispatch could not run either.
    case processDirectoryUnreadable(errno: Int32)
    case noStateDirectory(RoomName)
    /// A path that the room lives on cannot be reached by the room's own user.
    case unreachable(path: String, errno: Int32)
    /// The settings require whole walls.
    case incomplete([WallReport.Gap])
    /// A call that must not fail failed.
    case failed(step: String, errno: Int32)

    package var description: String {
        switch self {
        case .notARoom(let name): "\(name.rawValue) is not a room and has no walls"
        case .tooLate(let threads):
            "the walls must be built before the first thread is started, and there are \(threads) threads"
        case .processDirectoryUnreadable(let error): "/proc/self/task cannot be read: \(errorText(error))"
        case .noStateDirectory(let name): "\(name.rawValue) has no state directory in its settings"
        case .unreachable(let path, let error): "\(path) cannot be opened by the room's user: \(errorText(error))"
        case .incomplete(let gaps):
            "[sandbox] require = true, but " + gaps.map(\.description).joined(separator: "; ")
        case .failed(let step, let error): "\(step) failed: \(errorText(error))"
        }
    }
}

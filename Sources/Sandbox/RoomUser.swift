// Who a room runs as. Nothing is created on the machine: either the users exist, or numbers are enough.

import Glibc
import Mail

/// A user and group by number.
package struct RoomUser: Sendable, Equatable, Codable {
    package let uid: UInt32
    package let gid: UInt32

    package init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }

    /// The first of the numbers that are used where no `postern-…` users exist.
    package static let defaultBase: UInt32 = 64100

    /// `postern-<room>` when the machine knows it, else `base` plus the room's place in `RoomName.rooms`.
    /// Reads the user database, so it belongs before the walls.
    package static func resolve(_ room: RoomName, base: UInt32 = defaultBase) -> RoomUser {
        named("postern-\(room.rawValue)") ?? numbered(room, base: base)
    }

    package static func named(_ name: String) -> RoomUser? {
        guard let entry = getpwnam(name) else { return nil }
        return RoomUser(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
    }

    package static func numbered(_ room: RoomName, base: UInt32) -> RoomUser {
        let index = UInt32(RoomName.rooms.firstIndex(of: room) ?? RoomName.rooms.count)
        return RoomUser(uid: base + index, gid: base + index)
    }

    package static var current: RoomUser { RoomUser(uid: geteuid(), gid: getegid()) }
}

// Who the rooms are on this machine, and who may command them.

import Glibc
import Mail
import Sandbox

/// Read before the walls: the user database is out of reach behind them.
struct Users {
    /// The first of the numeric ids; nil when the house does not run as root: everybody is then the same user.
    let base: UInt32?
    private let rooms: [RoomName: RoomUser]
    /// Root, and whoever started the house.
    let administrators: Set<UInt32>
    let adminGroups: Set<UInt32>

    init(base: UInt32?, adminGroup: String?) {
        self.base = base
        var rooms: [RoomName: RoomUser] = [:]
        // Under systemd a room starts as its own user already; the others are who their names say.
        for room in RoomName.rooms {
            rooms[room] =
                base.map { RoomUser.resolve(room, base: $0) } ?? Users.startedApart(room) ?? RoomUser.current
        }
        self.rooms = rooms
        administrators = [0, geteuid()]
        adminGroups = Set(adminGroup.flatMap { getgrnam($0) }.map { [$0.pointee.gr_gid] } ?? [])
    }

    func user(of room: RoomName) -> RoomUser { rooms[room] ?? RoomUser.current }

    /// The user of a room when this process was started as one of the `postern-…` users.
    private static func startedApart(_ room: RoomName) -> RoomUser? {
        let isRoomUser = RoomName.rooms.contains { RoomUser.named("postern-\($0.rawValue)")?.uid == geteuid() }
        return isRoomUser ? RoomUser.named("postern-\(room.rawValue)") : nil
    }
}

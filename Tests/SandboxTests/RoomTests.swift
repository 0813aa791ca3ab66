// The table of rooms, read as an auditor would.

import Mail
import Testing

@testable import Sandbox

struct RoomTests {
    private let rooms = RoomName.rooms.compactMap(Room.named)

    @Test func onlyTheStoreKeepsFiles() {
        for room in rooms {
            let keeps = room.files.contains { $0.rights.contains(.makeFile) || $0.rights.contains(.removeFile) }
            #expect(keeps == (room.name == .store))
            #expect(room.writesFiles == keeps)
            #expect(room.ownsState == keeps)
            #expect(room.files.contains(.state) == keeps)
        }
    }

    @Test func nothingMayBeRun() {
        for room in rooms { #expect(room.files.allSatisfy { !$0.rights.contains(.execute) }) }
    }

    /// libdispatch ends the process when it cannot look at its threads.
    @Test func everyRoomReadsProc() {
        for room in rooms {
            #expect(room.files.contains(FileGrant(location: .system("/proc"), rights: .look)))
        }
    }

    @Test func ports() {
        let place = Place(latePorts: [587, 25], dnsPorts: [5353, 53])
        #expect(Room.listener.connects.resolved(in: place) == [])
        #expect(Room.listener.binds.resolved(in: place) == [25, 587])
        #expect(Room.router.connects.resolved(in: place) == [53, 5353])
        #expect(Room.router.binds.resolved(in: place) == [])
        #expect(Room.store.connects.resolved(in: place) == [])
        #expect(Room.store.binds.resolved(in: place) == [])
        #expect(Room.delivery.connects.resolved(in: place) == nil)
        #expect(Room.delivery.binds.resolved(in: place) == [])
    }

    @Test func sockets() {
        let place = Place()
        #expect(CallFilter.socketKinds(.store, place).map(\.family) == [1])
        #expect(CallFilter.socketKinds(.listener, place).map(\.family) == [1])
        #expect(CallFilter.socketKinds(.listener, Place(latePorts: [25])).map(\.family) == [1, 2, 10])
        #expect(CallFilter.socketKinds(.delivery, place).map(\.family) == [1, 2, 10])
    }

    @Test(arguments: [(1, 0x1FFF), (2, 0x3FFF), (3, 0x7FFF), (4, 0x7FFF), (5, 0xFFFF), (7, 0xFFFF)])
    func handledRightsByVersion(version: Int, rights: UInt64) {
        #expect(FileWalls.fileRights(ofVersion: version) == rights)
    }
}

struct RoomUserTests {
    @Test func numbersFollowTheOrderOfRooms() {
        let users = RoomName.rooms.map { RoomUser.numbered($0, base: 70000).uid }
        #expect(users == [70000, 70001, 70002, 70003])
    }

    @Test func namesComeFirst() {
        #expect(RoomUser.named("root") == RoomUser(uid: 0, gid: 0))
        #expect(RoomUser.named("postern-nobody-has-this-name") == nil)
    }
}

// The unit files against the table of rooms, and against systemd's own judgement (F-1).

import Glibc
import Mail
import Testing

@testable import Sandbox

struct UnitFileTests {
    private static let hasAnalyze = access("/usr/bin/systemd-analyze", X_OK) == 0

    @Test(arguments: RoomName.rooms)
    func agreesWithTheTable(name: RoomName) throws {
        let room = try #require(Room.named(name))
        let unit = try UnitFile(UnitFile.service(of: name))
        var families = room.familiesAtStart.contains { $0 != .unix } ? "AF_UNIX AF_INET AF_INET6" : "AF_UNIX"
        if room.familiesAtStart.contains(.netlink) { families += " AF_NETLINK" }
        #expect(unit["Service", "RestrictAddressFamilies"] == [families])
        #expect(unit["Service", "User"] == ["postern-\(name.rawValue)"])
        #expect(unit["Service", "Group"] == ["postern-\(name.rawValue)"])
        #expect(unit["Service", "StateDirectory"] == (room.ownsState ? ["postern"] : []))
        #expect(unit["Service", "StateDirectoryMode"] == (room.ownsState ? ["0700"] : []))
        #expect(unit["Service", "InaccessiblePaths"] == (room.ownsState ? [] : ["-/var/lib/postern"]))
        let isAlone = families == "AF_UNIX"
        #expect(unit["Service", "PrivateNetwork"] == (isAlone ? ["yes"] : []))
        #expect(unit["Service", "IPAddressDeny"] == (isAlone ? ["any"] : []))
        #expect(unit["Service", "CapabilityBoundingSet"] == [""])
        #expect(unit["Service", "AmbientCapabilities"] == [""])
        // SO_PEERCRED would name everybody nobody.
        #expect(unit["Service", "PrivateUsers"] == [])
        // Landlock and seccomp are built from inside, and libdispatch looks at its threads in /proc.
        #expect(unit["Service", "SystemCallFilter"].first?.contains("landlock_restrict_self") == true)
        #expect(unit["Service", "RootDirectory"] == [])
    }

    @Test(arguments: RoomName.rooms)
    func isRunAsAService(name: RoomName) throws {
        let unit = try UnitFile(UnitFile.service(of: name))
        let instance = name == .delivery ? " --instance %i" : ""
        let start = "/usr/lib/postern/postern-\(name.rawValue) --config /etc/postern/postern.toml\(instance)"
        #expect(unit["Service", "ExecStart"] == [start])
        #expect(unit["Service", "Type"] == ["notify"])
        #expect(unit["Service", "Restart"] == ["always"])
        #expect(unit["Service", "ExecReload"] == ["/bin/kill -HUP $MAINPID"])
        #expect(unit["Service", "WatchdogSec"].count == 1)
        #expect(unit["Unit", "PartOf"] == ["postern.target"])
    }

    /// What is not a room's own is the same in all of them.
    @Test func theOuterWallsAreEqual() throws {
        let walls = try RoomName.rooms.map { try UnitFile(UnitFile.service(of: $0)).outerWalls }
        #expect(walls[0].count > 25)
        for other in walls.dropFirst() { #expect(other == walls[0]) }
    }

    @Test func everySocketHasItsRoom() throws {
        let sockets = try UnitFile.names(endingIn: ".socket")
        #expect(sockets.count == 12)
        for name in sockets {
            let unit = try UnitFile(name)
            let service = try #require(unit["Socket", "Service"].first)
            #expect(try UnitFile.names(endingIn: ".service").contains(service.replacing("%i", with: "")), "\(name)")
            #expect(unit["Socket", "FileDescriptorName"].count == 1)
            let path = try #require(unit["Socket", "ListenStream"].first)
            guard path.hasPrefix("/") else { continue }
            #expect(unit["Socket", "SocketMode"] == ["0660"], "\(name)")
            #expect(unit["Socket", "SocketUser"].count == 1 && unit["Socket", "SocketGroup"].count == 1, "\(name)")
            if path.contains("/control/") { #expect(unit["Socket", "SocketGroup"] == ["postern-admin"]) }
        }
    }

    /// Every user and group of the units is made by the sysusers file.
    @Test func everyUserExists() throws {
        let made = try UnitFile.lines(of: "packaging/sysusers.d/postern.conf")
            .filter { $0.hasPrefix("u ") || $0.hasPrefix("g ") }
            .map { String($0.split(separator: " ")[1]) }
        for name in try UnitFile.names(endingIn: "") {
            let unit = try UnitFile(name)
            let needed =
                ["User", "Group"].flatMap { unit["Service", $0] }
                + ["SocketUser", "SocketGroup"].flatMap { unit["Socket", $0] }
            for user in needed where user != "root" { #expect(made.contains(user), "\(name): \(user)") }
        }
    }

    @Test(.enabled(if: hasAnalyze, "systemd-analyze is not installed"), arguments: RoomName.rooms)
    func exposureIsAtMostOnePointFive(name: RoomName) throws {
        let copy = try UnitFile.Copies()
        let file = "\(copy.directory)/\(UnitFile.service(of: name))"
        let result = try Child.output(
            of: "/usr/bin/systemd-analyze", ["security", "--offline=yes", "--no-pager", "--threshold=15", file])
        #expect(result.status == 0, "\(result.text.split(separator: "\n").last ?? "")")
    }

    /// Unknown keys and wrong values are only warnings to systemd, so nothing at all may be said.
    @Test(.enabled(if: hasAnalyze, "systemd-analyze is not installed"))
    func systemdHasNothingToSay() throws {
        let copy = try UnitFile.Copies()
        let files = copy.names.map { "\(copy.directory)/\($0)" }
        let result = try Child.output(of: "/usr/bin/systemd-analyze", ["verify", "--man=no"] + files)
        #expect(result.text == "")
        #expect(result.status == 0)
    }
}

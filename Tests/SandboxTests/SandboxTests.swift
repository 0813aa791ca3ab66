// The walls from inside, in real processes: order, identity, reach, and that the rooms can still work (F-1).

import Glibc
import Mail
import Testing

@testable import Sandbox

struct SandboxTests {
    /// Both a thread from before the walls (main) and one from after them.
    static let threads = ["main", "other"]

    @Test(arguments: RoomName.rooms, Start.available)
    func identity(room: RoomName, start: Start) throws {
        let surroundings = try Surroundings(for: room, start)
        let probe = try Probe.run(room, start, "status", "state=\(surroundings.state)")
        let user = start.user(of: room)
        #expect(probe["user"] == "\(user):\(user)")
        for thread in Self.threads {
            #expect(probe["\(thread) Uid"] == "\(user) \(user) \(user) \(user)")
            #expect(probe["\(thread) Gid"] == "\(user) \(user) \(user) \(user)")
            for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                #expect(probe["\(thread) \(set)"] == "0000000000000000", "\(thread) \(set)")
            }
            #expect(probe["\(thread) NoNewPrivs"] == "1")
            #expect(probe["\(thread) Seccomp"] == "2")
            guard start == .asRoot else { continue }
            #expect(probe["\(thread) Groups"] == "")
            #expect(probe["\(thread) CapBnd"] == "0000000000000000")
        }
        #expect(probe.findings["gap"] == nil)
        #expect(probe.reachedEnd)
    }

    @Test(arguments: RoomName.rooms, Start.available)
    func daysWork(room: RoomName, start: Start) throws {
        let surroundings = try Surroundings(for: room, start)
        let probe = try Probe.run(
            room, start, "work", "state=\(surroundings.state)", "reload=\(surroundings.foreignFile)")
        for thread in Self.threads { #expect(probe["\(thread) work"] == "done") }
        #expect(probe.reachedEnd)
    }

    /// Landlock and capabilities would not reach the thread that exists already.
    @Test func refusesASecondThread() throws {
        let probe = try Probe.run(.router, .asIs, "late")
        #expect(probe["error"] == "\(SandboxError.tooLate(threads: 2))")
        #expect(probe.exitCode == 1)
    }

    @Test(arguments: RoomName.rooms)
    func unnamedCallsAreDeadly(room: RoomName) throws {
        let probe = try Probe.run(room, .asIs, "deadly", "state=/tmp")
        #expect(probe.signal == SIGSYS)
        #expect(!probe.reachedEnd)
    }

    @Test func theCommandIsNoRoom() throws {
        #expect(try Probe.run(.command)["error"] == "\(SandboxError.notARoom(.command))")
    }

    @Test func theStoreNeedsItsDirectory() throws {
        #expect(try Probe.run(.store)["error"] == "\(SandboxError.noStateDirectory(.store))")
        let missing = try Probe.run(.store, .asIs, "state=/nowhere/at/all")
        #expect(missing["error"] == "\(SandboxError.unreachable(path: "/nowhere/at/all", errno: ENOENT))")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can leave root"))
    func theStoreMustReachItsDirectory() throws {
        let surroundings = try Surroundings(for: .store, .asRoot)
        chmod(surroundings.root, 0o700)
        let probe = try Probe.run(.store, .asRoot, "state=\(surroundings.state)")
        #expect(probe["error"] == "\(SandboxError.unreachable(path: surroundings.state, errno: EACCES))")
    }

    @Test func aReloadThatCannotBeReadIsRemarked() throws {
        let probe = try Probe.run(.router, .asIs, "reload=/nowhere")
        #expect(probe.findings["remark"]?.contains { $0.hasPrefix("/nowhere cannot be read at a reload") } == true)
        #expect(probe.reachedEnd)
    }
}

/// `[sandbox] require`.
struct RequiredWallsTests {
    @Test(.enabled(if: geteuid() == 0, "needs root")) func wholeWallsPass() throws {
        #expect(try Probe.run(.router, .asRoot, "require").reachedEnd)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root")) func rootWithoutAUserIsAGap() throws {
        #expect(try Probe.run(.router)["gap"] == "user")
        let required = try Probe.run(.router, .asIs, "require")
        #expect(required["error"]?.hasPrefix("[sandbox] require = true, but user: runs as root") == true)
        #expect(required.exitCode == 1)
    }

    @Test func anOrdinaryUserCannotBecomeAnother() throws {
        let start: Start = geteuid() == 0 ? .asNobody : .asIs
        #expect(try Probe.run(.router, start, "uid=64000")["gap"] == "user")
        let required = try Probe.run(.router, start, "uid=64000", "require")
        #expect(required["error"]?.contains("user: not started as root") == true)
    }
}

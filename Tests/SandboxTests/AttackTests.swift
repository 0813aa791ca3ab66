// The attack matrix (F-1): room × act, each tried for real on two threads, as root and as an ordinary user.
// The same acts without walls get through, so that a refusal here is the walls' and not the machine's.

import Glibc
import Mail
import Testing

@testable import Sandbox

struct AttackTests {
    @Test(arguments: RoomName.rooms, Start.available)
    func everyForbiddenActIsRefused(room: RoomName, start: Start) throws {
        let probe = try attack(room, start)
        for thread in SandboxTests.threads {
            for kind in Attack.Kind.allCases {
                let finding = try #require(probe["\(thread) attack \(kind)"])
                let expected = kind == .connectOut && room == .delivery ? "allowed through" : "forbidden refused"
                #expect(finding.hasPrefix(expected), "\(thread) \(kind): \(finding)")
            }
        }
        #expect(probe.reachedEnd)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can do it all"))
    func withoutWallsEveryActGetsThrough() throws {
        let surroundings = try Surroundings(for: .store, .asRoot)
        let probe = try Probe.run(.store, .asIs, surroundings.orders + ["no-walls", "spare-execute"])
        for kind in Attack.Kind.allCases where kind != .execute {
            let finding = try #require(probe["main attack \(kind)"])
            #expect(finding.contains(" through "), "\(kind): \(finding)")
        }
    }

    /// What an ordinary user can do to its own things. The rest of the matrix is the kernel's refusal as well.
    @Test(arguments: Start.available.filter { $0 != .asRoot })
    func withoutWallsAnOrdinaryUserGetsFar(start: Start) throws {
        let surroundings = try Surroundings(for: .store, start)
        let probe = try Probe.run(.store, start, surroundings.orders + ["no-walls", "spare-execute"])
        let ordinary: [Attack.Kind] = [
            .openForeignFile, .openOutside, .createOutside, .connectOut, .bindPort, .fork, .signal,
        ]
        for kind in ordinary {
            let finding = try #require(probe["main attack \(kind)"])
            #expect(finding.contains(" through "), "\(kind): \(finding)")
        }
    }

    /// A program that runs takes the place of the room: nothing more is heard of it.
    @Test func withoutWallsExecuteReplacesTheProcess() throws {
        let probe = try Probe.run(.router, .asIs, "no-walls")
        #expect(probe["main attack openOutside"] == "forbidden through opened /etc/passwd")
        #expect(probe["main attack execute"] == nil)
        #expect(probe.findings.keys.allSatisfy { !$0.hasPrefix("other") })
    }

    @Test(arguments: Start.available)
    func theRouterReachesItsNameServers(start: Start) throws {
        let surroundings = try Surroundings(for: .router, start)
        let probe = try Probe.run(
            .router, start, surroundings.orders + ["attack", "dns=\(surroundings.listeningPort)"])
        #expect(probe["other attack connectOut"]?.hasPrefix("allowed through") == true)
        #expect(probe["other attack bindPort"]?.hasPrefix("forbidden refused") == true)
    }

    /// Late binding: the listener's own ports, and no other.
    @Test(arguments: Start.available)
    func theListenerBindsItsPortsLate(start: Start) throws {
        let port = try Surroundings.freePort(below: 60000)
        let own = try Probe.run(.listener, start, "attack", "late-ports=\(port)", "bind=\(port)")
        #expect(own["other attack bindPort"] == "allowed through bound port \(port)")
        let other = try Probe.run(.listener, start, "attack", "late-ports=\(port)", "bind=\(port - 1)")
        #expect(other["other attack bindPort"] == "forbidden refused \(EACCES)")
        #expect(other["other attack rawSocket"] == "forbidden refused \(EPERM)")
    }

    @Test(.enabled(if: geteuid() == 0, "needs CAP_NET_BIND_SERVICE"))
    func theListenerKeepsOneCapabilityForLowPorts() throws {
        let port = try Surroundings.freePort(below: 1000)
        let probe = try Probe.run(.listener, .asRoot, "status", "attack", "late-ports=\(port)", "bind=\(port)")
        for thread in SandboxTests.threads {
            #expect(probe["\(thread) CapEff"] == "0000000000000400")
            #expect(probe["\(thread) CapBnd"] == "0000000000000400")
            #expect(probe["\(thread) attack bindPort"] == "allowed through bound port \(port)")
        }
        let without = try Probe.run(.listener, .asNobody, "late-ports=\(port)")
        #expect(without.findings["remark"]?.contains { $0.contains("CAP_NET_BIND_SERVICE is missing") } == true)
    }

    private func attack(_ room: RoomName, _ start: Start) throws -> Probe {
        let surroundings = try Surroundings(for: room, start)
        return try Probe.run(room, start, surroundings.orders + ["attack"])
    }
}

// Ports: opened, refused, tried again, closed (T-11, T-13, T-14, T-16).

import FakeRooms
import Glibc
import IPC
import Mail
import NIOCore
import Testing

@testable import listener

@Suite(.serialized) struct PortsTests {
    static let loopback = InternetAddress("127.0.0.1")!

    @Test func aTakenPortIsNamedWithItsOwner() throws {
        let taken = try FrontDoor.freeSocket()
        let free = try Self.freePort()
        defer { close(taken.descriptor) }
        let ports = Ports.bind([
            PortPlan(.smtp, [Self.loopback], port: taken.port), PortPlan(.submission, [Self.loopback], port: free),
        ])
        defer { for port in ports.open { close(port.descriptor) } }
        #expect(ports.open.map(\.plan.service) == [.submission])
        let failure = try #require(ports.failures.first)
        #expect(
            failure.description.hasPrefix(
                "smtp: cannot bind 127.0.0.1:\(taken.port): Address already in use, taken by process \(getpid()) ("),
            "\(failure)")
    }

    /// T-13, E-13, D13: empty is every address.
    @Test func everyAddressIsBothFamilies() throws {
        let port = try Self.freePort()
        let ports = Ports.bind([PortPlan(.smtp, port: port)])
        defer { for port in ports.open { close(port.descriptor) } }
        #expect(ports.failures.isEmpty)
        #expect(ports.open.count == 1)
        _ = try Stranger(port: port)
        let again = Ports.bind([PortPlan(.pop3, [Self.loopback], port: port)])
        #expect(
            again.failures.first?.description.hasPrefix("pop3: cannot bind 127.0.0.1:\(port): Address already in use") == true)
    }

    /// T-16.
    @Test func portZeroIsNoSocket() {
        let ports = Ports.bind([PortPlan(.smtp, port: 0)])
        #expect(ports.open.isEmpty)
        #expect(ports.failures.isEmpty)
    }

    @Test func severalAddressesAreAllOrNothing() throws {
        let taken = try FrontDoor.freeSocket()
        let plan = PortPlan(.smtp, [InternetAddress("127.0.0.2")!, Self.loopback], port: taken.port)
        #expect(Ports.bind([plan]).open.isEmpty)
        close(taken.descriptor)
        let ports = Ports.bind([plan])
        defer { for port in ports.open { close(port.descriptor) } }
        #expect(ports.open.map { $0.place.description } == ["127.0.0.2:\(taken.port)", "127.0.0.1:\(taken.port)"])
    }

    @Test func anAddressThatIsNotOurs() throws {
        let ports = Ports.bind([PortPlan(.smtp, [InternetAddress("192.0.2.77")!], port: try Self.freePort())])
        #expect(ports.failures.first?.description.contains("cannot bind 192.0.2.77:") == true)
    }

    @Test func aPassedSocketIsTakenByNameAndPort() throws {
        let (passed, other) = (try FrontDoor.freeSocket(), try FrontDoor.freeSocket())
        let ports = Ports.bind(
            [PortPlan(.smtp, [Self.loopback], port: passed.port)],
            passed: [
                Ports.Passed(name: "smtp", descriptor: passed.descriptor),
                Ports.Passed(name: "pop3", descriptor: other.descriptor),
            ])
        defer { for port in ports.open { close(port.descriptor) } }
        #expect(ports.open.map(\.descriptor) == [passed.descriptor])
        #expect(fcntl(other.descriptor, F_GETFD) == -1, "nobody would accept there")
    }

    @Test func listenersInATable() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000 100 0 0 10 0
               1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000 100 0 0 10 0
               2: 0100007F:0019 0100007F:C0DE 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000 100 0 0 10 0
               3: 00000000000000000000000000000000:0019 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4714 1
               4: broken
            """
        #expect(PortOwner.listeners(on: 25, in: table) == ["4711", "4714"])
        #expect(PortOwner.listeners(on: 80, in: table) == ["4712"])
        #expect(PortOwner.listeners(on: 81, in: table) == [])
        #expect(PortOwner.listeners(on: 25, in: "") == [])
    }

    @Test func aPortThatBecomesFreeIsOpenedLater() throws {
        let taken = try FrontDoor.freeSocket()
        let door = try FrontDoor {
            $0.ports.append(PortPlan(.submission, [Self.loopback], port: taken.port))
            $0.timeouts.port = .milliseconds(50)
        }
        defer { door.stop() }
        #expect(door.events.all.contains { if case .portFailed = $0 { true } else { false } })
        close(taken.descriptor)
        #expect(comes { (try? Stranger(port: taken.port).reply().hasPrefix("220")) == true })
        #expect(door.events.all.filter { if case .portFailed = $0 { true } else { false } }.count == 1, "said once")
    }

    @Test func aReloadOpensAndCloses() throws {
        let door = try FrontDoor { $0.timeouts.port = .milliseconds(50) }
        defer { door.stop() }
        let before = try door.stranger()
        _ = try before.replies(1)
        let port = try Self.freePort()
        door.room.reload(ListenerPolicy(hostname: "new.example.test", ports: [PortPlan(.smtp, [Self.loopback], port: port)]))
        #expect(comes { (try? Stranger(port: port).reply()) == "220 new.example.test ESMTP" })
        #expect(comes { (try? door.stranger()) == nil })
        #expect(try before.ask("NOOP").hasPrefix("250"), "open sessions stay")
    }

    @Test func aStoppingRoomSaysGoodbye() throws {
        let door = try FrontDoor()
        let (idle, waiting) = (try door.stranger(), try door.stranger())
        _ = try idle.replies(1)
        try waiting.begin()
        door.store.with { $0.isSilent = true }
        try waiting.say("x\r\n.\r\n")
        #expect(comes { door.store.with { $0.heardOctets } == 3 })
        let stopped = door.room.stop()
        #expect(try idle.rest() == "421 4.3.2 Shutting down, closing\r\n")
        door.store.goOn()
        #expect(try waiting.rest() == "250 2.0.0 Queued as 0000000000000001\r\n421 4.3.2 Shutting down, closing\r\n")
        try stopped.wait()
        #expect(throws: Stranger.Trouble.self) { try door.stranger() }
        door.stop()
    }

    private static func freePort() throws -> UInt16 {
        let socket = try FrontDoor.freeSocket()
        close(socket.descriptor)
        return socket.port
    }
}

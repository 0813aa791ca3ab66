// sd_notify(3) against a real datagram socket, by path and by abstract name.

import Glibc
import Testing

@testable import Systemd

struct NotifyTests {
    @Test func arrivesByPath() throws {
        let path = "/tmp/postern-notify-\(getpid())"
        defer { unlink(path) }
        let manager = try Manager(path)
        let notify = try Notify.open(path)
        #expect(notify.send(.ready, .status("two\nlines")))
        #expect(manager.next() == "READY=1\nSTATUS=two lines")
    }

    @Test func arrivesByAbstractName() throws {
        let name = "@postern-notify-\(getpid())"
        let manager = try Manager(name)
        let notify = try Notify.open(name)
        #expect(notify.send(.reloading))
        #expect(notify.send(.watchdog))
        #expect(notify.send(.stopping, .mainProcess(7)))
        #expect(manager.next() == "RELOADING=1")
        #expect(manager.next() == "WATCHDOG=1")
        #expect(manager.next() == "STOPPING=1\nMAINPID=7")
    }

    /// A manager that does not read must not hold the house.
    @Test func neverWaits() throws {
        let name = "@postern-notify-full-\(getpid())"
        let manager = try Manager(name)
        let notify = try Notify.open(name)
        var taken = 0
        while taken < 10_000, notify.send(.watchdog) { taken += 1 }
        #expect(taken < 10_000)
        #expect(manager.next() == "WATCHDOG=1")
        #expect(notify.send(.watchdog))
    }

    @Test(arguments: ["", "relative", "@" + String(repeating: "x", count: 200), "/nowhere/at/all"])
    func unreachable(name: String) { #expect(throws: SystemdError.self) { try Notify.open(name) } }

    @Test func statusIsBounded() {
        #expect(Notify.Message.status(String(repeating: "x", count: 1000)).line.count == 7 + Notify.longestStatus)
    }

    @Test(
        arguments: [
            ([:], nil),
            (["WATCHDOG_USEC": "30000000"], .seconds(15)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"], .seconds(15)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "43"], nil),
        ] as [([String: String], Duration?)])
    func watchdog(environment: [String: String], expected: Duration?) throws {
        #expect(try Notify.watchdogInterval(in: environment, of: 42) == expected)
    }

    @Test(arguments: ["0", "-5", "soon"])
    func watchdogMalformed(value: String) {
        #expect(throws: SystemdError.malformed(variable: "WATCHDOG_USEC", value: value)) {
            try Notify.watchdogInterval(in: ["WATCHDOG_USEC": value], of: 42)
        }
    }
}

/// The receiving end, as systemd would hold it.
private final class Manager {
    private let descriptor: Int32

    init(_ name: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: name.utf8)
            if name.hasPrefix("@") { path[0] = 0 }
        }
        let length = socklen_t(2 + name.utf8.count)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(bound == 0)
    }

    deinit { close(descriptor) }

    func next() -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }
}

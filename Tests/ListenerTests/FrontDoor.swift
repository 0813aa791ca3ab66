// The whole front of the house: a listener at a port of its own, a router, and a fake store, over real sockets.

import FakeRooms
import Glibc
import IPC
import Mail
import NIOCore
import NIOPosix
import Synchronization

@testable import listener
@testable import router

final class FrontDoor: Sendable {
    let folder = TemporaryFolder()
    let store: FakeStore
    let room: ListenerRoom
    let port: UInt16
    let events = Seen<ListenerEvent>()
    private let routing: Mutex<RouterRoom?>

    /// Of few loops, never shut down: rooms are stopped, their threads stay.
    private static let listenerGroup = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    private static let routerGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private static let storeGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(
        trusted: [String] = ["127.0.0.0/8"], hasRouter: Bool = true, unit: TimeAmount = .milliseconds(20),
        _ change: (inout ListenerPolicy) -> Void = { _ in }
    ) throws {
        store = try FakeStore(path: folder.path + "/store", on: FrontDoor.storeGroup)
        store.add(account: "alice@example.test", 1)
        let socket = try FrontDoor.freeSocket()
        port = socket.port
        var policy = ListenerPolicy(
            hostname: "mail.example.test", ports: [PortPlan(.smtp, [InternetAddress("127.0.0.1")!], port: port)])
        change(&policy)
        let ports = Ports.bind(policy.ports, passed: [Ports.Passed(name: "smtp", descriptor: socket.descriptor)])
        let events = events
        routing = Mutex(hasRouter ? try FrontDoor.router(folder, trusted) : nil)
        room = ListenerRoom(
            policy, ports: ports, router: folder.path + "/router",
            identity: Identity(room: .listener, release: "test"), on: FrontDoor.listenerGroup, clockUnit: unit,
            road: { _ in }, log: { events.note($0) })
        try room.start().wait()
        if hasRouter { try waitForRouter() }
    }

    func stop() {
        try? room.stop().wait()
        stopRouter()
        store.stop()
        folder.remove()
    }

    func stranger(seconds: Int = 20, receiveBuffer: CInt? = nil) throws -> Stranger {
        try Stranger(port: port, seconds: seconds, receiveBuffer: receiveBuffer)
    }

    func figure(_ name: String) -> Int64 { room.figures().first { $0.name == name }?.value ?? -1 }

    func stopRouter() {
        let room = routing.withLock { room in
            defer { room = nil }
            return room
        }
        try? room?.stop().wait()
    }

    func startRouter() throws {
        let room = try FrontDoor.router(folder, ["127.0.0.0/8"])
        routing.withLock { $0 = room }
        try waitForRouter()
    }

    /// Sessions are welcomed and recipients known on every loop.
    private func waitForRouter() throws {
        let before = figure("smtp sessions open")
        var good = 0
        let isUp = comes(within: 20) {
            guard let stranger = try? stranger(), let banner = try? stranger.reply(), banner.hasPrefix("220"),
                (try? stranger.ask("EHLO x")) != nil, (try? stranger.ask("MAIL FROM:<>"))?.hasPrefix("250") == true,
                (try? stranger.ask("RCPT TO:<alice@example.test>"))?.hasPrefix("250") == true
            else {
                good = 0
                return false
            }
            good += 1
            return good >= 4
        }
        guard isUp else { throw IPCError.unreachable }
        guard comes({ figure("smtp sessions open") == before }) else { throw IPCError.unreachable }
    }

    private static func router(_ folder: TemporaryFolder, _ trusted: [String]) throws -> RouterRoom {
        func serve(_ name: String) throws -> ServedEdge {
            ServedEdge(descriptor: try UnixSocket.listen(path: "\(folder.path)/\(name)", mode: 0o600), rule: .mine)
        }
        var policy = RouterPolicy(hostname: "mail.example.test", trusted: trusted.map { AddressRange($0)! })
        policy.messageSize = 100 << 20
        let room = RouterRoom(
            policy, listener: try serve("router"), delivery: try serve("delivery"), store: folder.path + "/store",
            identity: Identity(room: .router, release: "test"), on: routerGroup, road: { _ in }, log: { _ in })
        try room.start().wait()
        return room
    }

    /// A listening socket at a port that nobody else has.
    static func freeSocket() throws -> (descriptor: CInt, port: UInt16) {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let place = SocketPlace(address: InternetAddress("127.0.0.1")!, port: 0)
        guard place.withSocketAddress({ bind(descriptor, $0, $1) }) == 0, listen(descriptor, 1024) == 0,
            let bound = SocketPlace(ofSocket: descriptor)
        else { throw Stranger.Trouble(description: "no free port: \(errno)") }
        return (descriptor, bound.port)
    }
}

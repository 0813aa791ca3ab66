// The addresses of this machine as they are now (A-20, A-22, T-09). The socket that hears of changes is opened before the
// walls.

import Mail
import NIOCore
import Settings
import Synchronization

final class MachineAddresses: Sendable {
    private struct State {
        var own: Set<InternetAddress> = []
        var subnets: [AddressRange] = []
    }

    private let state: Mutex<State>
    private let source: Source?

    /// How long a change may go unnoticed.
    private static let interval = TimeAmount.milliseconds(500)

    private struct Source: @unchecked Sendable {
        // Unchecked: only used on one event loop after the start.
        let addresses: OwnAddresses
    }

    /// Fixed addresses.
    init(own: [InternetAddress] = [], privateSubnets: [AddressRange] = []) {
        source = nil
        state = Mutex(State(own: Set(own), subnets: privateSubnets))
    }

    /// Reads them and keeps the socket open: before the walls.
    static func follow() throws -> MachineAddresses { MachineAddresses(try OwnAddresses()) }

    private init(_ addresses: OwnAddresses) {
        source = Source(addresses: addresses)
        state = Mutex(State())
        take(addresses)
    }

    /// Looks for changes on this loop until it ends.
    func start(on loop: any EventLoop) {
        guard let source else { return }
        loop.scheduleRepeatedTask(initialDelay: Self.interval, delay: Self.interval) { [self] _ in
            if source.addresses.drain() { take(source.addresses) }
        }
    }

    func isOwn(_ address: InternetAddress) -> Bool {
        address.isLoopback || state.withLock { $0.own.contains(address) }
    }

    /// Whether an address lies in a private subnet that this machine has an address in.
    func isPrivateNeighbour(_ address: InternetAddress) -> Bool {
        state.withLock { $0.subnets.contains { $0.contains(address) } }
    }

    private func take(_ addresses: OwnAddresses) {
        let own = Set(addresses.attached.addresses)
        let subnets = addresses.privateSubnets
        state.withLock { $0 = State(own: own, subnets: subnets) }
    }
}

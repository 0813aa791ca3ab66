// The ports of the house: bound before the walls, by plain system calls, without a thread. A port that cannot be had
// does not keep the others from being opened; it is named with its reason and tried again later.

import Glibc
import IPC
import Mail

/// A listening socket and what it is for.
struct BoundPort: Sendable, Equatable {
    let plan: PortPlan
    let place: SocketPlace
    let descriptor: CInt
}

/// A port that could not be opened. The text names address and port, and who has it, if that can be seen.
struct PortFailure: Error, Sendable, Equatable, CustomStringConvertible {
    let plan: PortPlan
    let description: String
}

struct Ports: Sendable {
    private(set) var open: [BoundPort] = []
    private(set) var failures: [PortFailure] = []
    /// Descriptors that the process may have.
    let descriptorLimit: Int

    /// A socket that the service manager passed in.
    struct Passed: Sendable {
        let name: String
        let descriptor: CInt

        init(name: String, descriptor: CInt) {
            self.name = name
            self.descriptor = descriptor
        }
    }

    /// Opens every port. A passed socket whose name is that of the service and whose port is the
    /// planned one is used instead of a socket of our own.
    static func bind(_ plans: [PortPlan], passed: [Passed] = []) -> Ports {
        var ports = Ports(descriptorLimit: DescriptorLimit.raise())
        var passed = passed
        // T-16: port 0 is no socket at all.
        for plan in plans where plan.isOpen {
            let taken = passed.filter { socket in
                socket.name == plan.service.rawValue && SocketPlace(ofSocket: socket.descriptor)?.port == plan.port
            }
            if taken.isEmpty {
                ports.add(plan, Ports.open(plan))
            } else {
                passed.removeAll { socket in taken.contains { $0.descriptor == socket.descriptor } }
                ports.add(plan, .success(taken.compactMap { adopt($0, plan) }))
            }
        }
        // Nobody would ever accept on these.
        for socket in passed { close(socket.descriptor) }
        return ports
    }

    private mutating func add(_ plan: PortPlan, _ result: Result<[BoundPort], PortFailure>) {
        switch result {
        case .success(let ports): open += ports
        case .failure(let failure): failures.append(failure)
        }
    }

    private static func adopt(_ socket: Passed, _ plan: PortPlan) -> BoundPort? {
        guard let place = SocketPlace(ofSocket: socket.descriptor) else { return nil }
        _ = fcntl(socket.descriptor, F_SETFL, fcntl(socket.descriptor, F_GETFL) | O_NONBLOCK)
        return BoundPort(plan: plan, place: place, descriptor: socket.descriptor)
    }

    /// Opens one socket for all addresses of both families, or one for each address. All of it or nothing.
    /// - Parameter namesOwner: Whether to look who has a taken port: reads all of /proc.
    static func open(_ plan: PortPlan, namesOwner: Bool = true) -> Result<[BoundPort], PortFailure> {
        if let path = plan.path { return openUnix(plan, path) }
        var opened: [BoundPort] = []
        do throws(PortFailure) {
            for place in places(of: plan) {
                let descriptor = try listen(place, plan, namesOwner)
                opened.append(BoundPort(plan: plan, place: place, descriptor: descriptor))
            }
            return .success(opened)
        } catch {
            for port in opened { close(port.descriptor) }
            return .failure(error)
        }
    }
}

// One socket.
extension Ports {
    /// Whoever may enter the socket's folder may speak: a port for incoming mail gives nobody a right.
    private static func openUnix(_ plan: PortPlan, _ path: String) -> Result<[BoundPort], PortFailure> {
        do {
            let descriptor = try UnixSocket.listen(path: path, mode: 0o666)
            let place = SocketPlace(address: InternetAddress(v4: 0x7F00_0001), port: 0)
            return .success([BoundPort(plan: plan, place: place, descriptor: descriptor)])
        } catch {
            return .failure(PortFailure(plan: plan, description: "\(plan.service.rawValue): cannot listen: \(error)"))
        }
    }

    private static let anyV6 = InternetAddress(high: 0, low: 0)
    private static let anyV4 = InternetAddress(v4: 0)

    private static func places(of plan: PortPlan) -> [SocketPlace] {
        (plan.addresses.isEmpty ? [anyV6] : plan.addresses).map { SocketPlace(address: $0, port: plan.port) }
    }

    private static func listen(
        _ place: SocketPlace, _ plan: PortPlan, _ namesOwner: Bool
    ) throws(PortFailure) -> CInt {
        var place = place
        var descriptor = stream(place)
        if descriptor < 0, errno == EAFNOSUPPORT, place.address == anyV6 {
            // A machine without IPv6.
            place.address = anyV4
            descriptor = stream(place)
        }
        guard descriptor >= 0 else { throw failure("open", place, plan, errno, namesOwner) }
        do throws(PortFailure) {
            try prepare(descriptor, place, plan, namesOwner)
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func stream(_ place: SocketPlace) -> CInt {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return socket(place.address.isV4 ? AF_INET : AF_INET6, type, 0)
    }

    private static func prepare(
        _ descriptor: CInt, _ place: SocketPlace, _ plan: PortPlan, _ namesOwner: Bool
    ) throws(PortFailure) {
        // A restart must not wait for the connections of the last run.
        guard set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) else {
            throw failure("prepare", place, plan, errno, namesOwner)
        }
        if !place.address.isV4 {
            // One socket for both families where every address is meant; else exactly the address.
            guard set(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, place.address == anyV6 ? 0 : 1) else {
                throw failure("prepare", place, plan, errno, namesOwner)
            }
        }
        guard place.withSocketAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
            throw failure("bind", place, plan, errno, namesOwner)
        }
        guard Glibc.listen(descriptor, plan.backlog) == 0 else {
            throw failure("listen on", place, plan, errno, namesOwner)
        }
    }

    private static func set(_ descriptor: CInt, _ level: CInt, _ option: CInt, _ value: CInt) -> Bool {
        var value = value
        return setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<CInt>.size)) == 0
    }

    private static func failure(
        _ act: String, _ place: SocketPlace, _ plan: PortPlan, _ error: CInt, _ namesOwner: Bool
    ) -> PortFailure {
        let shown = place.address == anyV6 && plan.addresses.isEmpty ? "*:\(place.port)" : place.description
        var text = "\(plan.service.rawValue): cannot \(act) \(shown): \(String(cString: strerror(error)))"
        if error == EADDRINUSE, namesOwner, let owner = PortOwner.find(port: place.port) { text += ", taken by \(owner)" }
        if error == EACCES, place.port < 1024 { text += "; ports below 1024 are for root, or for systemd to open" }
        return PortFailure(plan: plan, description: text)
    }
}

/// How many descriptors the process may have.
enum DescriptorLimit {
    /// Raises the soft limit to the hard one, before the walls.
    static func raise() -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return 1024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = raised.rlim_max
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}

// The acts of the attack matrix: what an intruder in a room would try, tried for real from within its walls.
// An act that gets through is undone at once; only a successful `execute` shows by the room's disappearance.

import CLinux
import Glibc
import Mail

/// One act and what it is aimed at.
package struct Attack: Sendable, Codable, Equatable {
    /// What is done. The raw value is the row's name in the matrix.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case openForeignFile = "open another room's file"
        case openOutside = "open a file outside"
        case createOutside = "create a file outside"
        case connectOut = "connect out"
        case bindPort = "bind a port"
        case execute = "run a program"
        case fork = "start a process"
        case trace = "trace a process"
        case rawSocket = "open a raw socket"
        case becomeRoot = "become root"
        case signal = "signal a process"
        case mount = "mount a file system"
        case namespace = "make a namespace"
        case readMemory = "read another's memory"
        case readMemoryFile = "open another's memory"
        case readEnvironment = "read another's environment"
    }

    package let kind: Kind
    package let target: Target

    package init(_ kind: Kind, at target: Target = Target()) {
        self.kind = kind
        self.target = target
    }

    /// What acts are aimed at. An act that needs what is nil answers that it does not apply.
    package struct Target: Sendable, Codable, Equatable {
        /// A file that belongs to another room.
        package var foreignFile: String?
        /// A readable file that belongs to nobody in the house.
        package var outsideFile: String
        /// A directory that everybody may write to.
        package var outsideDirectory: String
        /// A live TCP socket.
        package var address: InternetAddress?
        package var port: UInt16
        /// A port to bind; 0 is any.
        package var bindPort: UInt16
        package var program: String
        /// A process of another room.
        package var process: Int32?

        package init(
            foreignFile: String? = nil, outsideFile: String = "/etc/passwd", outsideDirectory: String = "/tmp",
            address: InternetAddress? = nil, port: UInt16 = 0, bindPort: UInt16 = 0, program: String = "/bin/true",
            process: Int32? = nil
        ) {
            self.foreignFile = foreignFile
            self.outsideFile = outsideFile
            self.outsideDirectory = outsideDirectory
            self.address = address
            self.port = port
            self.bindPort = bindPort
            self.program = program
            self.process = process
        }
    }

    /// Tries it, on the calling thread. Does not block.
    package func attempt() -> AttackResult {
        switch kind {
        case .openForeignFile: target.foreignFile.map(read) ?? .notApplicable("no file was named")
        case .openOutside: read(target.outsideFile)
        case .createOutside: create(in: target.outsideDirectory)
        case .connectOut: connect()
        case .bindPort: result(clinux_attempt_bind(target.bindPort), "bound port \(target.bindPort)")
        // Only a refusal returns.
        case .execute: result(clinux_attempt_execute(target.program), "ran \(target.program)")
        case .fork: result(clinux_attempt_fork(), "started a process")
        case .trace: onProcess { result(clinux_attempt_trace($0), "traced process \($0)") }
        case .rawSocket: result(clinux_attempt_raw_socket(), "opened a raw socket")
        case .becomeRoot: result(clinux_attempt_become_root(), "became root")
        case .signal: onProcess { result(clinux_attempt_signal($0), "may signal process \($0)") }
        case .mount: result(clinux_attempt_mount(target.outsideDirectory), "mounted on \(target.outsideDirectory)")
        case .namespace: result(clinux_attempt_namespace(), "made a namespace")
        case .readMemory: onProcess { result(clinux_attempt_read_memory($0), "read the memory of process \($0)") }
        case .readMemoryFile: onProcess { look(at: "/proc/\($0)/mem") }
        case .readEnvironment: onProcess { look(at: "/proc/\($0)/environ") }
        }
    }

    /// Whether the room's table forbids it. A late port is the listener's own, and DNS ports are the router's.
    package func isForbidden(to room: Room, in place: Place) -> Bool {
        switch kind {
        case .connectOut: room.connects.resolved(in: place).map { !$0.contains(target.port) } ?? false
        case .bindPort: room.binds.resolved(in: place).map { !$0.contains(target.bindPort) } ?? false
        default: true
        }
    }

    private func onProcess(_ body: (Int32) -> AttackResult) -> AttackResult {
        target.process.map(body) ?? .notApplicable("no process was named")
    }

    private func read(_ path: String) -> AttackResult { result(clinux_attempt_read(path), "opened \(path)") }

    /// A process that is hidden (`ProtectProc=invisible`) is out of reach as well.
    private func look(at path: String) -> AttackResult {
        let error = clinux_attempt_read(path)
        return error == ENOENT ? .refused(errno: error) : result(error, "opened \(path)")
    }

    private func create(in directory: String) -> AttackResult {
        let path = "\(directory)/postern-confine-\(getpid())"
        return result(clinux_attempt_create(path), "created \(path)")
    }

    private func connect() -> AttackResult {
        guard let address = target.address else { return .notApplicable("no address was named") }
        let octets = [address.high, address.low].flatMap { half in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> UInt64($0)) }
        }
        let error = clinux_attempt_connect(octets, target.port)
        // The network's own answer means that the walls let the question out.
        let answers: Set<Int32> = [ECONNREFUSED, ETIMEDOUT, ECONNRESET, EHOSTUNREACH, ENETUNREACH]
        return result(answers.contains(error) ? 0 : error, "connected to \(address) port \(target.port)")
    }

    private func result(_ error: Int32, _ success: String) -> AttackResult {
        switch error {
        case 0: .gotThrough(success)
        case EPERM, EACCES, EAFNOSUPPORT: .refused(errno: error)
        default: .notApplicable(errorText(error))
        }
    }
}

/// How an act ended.
package enum AttackResult: Sendable, Codable, Equatable, CustomStringConvertible {
    case refused(errno: Int32)
    case gotThrough(String)
    /// It failed for a reason that says nothing about the walls.
    case notApplicable(String)

    package var description: String {
        switch self {
        case .refused(let error): "refused (\(errorText(error)))"
        case .gotThrough(let detail): "GOT THROUGH: \(detail)"
        case .notApplicable(let reason): "not applicable: \(reason)"
        }
    }
}

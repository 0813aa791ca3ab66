// postern confine --prove: the attack matrix against the running rooms.

import ArgumentParser
import Door
import Glibc
import IPC
import Mail
import Sandbox

struct Confine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Try, from inside every running room, what the room must not be able to do.",
        discussion: "Exit status 1 when an act gets through or a room does not answer.")
    @OptionGroup var settings: SettingsOption
    @OptionGroup var form: JSONOption
    @Flag(help: "Do it. The acts are harmless where they fail, and undone where they succeed.") var prove = false

    func run() async throws {
        guard prove else { throw ValidationError("say --prove to have it tried") }
        let calls = RoomCalls(settings)
        let target = try LiveTarget()
        let pids = try await processes(calls)
        var cells: [Cell] = []
        for room in RoomName.rooms { cells += try await attack(room, pids, target, calls) }
        for room in RoomName.rooms {
            guard case .status(let status) = try await calls.ask(room, .status), status.pid == pids[room] else {
                throw Failure("the \(room.rawValue) did not survive the proof: an act got through")
            }
        }
        if form.json { try sayJSON(cells) } else { show(cells) }
        if cells.contains(where: { $0.outcome == .gotThrough }) { throw ExitCode(1) }
    }

    private func processes(_ calls: RoomCalls) async throws -> [RoomName: Int32] {
        var pids: [RoomName: Int32] = [:]
        for room in RoomName.rooms {
            if case .status(let status) = try await calls.ask(room, .status) { pids[room] = status.pid }
        }
        return pids
    }

    private func attack(
        _ room: RoomName, _ pids: [RoomName: Int32], _ target: LiveTarget, _ calls: RoomCalls
    ) async throws -> [Cell] {
        let other = pids[room == .store ? .router : .store].map { "\($0)" } ?? ""
        let server = try read(settings).server
        let foreign =
            room == .store
            ? foreignToStore(["\(server.state)/log/router.log", Roads(runtime: server.runtime).controlKeys, "/etc/shadow"])
            : "\(server.state)/store/index.sqlite"
        let orders =
            Attack.Kind.allCases.map { kind in
                switch kind {
                case .openForeignFile: Attack.order(kind, at: foreign)
                case .openOutside: Attack.order(kind, at: "/etc/passwd")
                case .createOutside, .mount: Attack.order(kind, at: "/tmp")
                case .connectOut: Attack.order(kind, at: "127.0.0.1:\(target.port)")
                case .bindPort: Attack.order(kind, at: "0")
                case .execute: Attack.order(kind, at: "/bin/true")
                default: Attack.order(kind, at: other)
                }
            } + [AttackOrder(act: EdgeAttack.act, target: "")]
        guard case .proof(let reports) = try await calls.ask(room, .prove(orders), seconds: 60) else {
            throw Failure.misfit(room.rawValue)
        }
        return reports.map { Cell(room: room.rawValue, act: $0.act, outcome: $0.outcome, detail: $0.detail) }
    }

    /// The first of these that is there: not every house has logs and keys of its own.
    private func foreignToStore(_ files: [String]) -> String { files.first { access($0, F_OK) == 0 } ?? files[0] }

    private func show(_ cells: [Cell]) {
        var acts: [String] = []
        for cell in cells where !acts.contains(cell.act) { acts.append(cell.act) }
        let rows = acts.map { act in
            [act]
                + RoomName.rooms.map { room in
                    let cell = cells.first { $0.act == act && $0.room == room.rawValue }
                    return switch cell?.outcome {
                    case .refused?: "refused"
                    case .gotThrough?: "GOT THROUGH"
                    case .notApplicable?: cell?.detail == "allowed to this room" ? "allowed" : "not tried"
                    case nil: "no answer"
                    }
                }
        }
        sayTable(["ACT"] + RoomName.rooms.map(\.rawValue), rows)
        for cell in cells where cell.outcome == .gotThrough { say("\(cell.room): \(cell.act): \(cell.detail)") }
    }

    private struct Cell: Encodable {
        var room: String
        var act: String
        var outcome: AttackReport.Result
        var detail: String
    }
}

/// A listening TCP socket of the command, so that a connection that gets out finds somebody.
private final class LiveTarget {
    let port: UInt16
    private let descriptor: CInt

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let made = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(descriptor, raw, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, raw, &length) == 0
            }
        }
        guard made else { throw Failure("cannot open a socket to be attacked: \(errorText(errno))") }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
}

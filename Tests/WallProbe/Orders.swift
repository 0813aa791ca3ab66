// What the test asks of the probe.

import Glibc
import Mail
import Sandbox

struct Orders {
    let room: RoomName
    private var values: [String: String] = [:]

    init(_ arguments: [String]) {
        room = RoomName(rawValue: arguments.dropFirst().first ?? "") ?? .command
        for argument in arguments.dropFirst(2) {
            let parts = argument.split(separator: "=", maxSplits: 1)
            values[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
        }
    }

    func has(_ key: String) -> Bool { values[key] != nil }

    var place: Place {
        Place(
            state: values["state"], reloads: values["reload"].map { [$0] } ?? [], latePorts: ports("late-ports"),
            dnsPorts: ports("dns"), user: number("uid").map { RoomUser(uid: UInt32($0), gid: UInt32($0)) },
            require: has("require"))
    }

    /// Gives root up before the walls, as if an ordinary user had started the room.
    func becomeNobody() {
        guard let id = number("start-as").map({ UInt32($0) }), id != getuid() else { return }
        guard setgroups(0, nil) == 0, setgid(id) == 0, setuid(id) == 0 else { exit(3) }
    }

    func attack(_ thread: String) {
        for kind in Attack.Kind.allCases where kind != .execute || !has("spare-execute") {
            let attack = Attack(kind, at: target)
            let rule = attack.isForbidden(to: Room.named(room) ?? .store, in: place) ? "forbidden" : "allowed"
            let outcome =
                switch attack.attempt() {
                case .refused(let error): "refused \(error)"
                case .gotThrough(let detail): "through \(detail)"
                case .notApplicable(let reason): "nothing \(reason)"
                }
            say("\(thread) attack \(kind)", "\(rule) \(outcome)")
        }
    }

    /// The room's daily work. A line per failure.
    func work(_ thread: String) {
        let failures = Work(orders: self, thread: thread).run()
        say("\(thread) work", failures.isEmpty ? "done" : failures.joined(separator: ", "))
    }

    var state: String? { values["state"] }
    var reload: String? { values["reload"] }

    private var target: Attack.Target {
        Attack.Target(
            foreignFile: values["foreign"], outsideDirectory: values["outside"] ?? "/tmp",
            address: InternetAddress("127.0.0.1"), port: UInt16(number("port") ?? 0),
            bindPort: UInt16(number("bind") ?? 0),
            process: number("process").map { Int32($0) })
    }

    private func number(_ key: String) -> Int? { values[key].flatMap { Int($0) } }

    private func ports(_ key: String) -> [UInt16] {
        (values[key] ?? "").split(separator: ",").compactMap { UInt16($0) }
    }
}

func say(_ key: String, _ value: String) {
    let line = "\(key): \(value)\n"
    _ = line.withCString { write(1, $0, strlen($0)) }
}

func contents(of path: String) -> String {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return String(decoding: text, as: UTF8.self) }
        text += buffer[..<count]
    }
}

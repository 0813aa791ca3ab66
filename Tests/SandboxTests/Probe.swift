// Runs `wall-probe`: walls are for ever, so every case needs a process of its own.

import Glibc
import Mail
import Testing

/// What a probe said and how it ended.
struct Probe {
    let findings: [String: [String]]
    /// As from waitpid.
    let status: Int32

    var exitCode: Int32? { status & 0x7F == 0 ? (status >> 8) & 0xFF : nil }
    var signal: Int32? { status & 0x7F == 0 ? nil : status & 0x7F }
    var reachedEnd: Bool { findings["end"] != nil }

    subscript(key: String) -> String? { findings[key]?.first }

    /// Runs it to its end.
    static func run(_ room: RoomName, _ start: Start = .asIs, _ orders: String...) throws -> Probe {
        try run(room, start, orders)
    }

    static func run(_ room: RoomName, _ start: Start, _ orders: [String]) throws -> Probe {
        var child = try Child(["wall-probe", room.rawValue] + start.orders(for: room) + orders)
        let text = child.readToEnd()
        var findings: [String: [String]] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstRange(of: ": ") else { continue }
            findings[String(line[..<colon.lowerBound]), default: []].append(String(line[colon.upperBound...]))
        }
        return Probe(findings: findings, status: child.wait())
    }
}

/// Who starts the room.
enum Start: String, CaseIterable, CustomTestStringConvertible {
    /// Root, which becomes the room's own user.
    case asRoot
    /// An ordinary user, who stays what it is.
    case asNobody
    /// Whoever runs the tests.
    case asIs

    /// Only root can be two people.
    static let available: [Start] = geteuid() == 0 ? [.asRoot, .asNobody] : [.asIs]

    static let nobody: UInt32 = 65534
    static let firstUser: UInt32 = 64100

    func user(of room: RoomName) -> UInt32 {
        switch self {
        case .asRoot: Start.firstUser + UInt32(RoomName.rooms.firstIndex(of: room) ?? 0)
        case .asNobody: Start.nobody
        case .asIs: geteuid()
        }
    }

    func orders(for room: RoomName) -> [String] {
        switch self {
        case .asRoot: ["uid=\(user(of: room))"]
        case .asNobody: ["start-as=\(Start.nobody)"]
        case .asIs: []
        }
    }

    var testDescription: String { rawValue }
}

/// A running program, ended at the latest when it is forgotten.
struct Child: ~Copyable {
    let process: pid_t
    private let output: Int32
    private var ended = false

    /// Runs `wall-probe`, or another program; both its outputs are read together.
    init(_ arguments: [String], of program: String = Child.probe) throws {
        var ends: [Int32] = [0, 0]
        // Not a pipe: only a socket closes itself on exec from its first moment, and other tests start children now.
        let made = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
        try #require(made == 0)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        for stream in [Int32(1), 2] { posix_spawn_file_actions_adddup2(&actions, ends[1], stream) }
        defer { posix_spawn_file_actions_destroy(&actions) }
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var process: pid_t = 0
        let error = posix_spawn(&process, program, &actions, nil, &words, environ)
        close(ends[1])
        try #require(error == 0, "\(program) cannot be started: errno \(error)")
        self.process = process
        output = ends[0]
    }

    deinit {
        close(output)
        if !ended {
            kill(process, SIGKILL)
            var status: Int32 = 0
            waitpid(process, &status, 0)
        }
    }

    /// The probe is built beside the tests.
    static let probe: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/wall-probe"
    }()

    /// What a program says, and how it ends.
    static func output(of program: String, _ arguments: [String]) throws -> (text: String, status: Int32) {
        var child = try Child([program] + arguments, of: program)
        let text = child.readToEnd()
        return (text, child.wait())
    }

    /// The next bytes; empty at the end.
    func read() -> String {
        var buffer = [UInt8](repeating: 0, count: 16384)
        let count = Glibc.read(output, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }

    func readToEnd() -> String {
        var text = ""
        while true {
            let more = read()
            if more.isEmpty { return text }
            text += more
        }
    }

    mutating func wait() -> Int32 {
        var status: Int32 = 0
        waitpid(process, &status, 0)
        ended = true
        return status
    }
}

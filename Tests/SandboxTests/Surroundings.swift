// What the attacks are aimed at: live things that the attacker's user could reach if there were no walls.

import Glibc
import Mail
import Testing

/// Directories, a file of somebody else, a port that listens and a process that sleeps; removed at the end.
final class Surroundings {
    let root: String
    let state: String
    let foreignFile: String
    let outside: String
    let listeningPort: UInt16
    private let listening: Int32
    private let victim: Child

    init(for room: RoomName, _ start: Start) throws {
        var template = Array("/tmp/postern-walls-XXXXXX".utf8CString)
        root = try #require(mkdtemp(&template).map { String(cString: $0) })
        (state, foreignFile, outside) = ("\(root)/state", "\(root)/foreign", "\(root)/outside")
        (listening, listeningPort) = try Surroundings.listen()
        victim = try Child(["wall-probe", room.rawValue, "victim", "start-as=\(start.user(of: room))"])
        try #require(victim.read() == "victim: ready\n")
        chmod(root, 0o711)
        mkdir(state, 0o700)
        mkdir(outside, 0o700)
        close(open(foreignFile, O_WRONLY | O_CREAT, 0o600))
        for path in [state, foreignFile, outside] { chown(path, start.user(of: room), start.user(of: room)) }
    }

    deinit {
        close(listening)
        for path in [foreignFile] { unlink(path) }
        for path in [state, outside, root] { rmdir(path) }
    }

    /// The orders that point a probe here.
    var orders: [String] {
        [
            "state=\(state)", "foreign=\(foreignFile)", "outside=\(outside)", "port=\(listeningPort)",
            "process=\(victim.process)",
        ]
    }

    private static func listen() throws -> (Int32, UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let port = try #require(bind(descriptor, port: 0))
        try #require(Glibc.listen(descriptor, 16) == 0)
        return (descriptor, port)
    }

    /// A port that is free at this moment, below the given one.
    static func freePort(below limit: UInt16) throws -> UInt16 {
        let found = (0..<300).lazy.map { limit - 1 - $0 }.first { port in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            return bind(descriptor, port: port) != nil
        }
        return try #require(found)
    }

    private static func bind(_ descriptor: Int32, port: UInt16) -> UInt16? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let done = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        return done ? UInt16(bigEndian: address.sin_port) : nil
    }
}

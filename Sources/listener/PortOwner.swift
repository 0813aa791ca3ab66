// Who has a port that we wanted: from /proc, as far as we may look. For the text of an error, before the walls.

import Glibc

struct PortOwner: CustomStringConvertible, Equatable {
    let process: Int
    let name: String

    var description: String { "process \(process) (\(name))" }

    /// The process that listens on the port, on any address; nil when there is none or we may not see it.
    static func find(port: UInt16) -> PortOwner? {
        var inodes: Set<String> = []
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            inodes.formUnion(listeners(on: port, in: text(of: table)))
        }
        guard !inodes.isEmpty else { return nil }
        let sockets = Set(inodes.map { "socket:[\($0)]" })
        for process in names(in: "/proc").compactMap({ Int($0) }).sorted() where holds(process, sockets) {
            let name = text(of: "/proc/\(process)/comm").split(separator: "\n").first.map(String.init) ?? "?"
            return PortOwner(process: process, name: name)
        }
        return nil
    }

    /// The inodes of listening sockets in a table of /proc/net (proc(5)): local address and port in hexadecimal in the
    /// second column, the state in the fourth (0A listens), the inode in the tenth.
    static func listeners(on port: UInt16, in table: String) -> Set<String> {
        var inodes: Set<String> = []
        for line in table.split(separator: "\n").dropFirst() {
            let columns = line.split(separator: " ")
            guard columns.count > 9, columns[3] == "0A", let colon = columns[1].lastIndex(of: ":") else { continue }
            if UInt16(columns[1][columns[1].index(after: colon)...], radix: 16) == port { inodes.insert(String(columns[9])) }
        }
        return inodes
    }

    private static func holds(_ process: Int, _ sockets: Set<String>) -> Bool {
        let folder = "/proc/\(process)/fd"
        return names(in: folder).contains { name in
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = readlink("\(folder)/\(name)", &buffer, buffer.count)
            return count > 0 && sockets.contains(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// At most 4 MB of a file; empty when it cannot be read.
    private static func text(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while text.count < 4 << 20 {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}

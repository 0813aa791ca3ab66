// Reads systemd's unit files: sections, keys, and all values of a key.

import Glibc
import Mail
import Testing

struct UnitFile {
    private var values: [String: [String]] = [:]
    /// What stands under the comment on the outer walls, line by line.
    private(set) var outerWalls: [String] = []

    init(_ name: String) throws {
        var section = ""
        var isWall = false
        for line in try UnitFile.lines(of: "units/\(name)") {
            if line.hasPrefix("# The walls outside.") { isWall = true }
            if line.hasPrefix("[") {
                section = String(line.dropFirst().dropLast())
                isWall = false
            }
            guard let equals = line.firstIndex(of: "="), !line.hasPrefix("#") else { continue }
            values["\(section)/\(line[..<equals])", default: []].append(String(line[line.index(after: equals)...]))
            if isWall { outerWalls.append(line) }
        }
    }

    subscript(section: String, key: String) -> [String] { values["\(section)/\(key)"] ?? [] }

    static func service(of room: RoomName) -> String {
        room == .delivery ? "postern-delivery@.service" : "postern-\(room.rawValue).service"
    }

    static func names(endingIn end: String) throws -> [String] {
        let directory = try #require(opendir("\(root)/units"))
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix("."), name.hasSuffix(end) { names.append(name) }
        }
        return names.sorted()
    }

    static func lines(of path: String) throws -> [String] {
        try contents(of: "\(root)/\(path)").split(separator: "\n").map(String.init)
    }

    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    private static func contents(of path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "\(path) cannot be read")
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(descriptor, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }

    /// The unit files with a program that exists, so that systemd can judge them where Postern is not installed.
    final class Copies {
        let directory: String
        let names: [String]

        init() throws {
            var template = Array("/tmp/postern-units-XXXXXX".utf8CString)
            directory = try #require(mkdtemp(&template).map { String(cString: $0) })
            names = try UnitFile.names(endingIn: "")
            for name in names {
                let text = try UnitFile.contents(of: "\(UnitFile.root)/units/\(name)")
                    .replacing(#/\/usr\/lib\/postern\/postern-[a-z]+/#, with: "/bin/true")
                let descriptor = open("\(directory)/\(name)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
                try #require(descriptor >= 0)
                let written = text.withCString { write(descriptor, $0, strlen($0)) }
                close(descriptor)
                try #require(written == text.utf8.count)
            }
        }

        deinit {
            for name in names { unlink("\(directory)/\(name)") }
            rmdir(directory)
        }
    }
}

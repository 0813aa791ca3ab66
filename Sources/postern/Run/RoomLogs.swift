// Where the rooms' log lines go under `postern run`: standard error, and one file a room in <state>/log/.

import Glibc
import Mail

/// Files grow to 16 MiB, then one older generation is kept. Owned by the supervisor's thread.
final class RoomLogs {
    private let folder: String
    private var files: [RoomName: (descriptor: CInt, size: Int)] = [:]
    private static let largest = 16 << 20

    init(folder: String) throws(RunError) {
        self.folder = folder
        for room in RoomName.rooms { try open(room) }
    }

    /// A line of the parent itself.
    func say(_ text: String) { put(Array("postern: \(text)\n".utf8)[...], STDERR_FILENO) }

    /// Complete lines of a room, with their line ends.
    func write(_ lines: ArraySlice<UInt8>, of room: RoomName) {
        put(lines, STDERR_FILENO)
        guard let file = files[room] else { return }
        put(lines, file.descriptor)
        files[room]?.size += lines.count
        if file.size + lines.count > RoomLogs.largest { rotate(room) }
    }

    private func open(_ room: RoomName) throws(RunError) {
        let path = path(of: room)
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw RunError("cannot write \(path): \(errorText(errno))") }
        files[room] = (descriptor, max(0, Int(lseek(descriptor, 0, SEEK_END))))
    }

    /// A log that cannot be rotated goes on growing: losing lines would be worse.
    private func rotate(_ room: RoomName) {
        guard let file = files[room], rename(path(of: room), path(of: room) + ".1") == 0 else { return }
        close(file.descriptor)
        files[room] = nil
        try? open(room)
    }

    private func path(of room: RoomName) -> String { "\(folder)/\(room.rawValue).log" }

    private func put(_ octets: ArraySlice<UInt8>, _ descriptor: CInt) {
        var rest = octets
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}

// The messages of one folder of a Maildir, in the order of their UIDs, else of their delivery.

import Archive
import IPC
import Mail

struct MaildirImport {
    private struct Found {
        var name: [UInt8]
        var subdirectory: MaildirEntry.Subdirectory
        var order: (uid: UInt32, time: Int64)
    }

    private static let piece = 256 << 10

    private let importing: Importing
    private let path: DiskPath
    private let keywords: MaildirKeywords
    private let list: UIDList?

    init(_ importing: Importing, _ path: DiskPath) {
        (self.importing, self.path) = (importing, path)
        keywords = ReadFile.whole(path / "dovecot-keywords").map { MaildirKeywords(file: $0) } ?? MaildirKeywords()
        let lists = ["dovecot-uidlist", "courierimapuiddb"].lazy.compactMap { [path] in ReadFile.whole(path / $0, limit: 1 << 30)
        }
        list = lists.first.flatMap { try? UIDList(file: $0) }
    }

    /// What `cur` and `new` have; what is in `tmp` has not been delivered.
    static func names(in path: DiskPath) -> [(name: [UInt8], place: MaildirEntry.Subdirectory)] {
        [(MaildirEntry.Subdirectory.cur, "cur"), (.new, "new")].flatMap { place, name in
            (try? DiskFolder.entries(path / name))?.filter { $0.name.first != 0x2E }.map { ($0.name, place) } ?? []
        }
    }

    func run() async throws {
        for name in ["cur", "new"] {
            do { _ = try DiskFolder.entries(path / name) } catch let trouble as DiskTrouble {
                if !trouble.isMissing { importing.leave(nil, (path / name).text, trouble.description) }
            }
        }
        for found in Self.names(in: path).map(found).sorted(by: isBefore) {
            try await take(found)
            importing.advance(1)
        }
    }

    private func found(_ name: [UInt8], _ place: MaildirEntry.Subdirectory) -> Found {
        let parsed = MaildirFileName(name)
        let uid = parsed.flatMap { list?.record(of: $0)?.uid } ?? .max
        return Found(name: name, subdirectory: place, order: (uid, parsed?.deliveryTime ?? 0))
    }

    private func isBefore(_ left: Found, _ right: Found) -> Bool {
        if left.order != right.order { return left.order < right.order }
        return left.name.lexicographicallyPrecedes(right.name)
    }

    private func take(_ found: Found) async throws {
        let place = path / (found.subdirectory == .cur ? "cur" : "new") / found.name
        guard let name = MaildirFileName(found.name) else {
            return importing.leave(nil, place.text, "its name is no message's")
        }
        let message = importing.began()
        do {
            let file = try ReadFile(place)
            var buffer: [UInt8] = []
            while try file.read(Self.piece, into: &buffer) > 0 {
                message.append(buffer[...], lines: true)
                buffer.removeAll(keepingCapacity: true)
                try await message.flush()
                if message.octets > AppendOrder.largest { break }
            }
            let facts = ArchivedMessage(
                name, in: found.subdirectory, date: .modification(file.modified), keywords: keywords, list: list)
            try await importing.take(message, facts, item: place.text)
        } catch let trouble as DiskTrouble { importing.leave(message, place.text, trouble.description) }
    }
}

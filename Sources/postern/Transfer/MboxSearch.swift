// Finds the mbox files of a folder: those of UW IMAP and Dovecot lie in folders as mailboxes do, Thunderbird's folder
// `Work.sbd` has what is below the file `Work`, and Apple's `Work.mbox` is a folder with a file `mbox` in it.

import Archive
import IPC

struct MboxSearch {
    private let below: String?
    private static let deepest = 32
    /// Of files that mail programs keep beside their mail.
    private static let foreign = [
        ".msf", ".dat", ".html", ".rdf", ".json", ".sqlite", ".lock", ".log", ".mab", ".js", ".ini", ".plist", ".emlx",
    ]

    init(_ below: String?) { self.below = below }

    func plan(_ root: DiskPath) -> ImportPlan {
        var plan = ImportPlan(format: .mbox)
        search(root, [], depth: 0, &plan)
        return plan
    }

    private func search(_ path: DiskPath, _ levels: [String], depth: Int, _ plan: inout ImportPlan) {
        let entries: [DiskEntry]
        do { entries = try DiskFolder.entries(path, followsLink: depth == 0) } catch {
            plan.leftOut.append((path.text, "\(error)"))
            return
        }
        let isApple = path.name.suffix(5).elementsEqual(".mbox".utf8) && depth > 0
        for entry in entries where entry.name.first != 0x2E {
            let place = path / entry.name
            guard let name = Self.level(entry.name) else {
                plan.leftOut.append((place.text, "its name is not UTF-8: rename it"))
                continue
            }
            switch entry.kind {
            case .other: plan.leftOut.append((place.text, "it is a link or no file"))
            case .folder where depth < Self.deepest: search(place, levels + [name], depth: depth + 1, &plan)
            case .folder: plan.leftOut.append((place.text, "it lies too deep"))
            case .file where isApple:
                if entry.name.elementsEqual("mbox".utf8) { add(place, levels, &plan) } else { plan.passedOver.append(place.text) }
            case .file: add(place, levels + [name], &plan)
            }
        }
    }

    private func add(_ place: DiskPath, _ levels: [String], _ plan: inout ImportPlan) {
        let name = String(decoding: place.name, as: UTF8.self).lowercased()
        guard !Self.foreign.contains(where: name.hasSuffix), Self.isMbox(place) else { return plan.passedOver.append(place.text) }
        do {
            plan.sources.append(ImportPlan.Source(mailbox: try ImportNames.mailbox(levels, below: below), path: place))
        } catch { plan.leftOut.append((place.text, "\(error)")) }
    }

    /// A level of a mailbox's name: without the endings that say what it is. nil: not UTF-8.
    static func level(_ name: [UInt8]) -> String? {
        guard let text = String(validating: name, as: UTF8.self) else { return nil }
        let ending = [".mbox", ".sbd"].first { text.lowercased().hasSuffix($0) && text.utf8.count > $0.utf8.count }
        return ImportNames.unescaped(String(text.dropLast(ending?.count ?? 0)))
    }

    /// A file or a folder of this name would be taken for something else than a mailbox of this name.
    static func hasEnding(_ name: String) -> Bool { ([".mbox", ".sbd"] + foreign).contains(where: name.lowercased().hasSuffix) }

    /// It begins with a From_ line, behind empty lines perhaps, or has nothing in it.
    static func isMbox(_ path: DiskPath) -> Bool {
        guard let file = try? ReadFile(path), let start = try? file.read(64, at: 0) else { return false }
        return start.isEmpty || start.drop { $0 == 0x0A || $0 == 0x0D }.starts(with: "From ".utf8)
    }
}

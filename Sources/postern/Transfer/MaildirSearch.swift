// Finds the folders of a Maildir: those of Maildir++ beside each other (`.Work.2026`), those of the file system's layout in
// each other (`Work/2026`), with what Dovecot and Courier keep in them.

import Archive
import IPC

struct MaildirSearch {
    private let below: String?
    /// Folders in folders.
    private static let deepest = 32

    init(_ below: String?) { self.below = below }

    static func isMaildir(_ root: DiskPath, _ entries: [DiskEntry]) -> Bool {
        hasMessages(entries)
            || entries.contains { entry in
                entry.kind == .folder && (try? DiskFolder.entries(root / entry.name)).map(hasMessages) == true
            }
    }

    private static func hasMessages(_ entries: [DiskEntry]) -> Bool {
        entries.contains { entry in
            guard case .messages(let place) = MaildirEntry.classify(entry.name, isDirectory: entry.kind == .folder) else {
                return false
            }
            return place != .tmp
        }
    }

    func plan(_ root: DiskPath) -> ImportPlan {
        var plan = ImportPlan(format: .maildir)
        search(root, [], &plan)
        return plan
    }

    private func search(_ root: DiskPath, _ directory: [UInt8], _ plan: inout ImportPlan) {
        let path = directory.isEmpty ? root : root / directory
        guard let entries = entries(path, followsLink: directory.isEmpty, &plan) else { return }
        if Self.hasMessages(entries) { add(path, directory, .fileSystem, &plan) }
        for entry in entries {
            let name = directory.isEmpty ? entry.name : directory + [0x2F] + entry.name
            if entry.kind == .other { plan.leftOut.append(((path / entry.name).text, "it is a link or no file")) }
            guard entry.kind == .folder else {
                subscribe(path, entry.name, directory, &plan)
                continue
            }
            if case .folder = MaildirEntry.classify(entry.name, isDirectory: true, layout: .fileSystem) {
                if name.count(where: { $0 == 0x2F }) < Self.deepest { search(root, name, &plan) }
            } else if case .folder = MaildirEntry.classify(entry.name, isDirectory: true), directory.isEmpty {
                guard let inner = self.entries(path / entry.name, &plan), Self.hasMessages(inner) else { continue }
                add(path / entry.name, entry.name, .maildirPlusPlus, &plan)
            }
        }
    }

    private func entries(_ path: DiskPath, followsLink: Bool = false, _ plan: inout ImportPlan) -> [DiskEntry]? {
        do { return try DiskFolder.entries(path, followsLink: followsLink) } catch {
            plan.leftOut.append((path.text, "\(error)"))
            return nil
        }
    }

    private func add(_ path: DiskPath, _ directory: [UInt8], _ layout: MaildirFolders.Layout, _ plan: inout ImportPlan) {
        do {
            let levels = try directory.isEmpty ? [] : ImportNames.levels(directory, layout)
            plan.sources.append(ImportPlan.Source(mailbox: try ImportNames.mailbox(levels, below: below), path: path))
        } catch { plan.leftOut.append((path.text, "\(error)")) }
    }

    /// Dovecot's list has names with dots, in version 2 levels with tabs between; Courier's names begin with INBOX.
    private func subscribe(_ path: DiskPath, _ name: [UInt8], _ directory: [UInt8], _ plan: inout ImportPlan) {
        guard directory.isEmpty, case .subscriptions(let server) = MaildirEntry.classify(name, isDirectory: false),
            let file = ReadFile.whole(path / name, limit: 1 << 20)
        else { return }
        let lines = file.split(separator: 0x0A).filter { !$0.starts(with: "V\t".utf8) }
        for line in lines.prefix(10_000) {
            var parts = line.split(separator: line.contains(0x09) ? 0x09 : line.contains(0x2F) ? 0x2F : 0x2E).map { Array($0) }
            if server == .courier, parts.count > 1, parts[0].elementsEqual("INBOX".utf8) { parts.removeFirst() }
            let joined = Array(parts.map { [0x2E] + $0 }.joined())
            guard let levels = try? ImportNames.levels(joined, .maildirPlusPlus),
                let mailbox = try? ImportNames.mailbox(levels, below: below)
            else { continue }
            plan.subscriptions.append(mailbox)
        }
    }
}

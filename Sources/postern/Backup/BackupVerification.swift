// A whole backup, read again: files against the manifest, messages against their own checksums.

import Crypto
import Glibc
import IPC

struct VerifiedBackup: Encodable {
    var madeAt: String
    var messages: UInt64 = 0
    var files = 0
    var octets: UInt64 = 0
    /// One sentence each: files first, then messages.
    var damaged: [String] = []

    /// For the administrator.
    var text: String {
        let lines = damaged.map { "\n  \(printable($0))" }.joined()
        return "\(messages) messages, \(files) files, \(postern.octets(octets)) of \(madeAt) UTC: "
            + "\(damaged.count) damaged" + lines
    }
}

struct BackupVerification {
    private let folder: BackupFolder
    private let manifest: BackupManifest
    private let meter: BackupMeter

    init(_ folder: BackupFolder, _ manifest: BackupManifest, meter: BackupMeter) {
        self.folder = folder
        self.manifest = manifest
        self.meter = meter
    }

    func run() throws -> VerifiedBackup {
        var found = files()
        guard !found.damaged.contains(where: { $0.hasPrefix("index.sqlite") }) else {
            found.damaged.append("the messages were not looked at, since the index says where they are")
            return found
        }
        try readMessages(&found)
        return found
    }

    /// Against the manifest alone.
    func files() -> VerifiedBackup {
        var found = VerifiedBackup(madeAt: manifest.madeAt)
        meter.begin(octets: manifest.octets)
        for entry in manifest.files {
            found.files += 1
            do {
                var sum = FileSum()
                let isLong = try sum.read(folder.place(entry.path), upTo: entry.length)
                found.octets += sum.length
                if !isLong { found.damaged.append("\(entry.path): \(sum.length) octets of \(entry.length)") }
                if isLong, sum.text != entry.sha256 { found.damaged.append("\(entry.path): wrong checksum") }
            } catch { found.damaged.append("\(entry.path): \(error)") }
            meter.add(entry.length, isCopied: true)
        }
        meter.end()
        return found
    }

    /// The form of a record is the store's secret: its own program reads them.
    private func readMessages(_ found: inout VerifiedBackup) throws {
        let program = try manifest.program(["check-backup", folder.path])
        var messages: UInt64?
        var damaged: [String] = []
        program.lines { line in
            let words = line.split(separator: " ", maxSplits: 1)
            switch words.first {
            case "damaged" where words.count == 2: damaged.append(String(words[1]))
            case "checked" where words.count == 2: messages = words[1].split(separator: " ").first.flatMap { UInt64($0) }
            default: return
            }
        }
        let status = program.end()
        guard status == 0, let messages else { throw Failure("the messages of the backup cannot be read (status \(status))") }
        found.messages = messages
        found.damaged += damaged
    }
}

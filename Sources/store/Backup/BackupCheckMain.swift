// `postern-store check-backup DIR`: reads every message of a backup again and compares it with its own checksum. For
// `postern backup verify`, which knows the manifest and writes the list of files to standard input; it says one line for
// each damaged message and a sum, and asks no store.

import Glibc

enum BackupCheckMain {
    static let word = "check-backup"

    /// - Parameter words: the folder of the backup.
    static func run(_ words: [String]) -> Never {
        StandAlone.run("the backup cannot be read") {
            guard words.count == 1 else { throw StoreFault("usage: check-backup DIR") }
            let files = try BackupFiles(words[0], list: FileLines.all(STDIN_FILENO))
            let found = try BackupCheck(files).run { StandAlone.say("damaged \($0)\n") }
            StandAlone.say("checked \(found.checked) \(found.octets)\n")
        }
    }
}

enum FileLines {
    /// Everything up to the end of the pipe.
    static func all(_ descriptor: CInt) -> String {
        var bytes: [UInt8] = []
        let input = RestoreInput(descriptor)
        while bytes.count < BackupFiles.longest, let more = try? input.bytes(atMost: 1 << 20) { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }
}

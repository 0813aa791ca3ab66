// Reads every message that a backup has: the index says where records should lie, the records say whether they are whole.

import Mail

/// Used by one thread. Blocks.
struct BackupCheck {
    struct Found: Equatable {
        var checked = 0
        var octets: UInt64 = 0
        var damaged = 0
    }

    private static let page = 1_000

    private let records: BackupRecords

    init(_ files: BackupFiles) throws { records = try BackupRecords(files) }

    /// - Parameter damaged: hears one sentence for each message that is not what was stored.
    func run(_ damaged: (String) -> Void) throws -> Found {
        var found = Found()
        var next = SpoolID(rawValue: 0)
        while true {
            let page = try records.index.messages(from: next, limit: Self.page)
            guard let last = page.last else { return found }
            for message in page {
                found.checked += 1
                do { found.octets += try check(message) } catch {
                    found.damaged += 1
                    damaged("message \(message.spool): \(error)")
                }
            }
            next = SpoolID(rawValue: last.spool.rawValue + 1)
        }
    }

    /// Octets that were read.
    private func check(_ message: IndexedRecord) throws -> UInt64 {
        let record = try records.message(message).record
        return UInt64(record.length) + (try records.largeFile(record) == nil ? 0 : record.contentLength)
    }
}

// Reads what is stored again and compares it with its checksums: `postern verify`.

import IPC
import Mail

/// Pages through all messages, so that no question takes long.
package struct SpoolCheck: Sendable {
    /// Messages and octets of one page.
    static let page = 1_000
    static let octets: UInt64 = 64 << 20

    let database: any Database
    let reader: SpoolReader

    package init(database: any Database, reader: SpoolReader) {
        self.database = database
        self.reader = reader
    }

    /// The next page behind this message. Blocks.
    /// - Parameters:
    ///   - sample: of 1,000 messages this many are read; from 1,000 on all.
    ///   - draw: a number below 1,000, another one each time.
    package func page(
        after spool: SpoolID?, sample: UInt16 = 1_000, draw: () -> UInt16 = { UInt16.random(in: 0..<1_000) }
    ) throws(DatabaseError) -> VerifiedPage {
        let first = SpoolID(rawValue: spool.map { $0.rawValue + 1 } ?? 0)
        var page = VerifiedPage(checked: 0, octets: 0, damaged: [], next: nil)
        for message in try database.messages(from: first, limit: Self.page) where page.octets < Self.octets {
            page.next = message.spool
            guard sample >= 1_000 || draw() < sample else { continue }
            page.checked += 1
            do throws(SpoolReadError) { page.octets += try check(message) } catch {
                // It was let go of since the page was made.
                guard try database.messages(from: message.spool, limit: 1).first?.spool == message.spool else { continue }
                page.damaged.append("message \(message.spool): \(error)")
            }
        }
        return page
    }

    /// Octets that were read.
    private func check(_ message: IndexedRecord) throws(SpoolReadError) -> UInt64 {
        let stored = try reader.read(message.location, message.spool)
        guard stored.record.flags.contains(.ownFile) else { return UInt64(stored.record.length) }
        try reader.checkContent(of: stored.record, try reader.openContent(of: stored.record))
        return UInt64(stored.record.length) + stored.record.contentLength
    }
}

// The keywords of a mailbox: a name has a bit among the flags of its placements, the same for as long as the mailbox is there.

import GRDB
import IPC
import Mail

final class KeywordStatements {
    static let firstBit = 5
    static let lastBit = firstBit + MailboxLimits.keywords - 1

    private static let selectSQL = "SELECT bit, name FROM keywords WHERE mailbox = ?1 ORDER BY bit"

    private let select: IndexStatement
    private let insert: IndexStatement

    init(_ database: GRDB.Database) throws {
        select = try IndexStatement(database, Self.selectSQL)
        insert = try IndexStatement(database, "INSERT INTO keywords VALUES (?1, ?2, ?3)")
    }

    /// The bits of these names; those that the mailbox does not have get one.
    /// - Returns: nil, and nothing was written, when there are not enough bits.
    func bits(_ names: [String], of mailbox: Int64) throws -> Int64? {
        guard !names.isEmpty else { return 0 }
        let (bits, new) = try look(names, mailbox)
        guard (new.last?.bit ?? 0) <= Self.lastBit else { return nil }
        return try bits | add(new, mailbox)
    }

    /// The bits of those names that the mailbox has, or has room for.
    func bitsWithRoom(_ names: [String], of mailbox: Int64) throws -> Int64 {
        guard !names.isEmpty else { return 0 }
        let (bits, new) = try look(names, mailbox)
        return try bits | add(new.filter { $0.bit <= Self.lastBit }, mailbox)
    }

    /// The bits of those names that the mailbox has.
    func knownBits(_ names: [String], of mailbox: Int64) throws -> Int64 {
        names.isEmpty ? 0 : try look(names, mailbox).bits
    }

    /// In the order of their bits.
    func names(of mailbox: Int64) throws -> [(bit: Int, name: String)] {
        try Self.names(select, mailbox)
    }

    /// For readers.
    static func names(of mailbox: Int64, _ database: GRDB.Database) throws -> [(bit: Int, name: String)] {
        try names(IndexStatement(cached: database, selectSQL), mailbox)
    }

    /// Those of a mailbox's keywords that these bits say.
    static func names(in flags: Int64, of keywords: [(bit: Int, name: String)]) -> [String] {
        keywords.filter { flags & (1 << Int64($0.bit)) != 0 }.map(\.name)
    }

    private static func names(_ select: IndexStatement, _ mailbox: Int64) throws -> [(bit: Int, name: String)] {
        var names: [(bit: Int, name: String)] = []
        select.bind(1, mailbox)
        try select.rows { names.append((Int(select.integer(0)), select.text(1) ?? "")) }
        return names
    }

    /// Names are equal without case, as flags of IMAP are; the first one's spelling stays.
    private func look(_ names: [String], _ mailbox: Int64) throws -> (bits: Int64, new: [(bit: Int, name: String)]) {
        var known: [String: Int] = [:]
        var next = Self.firstBit
        for (bit, name) in try self.names(of: mailbox) {
            known[name.lowercased()] = bit
            next = bit + 1
        }
        var bits: Int64 = 0
        var new: [(bit: Int, name: String)] = []
        for name in names {
            if let bit = known[name.lowercased()] {
                if bit < next { bits |= 1 << Int64(bit) }
                continue
            }
            known[name.lowercased()] = next + new.count
            new.append((next + new.count, name))
        }
        return (bits, new)
    }

    private func add(_ new: [(bit: Int, name: String)], _ mailbox: Int64) throws -> Int64 {
        var bits: Int64 = 0
        for (bit, name) in new {
            insert.bind(1, mailbox)
            insert.bind(2, bit)
            insert.bind(3, name)
            try insert.run()
            bits |= 1 << Int64(bit)
        }
        return bits
    }
}

extension String {
    /// A keyword as IMAP can show it (RFC 9051 §9, flag-keyword): an atom of limited length.
    var isKeyword: Bool {
        (1...MailboxLimits.keyword).contains(utf8.count)
            && utf8.allSatisfy { (0x21...0x7E).contains($0) && !"(){%*\"\\]".utf8.contains($0) }
    }
}

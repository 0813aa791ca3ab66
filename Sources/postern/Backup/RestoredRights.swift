// The rights of others that came back with a mailbox, and those that did not.

import IPC
import Mail

/// As many as somebody reads are named; all are counted.
struct RestoredRights: Encodable {
    private static let named = 1_000

    struct Entry: Encodable, Equatable {
        var mailbox: String
        /// An address, or `anyone`: everybody with an account.
        var grantee: String
        /// Letters of RFC 4314 §2.1.
        var rights: String
        /// Why they are left out; nil: they were given.
        var leftOut: String?
    }

    private(set) var given: UInt64 = 0
    private(set) var leftOut: UInt64 = 0
    private(set) var list: [Entry] = []

    mutating func note(_ entry: RightsEntry, on mailbox: String, leftOut reason: String?) {
        if reason == nil { given += 1 } else { leftOut += 1 }
        guard list.count < Self.named else { return }
        let grantee = entry.grantee.map { "\($0.address)" } ?? "anyone"
        list.append(Entry(mailbox: mailbox, grantee: grantee, rights: "\(entry.rights)", leftOut: reason))
    }

    /// One for each, and one for those that are not named.
    var lines: [String] {
        let more = given + leftOut - UInt64(list.count)
        let lines = list.map { entry in
            let what = "rights \(entry.rights) of \(entry.grantee) on \(printable(entry.mailbox))"
            return entry.leftOut.map { "\(what) left out: \(printable($0))" } ?? "\(what) given again"
        }
        return lines + (more > 0 ? ["and \(more) more rights"] : [])
    }
}

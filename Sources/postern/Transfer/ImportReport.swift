// What an import or an export has to say at its end.

/// Something about one message, file or folder.
struct TransferProblem: Encodable, Equatable {
    var item: String
    var reason: String
    /// It was taken all the same, as it is.
    var isKept: Bool
    /// The store did not take it, and never will as it is.
    var isRefused = false

    var line: String {
        let what = isKept ? "kept as it is" : isRefused ? "refused by the store and left out" : "left out"
        return "\(what): \(item): \(printable(reason))"
    }
}

/// As many as somebody reads are named; all are counted.
struct TransferProblems: Encodable {
    private static let named = 1_000

    private(set) var leftOut: UInt64 = 0
    /// Of those left out, by the store.
    private(set) var refused: UInt64 = 0
    private(set) var odd: UInt64 = 0
    private(set) var list: [TransferProblem] = []

    mutating func leave(_ item: String, _ reason: String) {
        leftOut += 1
        note(TransferProblem(item: item, reason: reason, isKept: false))
    }

    mutating func refuse(_ item: String, _ reason: String) {
        leftOut += 1
        refused += 1
        note(TransferProblem(item: item, reason: reason, isKept: false, isRefused: true))
    }

    mutating func keep(_ item: String, _ reason: String) {
        odd += 1
        note(TransferProblem(item: item, reason: reason, isKept: true))
    }

    private mutating func note(_ problem: TransferProblem) { if list.count < Self.named { list.append(problem) } }

    /// One for each, and one for those that are not named.
    var lines: [String] {
        let more = leftOut + odd - UInt64(list.count)
        return list.map(\.line) + (more > 0 ? ["and \(more) more"] : [])
    }
}

struct ImportReport: Encodable {
    var format: ArchiveFormat
    var dryRun: Bool
    var messages: UInt64 = 0
    var octets: UInt64 = 0
    var present: UInt64 = 0
    var keywordsLost: UInt64 = 0
    var mailboxes: [String: UInt64] = [:]
    var passedOver: [String] = []
    var problems = TransferProblems()

    mutating func take(_ tally: MessageIntake.Tally) {
        (messages, octets, present) = (tally.messages, tally.octets, tally.present)
        (keywordsLost, mailboxes, problems) = (tally.keywordsLost, tally.mailboxes, tally.problems)
    }

    var lines: [String] {
        let places = mailboxes.count == 1 ? "1 mailbox" : "\(mailboxes.count) mailboxes"
        var words = "\(messages) messages \(dryRun ? "would be imported" : "imported") (\(postern.octets(octets))) into \(places)"
        if present > 0 { words += ", \(present) were there already" }
        if problems.leftOut > 0 { words += ", \(problems.leftOut) left out" }
        if problems.refused > 0 { words += " (\(problems.refused) of them refused by the store)" }
        if problems.odd > 0 { words += ", \(problems.odd) kept as they are" }
        var lines = mailboxes.sorted { $0.key < $1.key }.map { "\(printable($0.key)): \($0.value)" }
        lines += problems.lines
        if keywordsLost > 0 { lines.append("\(keywordsLost) keywords left out that IMAP cannot have") }
        if !passedOver.isEmpty { lines.append("no mail, passed over: \(passedOver.prefix(20).joined(separator: ", "))") }
        return lines + [words]
    }
}

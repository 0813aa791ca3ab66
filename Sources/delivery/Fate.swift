// What one attempt came to for one recipient, before the schedule has had its say, and how it is reported.

import IPC
import SMTP

struct Fate: Sendable, Equatable {
    enum Kind: Sendable { case delivered, deferred, failed }

    var kind: Kind
    var report: AttemptReport
    /// The remote's reply on one line, when there was one.
    var reply: String?
    /// The remote was told who wants which report, and will send them.
    var isReportedThere = false

    init(_ kind: Kind, _ report: AttemptReport, reply: String? = nil) {
        self.kind = kind
        self.report = report
        self.reply = reply
    }

    /// The outcome of a transaction.
    init(_ outcome: SMTPClientOutcome, remote: String) {
        switch outcome {
        case .delivered(let reply):
            let status = reply.status ?? "2.0.0"
            self.init(
                .delivered,
                AttemptReport(category: "delivered", remote: remote, text: Fate.cut(reply.line), status: status))
        case .deferred(let failure): self.init(.deferred, failure, remote: remote)
        case .failed(let failure): self.init(.failed, failure, remote: remote)
        }
    }

    init(_ kind: Kind, _ failure: AttemptFailure, remote: String = "") {
        let said = failure.reply?.line
        // The session's sentence is more than the reply only where it explains.
        let isMore = !failure.text.hasPrefix("The remote server said: ")
        let words = isMore ? failure.text + (said.map { ": " + $0 } ?? "") : said ?? failure.text
        let report = AttemptReport(
            category: failure.reason.rawValue, remote: remote,
            text: Fate.cut("\(words) (while \(failure.phase.rawValue))"),
            status: failure.status(isPermanent: kind == .failed))
        self.init(kind, report, reply: said)
    }

    /// A category of the room's own.
    init(_ kind: Kind, _ category: RoomCategory, status: String, text: String) {
        self.init(
            kind, AttemptReport(category: category.rawValue, remote: "", text: Fate.cut(text), status: status))
    }

    /// The vocabulary's bound.
    private static func cut(_ text: String) -> String {
        text.utf8.count <= 4096 ? text : String(decoding: text.utf8.prefix(4090), as: UTF8.self)
    }
}

/// Classes beside `AttemptClass`: what no server said.
enum RoomCategory: String, CaseIterable {
    /// The best exchange of the domain is this server, which does not know the domain.
    case mailLoop = "mail-loop"
    /// Neither exchange nor address can be had from the DNS.
    case noExchange = "no-exchange"
    /// Given up after the message's lifetime; the text names the last trouble.
    case expired
    /// The room stopped before the attempt was made.
    case roomStopping = "room-stopping"
    /// The report to the sender could not be handed over; the attempt will be repeated.
    case reportPending = "report-pending"
}

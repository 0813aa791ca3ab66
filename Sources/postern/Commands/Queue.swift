// postern queue list

import ArgumentParser
import IPC
import Mail

struct Queue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The mail that waits to leave.", subcommands: [List.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what waits, with the reason why it still waits.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var form: JSONOption

        func run() async throws {
            let call = StoreCall(settings)
            let entries = try await call.pages { (last: QueueEntry?) in
                guard case .queue(let page) = try await call.ask(.listQueue(after: last?.entry)) else {
                    throw Failure.misfit("store")
                }
                return page
            }
            try sayRows(entries.map(QueueRow.init), form)
        }
    }
}

struct QueueRow: Row {
    static let heads = ["MESSAGE", "RECIPIENT", "STATE", "TRIES", "NEXT TRY (UTC)", "SIZE", "SENDER", "REASON"]
    var entry: UInt64
    var message: String
    var sender: String
    var recipient: String
    var state: String
    var accepted: String
    var nextAttempt: String
    var attempts: UInt32
    var size: UInt64
    var category: String
    var remote: String
    var reason: String

    init(_ entry: QueueEntry) {
        self.entry = entry.entry
        message = "\(entry.message)"
        sender = entry.sender?.description ?? ""
        recipient = "\(entry.recipient)"
        state = entry.state.rawValue
        accepted = moment(entry.acceptedAt)
        nextAttempt = moment(entry.nextAttemptAt)
        attempts = entry.attempts
        size = entry.size
        category = entry.last?.category ?? ""
        remote = entry.last?.remote ?? ""
        reason = entry.last?.text ?? ""
    }

    var cells: [String] {
        [message, recipient, state, "\(attempts)", nextAttempt, octets(size), "<\(sender)>", reason]
    }
}

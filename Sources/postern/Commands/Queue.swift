// postern queue list|release|drop

import ArgumentParser
import IPC
import Mail

struct Queue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The mail that waits to leave.", subcommands: [List.self, Release.self, Drop.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what waits, with the reason why it still waits.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var filter: QueueFilter
        @OptionGroup var form: JSONOption

        func run() async throws {
            try sayRows(try await StoreCall(settings).queue(filter).map(QueueRow.init), form)
        }
    }
}

extension StoreCall {
    /// What waits and goes through the filter.
    func queue(_ filter: QueueFilter) async throws -> [QueueEntry] {
        let all = try await pages { (last: QueueEntry?) in
            guard case .queue(let page) = try await ask(.listQueue(after: last?.entry)) else { throw Failure.misfit("store") }
            return page
        }
        return all.filter(filter.takes)
    }
}

struct QueueRow: Row {
    static let heads = ["ENTRY", "MESSAGE", "RECIPIENT", "STATE", "TRIES", "NEXT TRY (UTC)", "SIZE", "SENDER", "REASON"]
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
        ["\(entry)", message, recipient, state, "\(attempts)", nextAttempt, octets(size), "<\(sender)>", reason]
    }
}

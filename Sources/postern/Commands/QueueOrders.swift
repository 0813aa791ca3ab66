// postern queue release and postern queue drop: an administrator's word about entries that wait.

import ArgumentParser
import IPC
import Mail

/// Which entries; what is given twice must both be true.
struct QueueFilter: ParsableArguments {
    @Option(help: ArgumentHelp("Only to recipients like this, such as '*@example.org'.", valueName: "pattern"))
    var recipient: String?
    @Option(help: ArgumentHelp("Only from senders like this; '<>' is the null sender.", valueName: "pattern"))
    var sender: String?
    @Option(help: ArgumentHelp("Only to domains like this, such as 'example.*'.", valueName: "pattern"))
    var destination: String?

    var isEmpty: Bool { recipient == nil && sender == nil && destination == nil }

    func takes(_ entry: QueueEntry) -> Bool {
        let from = entry.sender?.description ?? ""
        return fits(recipient, entry.recipient.description) && fits(sender == "<>" ? "" : sender, from)
            && fits(destination, entry.recipient.domain)
    }

    private func fits(_ pattern: String?, _ text: String) -> Bool {
        pattern.map { WildcardPattern($0).matches(text.lowercased()) } ?? true
    }
}

/// The entries that an order is for: their numbers, all that are held, or what a filter takes.
struct QueueSelection: ParsableArguments {
    @Argument(help: "Numbers that postern queue list shows.", transform: Typed.number) var entries: [UInt64] = []
    @Flag(help: "All that are held.") var allHeld = false
    @OptionGroup var filter: QueueFilter

    func validate() throws {
        guard !entries.isEmpty || allHeld || !filter.isEmpty else {
            throw ValidationError("say which entries: their numbers, --all-held, or --recipient, --sender, --destination")
        }
        guard entries.isEmpty || !allHeld && filter.isEmpty else {
            throw ValidationError("numbers say which entries; leave --all-held and the patterns away")
        }
    }

    func chosen(_ call: StoreCall) async throws -> [UInt64] {
        if !entries.isEmpty { return entries }
        return try await call.queue(filter).filter { !allHeld || $0.state == .held }.map(\.entry)
    }
}

extension Queue {
    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Try entries again now, also those that are held.",
            discussion: "Exit status: 0 all of them are tried now; 1 some were not there or on their way already.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var selection: QueueSelection
        @OptionGroup var form: JSONOption

        func run() async throws {
            let call = StoreCall(settings)
            let chosen = try await selection.chosen(call)
            try QueueOutcome(chosen.count, try await call.order(chosen) { .releaseEntries($0) }).say("released", form)
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give entries up: they are not delivered, and nobody gets a report.",
            discussion: "An entry that is being delivered just now stays.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var selection: QueueSelection
        @OptionGroup var form: JSONOption
        @Flag(help: "Do not ask before it is done.") var yes = false

        func run() async throws {
            let call = StoreCall(settings)
            let chosen = try await selection.chosen(call)
            if !yes, !chosen.isEmpty {
                let what = chosen.count == 1 ? "1 entry" : "\(chosen.count) entries"
                try Consent.ask("Give up \(what) of the queue? Neither sender nor recipient will be told.")
            }
            try QueueOutcome(chosen.count, try await call.order(chosen) { .dropEntries($0) }).say("dropped", form)
        }
    }
}

extension StoreCall {
    /// Gives an order about entries, 1,000 at a time. - Returns: of how many it was true.
    fileprivate func order(_ entries: [UInt64], _ order: ([UInt64]) -> CommandToStore.Question) async throws -> Int {
        var done = 0
        for start in stride(from: 0, to: entries.count, by: 1_000) {
            let question = order(Array(entries[start..<min(start + 1_000, entries.count)]))
            guard case .entries(let count) = try await ask(question) else { throw Failure.misfit("store") }
            done += Int(count)
        }
        return done
    }
}

private struct QueueOutcome: Encodable {
    var chosen: Int
    var done: Int

    init(_ chosen: Int, _ done: Int) { (self.chosen, self.done) = (chosen, done) }

    func say(_ word: String, _ form: JSONOption) throws {
        if form.json { try sayJSON(self) } else { postern.say("\(done) of \(chosen) \(word)") }
        if done < chosen { throw ExitCode(1) }
    }
}

// postern restore ACCOUNT --at TIME: what was there at a time and has been removed since comes back beside what is there.

import IPC
import Mail

/// Undeleting, apart from how it is asked for.
struct Undeletion {
    private let settings: SettingsOption
    private let account: NamedAccount
    private let mailbox: String?

    init(_ settings: SettingsOption, _ account: NamedAccount, _ mailbox: String?) {
        (self.settings, self.account, self.mailbox) = (settings, account, mailbox)
    }

    struct Restored: Encodable, Equatable {
        /// As the store's clock has it, in UTC.
        var at: String
        var messages: UInt64 = 0
        /// Those that have got messages.
        var mailboxes: [String] = []
        /// Those of them that were made again.
        var made: [String] = []

        var sentence: String {
            guard messages > 0 || !made.isEmpty else { return "nothing to bring back: all that was there at \(at) UTC is there" }
            let what = messages == 1 ? "1 message is back" : "\(messages) messages are back"
            let places = mailboxes.isEmpty ? "" : " in " + mailboxes.map(printable).joined(separator: ", ")
            let again = made.isEmpty ? "" : "; made again: " + made.map(printable).joined(separator: ", ")
            return what + places + again
        }
    }

    func carryOut(at moment: Int64, now: Int64) async throws -> Restored {
        let retention = try read(settings).store.expungeRetention
        try Undeletion.check(moment, now: now, retention: retention)
        let call = StoreCall(settings)
        let before = Dictionary(try await call.mailboxes(of: account).map { ($0.name, $0.uidNext) }) { first, _ in first }
        var result = Restored(at: postern.moment(moment))
        var order = UndeleteOrder(account, mailbox: mailbox, at: moment)
        repeat {
            guard case .mailbox(.undeleted(let step)) = try await call.ask(.mailbox(.undelete(order)), seconds: 120) else {
                throw Failure.misfit("store")
            }
            result.messages += UInt64(step.messages)
            result.made += step.mailboxes.filter { !result.made.contains($0) }
            order.after = step.next
        } while order.after != nil
        guard result.messages > 0 else { return result }
        // The store does not say where each went: what got UIDs since has got messages.
        result.mailboxes = try await call.mailboxes(of: account).filter { $0.uidNext > before[$0.name] ?? 1 }.map(\.name)
        return result
    }

    /// - Throws: `Failure` when what was removed shortly after that time may be gone for good.
    static func check(_ moment: Int64, now: Int64, retention: Duration) throws {
        let kept = retention.components.seconds * 1_000
        guard kept > 0 else { throw Failure("removed mail is not kept here: store.expunge_retention is 0") }
        guard now - moment <= kept else {
            throw Failure(
                "\(postern.moment(moment)) UTC is too long ago: removed mail is kept for \(ProgressLine.duration(Double(kept / 1_000)))"
                    + " (store.expunge_retention), so nothing before \(postern.moment(now - kept)) UTC can be had back")
        }
    }
}

// Mailboxes without room (FEATURES 2.9): what a sender is told, and what the router remembers of messages that found none.

import IPC
import Mail
import Settings

extension Settings.Store.OverQuota {
    /// At RCPT. RFC 3463 §3.3: X.2.2, mailbox full; RFC 5321 §4.2.3: 452 and 552.
    /// - Parameters:
    ///   - recipient: as the sender wrote it.
    ///   - because: for the journal and `postern explain`: whose mailbox it is.
    func refusal(of recipient: EmailAddress, because: String) -> Refusal {
        Refusal(reply("<\(recipient)>: mailbox is full"), because: because)
    }

    /// At the end of a message. Whoever has room gets it when the sender tries again: that must not be cut off, whatever the
    /// setting says.
    func refusal(_ shortage: QuotaShortage) -> Refusal {
        let word = shortage.isEverybody ? self : .temporary
        let text = shortage.isEverybody ? "Mailbox is full" : "The mailbox of a recipient is full"
        return Refusal(word.reply(text), because: shortage.because)
    }

    private func reply(_ text: String) -> Reply {
        switch self {
        case .temporary: Reply(452, "4.2.2", "\(text), try again later")
        case .permanent: Reply(552, "5.2.2", text)
        }
    }
}

/// Mailboxes that are not full and had no room for a message of some size, which others would have got too: when the sender
/// comes again, they are refused alone, so that the others get it. Bounded; confined to the event loop.
struct Shortages {
    private struct Known {
        let octets: UInt64
        let until: Int64
    }

    /// Nearly every server tries again within this time (RFC 5321 §4.5.4.1), in seconds.
    static let memory: Int64 = 3_600

    private var accounts = Generations<AccountID, Known>(limit: 10_000)

    /// - Parameter octets: as MAIL declared them (RFC 1870).
    mutating func note(_ shortage: QuotaShortage, octets: UInt64, now: Int64) {
        guard !shortage.isEverybody else { return }
        for account in shortage.accounts {
            let known = accounts[account].flatMap { $0.until > now ? $0.octets : nil }
            accounts[account] = Known(octets: min(octets, known ?? octets), until: now + Self.memory)
        }
    }

    mutating func hasNoRoom(_ account: AccountID, for octets: UInt64, now: Int64) -> Bool {
        guard let known = accounts[account], known.until > now else { return false }
        return octets >= known.octets
    }
}

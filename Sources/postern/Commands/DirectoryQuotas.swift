// Quotas in the file of a directory: read, written, and compared with those that are there.

import IPC
import Mail
import Settings

extension DirectoryTable {
    /// Reads `"1 GB"`, a number, or `"none"`; `key` is the quota's own, or an account's of a domain.
    func limits(_ prefix: String, _ notes: inout DirectoryNotes) -> (octets: QuotaWord?, messages: QuotaWord?) {
        (
            limit("\(prefix)_size", &notes, Typed.sizeLimit), limit("\(prefix)_messages", &notes, Typed.numberLimit)
        )
    }

    private func limit(_ key: String, _ notes: inout DirectoryNotes, _ read: (String) throws -> QuotaWord) -> QuotaWord? {
        guard let node = node(key) else { return nil }
        let text: String
        switch node.value {
        case .text(let written): text = written
        case .integer(let number): text = "\(number)"
        default:
            notes.add(node.line, path(of: key), "must be a text or a number, not \(node.kind)")
            return nil
        }
        do {
            return try read(text)
        } catch {
            notes.add(node.line, path(of: key), "\(tomlText(text)): \(error)")
            return nil
        }
    }
}

extension QuotaLimits {
    static let keys = ["quota_size", "quota_messages"]

    /// An account's own words: 0 is none.
    init(account words: (octets: QuotaWord?, messages: QuotaWord?)) {
        self.init(octets: words.octets?.number(none: 0), messages: words.messages?.number(none: 0))
    }

    /// A domain's: nil is none.
    init(domain words: (octets: QuotaWord?, messages: QuotaWord?)) {
        self.init(octets: words.octets?.number(none: nil), messages: words.messages?.number(none: nil))
    }

    func pairs(_ prefix: String) -> [(String, String?)] {
        [
            ("\(prefix)_size", octets.map { tomlText($0 == 0 ? Typed.none : QuotaSize.exact($0)) }),
            ("\(prefix)_messages", messages.map { $0 == 0 ? tomlText(Typed.none) : "\($0)" }),
        ]
    }
}

extension DomainQuotas {
    static let keys = QuotaLimits.keys + ["account_size", "account_messages"]

    var pairs: [(String, String?)] { whole.pairs("quota") + account.pairs("account") }
}

extension QuotaWord {
    fileprivate func number(none: UInt64?) -> UInt64? {
        switch self {
        case .usual: nil
        case .none: none
        case .limit(let number): number
        }
    }

    /// - Parameter number: 0 is none, nil is the usual.
    fileprivate init(_ number: UInt64?) { self = number.map { $0 == 0 ? .none : .limit($0) } ?? .usual }

    fileprivate func words(_ show: (UInt64) -> String, usual: String) -> String {
        switch self {
        case .usual: usual
        case .none: Typed.none
        case .limit(let number): show(number)
        }
    }
}

// What has to be said so that one becomes the other; nil: nothing.
extension QuotaChange {
    init?(from old: QuotaLimits, to new: QuotaLimits) {
        guard old != new else { return nil }
        self.init(
            octets: old.octets == new.octets ? nil : QuotaWord(new.octets),
            messages: old.messages == new.messages ? nil : QuotaWord(new.messages))
    }

    init?(from old: DomainQuotas, to new: DomainQuotas) {
        guard old != new else { return nil }
        let (whole, account) = (QuotaChange(from: old.whole, to: new.whole), QuotaChange(from: old.account, to: new.account))
        self.init(
            octets: whole?.octets, messages: whole?.messages, accountOctets: account?.octets,
            accountMessages: account?.messages)
    }

    /// For a line of a difference.
    /// - Parameter usual: what a limit is that is not said.
    func words(usual: String) -> [String] {
        let sizes = [("quota size", octets), ("account size", accountOctets)]
        let numbers = [("quota messages", messages), ("account messages", accountMessages)]
        return sizes.compactMap { name, word in word.map { "\(name) \($0.words(QuotaSize.exact, usual: usual))" } }
            + numbers.compactMap { name, word in word.map { "\(name) \($0.words(String.init, usual: usual))" } }
    }
}

// Limits as the administrator sets them, and whoever hears of who is full.

import GRDB
import IPC
import Mail
import Synchronization

extension DirectoryChanges {
    func setQuota(_ owner: QuotaOwner, _ change: QuotaChange) throws -> DirectoryNews {
        switch owner {
        case .domain(let name):
            try mustBeOurs(name)
            let words = [
                ("quota_octets", change.octets), ("quota_messages", change.messages),
                ("account_octets", change.accountOctets), ("account_messages", change.accountMessages),
            ]
            for case (let column, let word?) in words {
                try database.execute(
                    sql: "UPDATE domains SET \(column) = ? WHERE name = ?", arguments: [word.limit, name])
            }
        case .account(let address, let kind):
            let id = try account(address, kind)
            for case (let column, let word?) in [("quota_octets", change.octets), ("quota_messages", change.messages)] {
                let number = word == QuotaWord.none ? 0 : word.limit
                try database.execute(sql: "UPDATE accounts SET \(column) = ? WHERE id = ?", arguments: [number, id])
            }
        }
        return .touched
    }

    /// nil: there is none, or there are several.
    func known(_ address: EmailAddress, _ kind: AccountKind?) throws -> AccountID? {
        do { return AccountID(rawValue: try account(address, kind)) } catch is Rejection { return nil }
    }

    /// The account of this kind, or the only one.
    func account(_ address: EmailAddress, _ kind: AccountKind?) throws -> Int64 {
        let known = try accounts(address)
        if let kind {
            guard let id = known[kind] else { throw Rejection("there is no \(kind.rawValue) \(address)") }
            return id
        }
        guard let id = known.first?.value else { throw Rejection("there is no account \(address)") }
        guard known.count == 1 else {
            let kinds = known.keys.map(\.rawValue).sorted().joined(separator: " and a ")
            throw Rejection("\(address) is a \(kinds): say which is meant (--kind)")
        }
        return id
    }
}

extension QuotaWord {
    /// nil: no limit of one's own.
    fileprivate var limit: Int64? {
        if case .limit(let number) = self { return Int64(clamping: number) }
        return nil
    }
}

/// Whoever hears of who is full. Recovery works before anybody does: its news, one for each domain with a limit, are kept.
final class QuotaWatch: Sendable {
    private struct State {
        var body: (@Sendable ([QuotaNews]) -> Void)?
        var early: [QuotaNews] = []
    }

    private let state = Mutex(State())

    func begin(_ body: @escaping @Sendable ([QuotaNews]) -> Void) {
        let early = state.withLock { state in
            state.body = body
            defer { state.early = [] }
            return state.early
        }
        if !early.isEmpty { body(early) }
    }

    func tell(_ news: [QuotaNews]) {
        let body = state.withLock { state in
            if state.body == nil { state.early += news }
            return state.body
        }
        body?(news)
    }
}

// Maildrops without a disk, as tests need them: many accounts, exclusive locks, faults on demand.

import Mail
import NIOConcurrencyHelpers
import NIOCore
import store

package final class MemoryMaildrops: MaildropAccess {
    package struct Account {
        package var uidValidity: UInt32 = 1698
        package var messages: [UInt32: [UInt8]] = [:]
        package var isLocked = false
        package var opened = 0
        package var closed = 0
        package var removals: [[UInt32]] = []
    }

    package struct Faults {
        package var damaged: Set<SpoolID> = []
        /// Streaming this message fails behind the first chunk.
        package var breaking: SpoolID?
        package var removalFails = false
        package var openFails = false
    }

    private let state = NIOLockedValueBox((accounts: [AccountID: Account](), faults: Faults()))

    package init(_ accounts: [AccountID: [[UInt8]]]) {
        state.withLockedValue { state in
            for (id, messages) in accounts {
                var account = Account()
                for (index, message) in messages.enumerated() { account.messages[UInt32(index + 1)] = message }
                state.accounts[id] = account
            }
        }
    }

    package func account(_ id: AccountID) -> Account { state.withLockedValue { $0.accounts[id] ?? Account() } }

    package func set(_ change: (inout Faults) -> Void) { state.withLockedValue { change(&$0.faults) } }

    /// Account and uid in one number.
    package static func spool(_ account: AccountID, _ uid: UInt32) -> SpoolID {
        SpoolID(rawValue: UInt64(account.rawValue) << 32 | UInt64(uid))
    }

    package nonisolated(nonsending) func openMaildrop(_ id: AccountID) async throws(MaildropError) -> Maildrop {
        let result: Result<Maildrop, MaildropError> = state.withLockedValue { state in
            if state.faults.openFails { return .failure(.unavailable("asked for")) }
            guard var account = state.accounts[id] else { return .failure(.unavailable("no account")) }
            guard !account.isLocked else { return .failure(.locked) }
            account.isLocked = true
            account.opened += 1
            state.accounts[id] = account
            let messages = account.messages.keys.sorted().map { uid in
                MaildropMessage(
                    uid: uid, size: UInt64(account.messages[uid]?.count ?? 0), spool: Self.spool(id, uid))
            }
            return .success(Maildrop(uidValidity: account.uidValidity, messages: messages))
        }
        return try result.get()
    }

    package nonisolated(nonsending) func readChunks(
        _ spool: SpoolID, _ body: @Sendable (ByteBuffer) async throws -> Void
    ) async throws {
        let bytes = try await read(spool)
        var rest = bytes
        while rest.readableBytes > 0 {
            try await body(rest.readSlice(length: min(65_536, rest.readableBytes))!)
            if state.withLockedValue({ $0.faults.breaking == spool }) { throw MaildropError.unavailable("asked for") }
        }
    }

    package nonisolated(nonsending) func read(_ spool: SpoolID) async throws(MaildropError) -> ByteBuffer {
        let result: Result<ByteBuffer, MaildropError> = state.withLockedValue { state in
            if state.faults.damaged.contains(spool) { return .failure(.damaged(spool)) }
            let account = state.accounts[AccountID(rawValue: Int64(spool.rawValue >> 32))]
            guard let bytes = account?.messages[UInt32(truncatingIfNeeded: spool.rawValue)] else {
                return .failure(.unavailable("no message"))
            }
            return .success(ByteBuffer(bytes: bytes))
        }
        return try result.get()
    }

    package nonisolated(nonsending) func removeMessages(
        _ uids: [UInt32], of id: AccountID
    ) async throws(MaildropError) {
        let result: Result<Void, MaildropError> = state.withLockedValue { state in
            if state.faults.removalFails { return .failure(.unavailable("asked for")) }
            for uid in uids { state.accounts[id]?.messages[uid] = nil }
            state.accounts[id]?.removals.append(uids)
            return .success(())
        }
        try result.get()
    }

    package func closeMaildrop(_ id: AccountID) {
        state.withLockedValue { state in
            state.accounts[id]?.isLocked = false
            state.accounts[id]?.closed += 1
        }
    }
}

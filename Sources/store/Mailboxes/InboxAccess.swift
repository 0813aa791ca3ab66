// An account's INBOX as POP3 holds it: an exclusive lock, a list, and verified bytes.

import Mail
import NIOCore
import NIOPosix
import Synchronization

package final class InboxAccess: MaildropAccess {
    private struct Found {
        let location: SpoolLocation
        /// Open maildrops that have it.
        var holders: Int
    }

    private struct State {
        /// Accounts whose lock is taken, with what their maildrop has.
        var open: [AccountID: [SpoolID]] = [:]
        var found: [SpoolID: Found] = [:]

        mutating func lock(_ account: AccountID) -> Bool {
            guard open[account] == nil else { return false }
            open[account] = []
            return true
        }

        mutating func fill(_ account: AccountID, _ messages: [PlacedInbox.Message]) {
            open[account] = messages.map(\.spool)
            for message in messages {
                found[message.spool, default: Found(location: message.location, holders: 0)].holders += 1
            }
        }

        mutating func unlock(_ account: AccountID) {
            for spool in open.removeValue(forKey: account) ?? [] {
                found[spool]?.holders -= 1
                if found[spool]?.holders == 0 { found[spool] = nil }
            }
        }
    }

    private let database: any Database
    private let reader: SpoolReader
    private let files: NIOThreadPool
    private let now: @Sendable () -> Int64
    private let log: @Sendable (StoreEvent) -> Void
    private let state = Mutex(State())

    package init(
        database: any Database, reader: SpoolReader, files: NIOThreadPool, now: @escaping @Sendable () -> Int64,
        log: @escaping @Sendable (StoreEvent) -> Void
    ) {
        self.database = database
        self.reader = reader
        self.files = files
        self.now = now
        self.log = log
    }

    nonisolated(nonsending) package func openMaildrop(
        _ account: AccountID
    ) async throws(MaildropError) -> Maildrop {
        guard state.withLock({ $0.lock(account) }) else { throw .locked }
        let inbox: PlacedInbox?
        do throws(DatabaseError) { inbox = try await database.inbox(of: account) } catch {
            closeMaildrop(account)
            throw .unavailable("index: \(error)")
        }
        guard let inbox else {
            closeMaildrop(account)
            throw .unavailable("the account does not exist any more")
        }
        state.withLock { $0.fill(account, inbox.messages) }
        return Maildrop(
            uidValidity: inbox.uidValidity,
            messages: inbox.messages.map { MaildropMessage(uid: $0.uid, size: $0.size, spool: $0.spool) })
    }

    package func closeMaildrop(_ account: AccountID) { state.withLock { $0.unlock(account) } }

    nonisolated(nonsending) package func removeMessages(
        _ uids: [UInt32], of account: AccountID
    ) async throws(MaildropError) {
        let change = Change.expunge(uids, of: account, at: now())
        let results = await withCheckedContinuation { continuation in
            database.commit([change]) { continuation.resume(returning: $0) }
        }
        switch results.first {
        case .done: return
        case .rejected(let because): throw .unavailable(because)
        case .failed(let error): throw .unavailable("index: \(error)")
        default: throw .unavailable("the index gave no answer")
        }
    }
}

// Bytes.
extension InboxAccess {
    nonisolated(nonsending) package func read(_ spool: SpoolID) async throws(MaildropError) -> ByteBuffer {
        let message = try await message(spool)
        guard message.record.flags.contains(.ownFile) else { return message.local }
        let (content, record) = (reader, message.record)
        let rest: ByteBuffer = try await onDisk(spool) { () throws(SpoolReadError) in
            let file = try content.openContent(of: record)
            try content.checkContent(of: record, file)
            return try content.readContent(file, from: 0, atMost: Int(record.contentLength))
        }
        var bytes = message.local
        bytes.writeImmutableBuffer(rest)
        return bytes
    }

    nonisolated(nonsending) package func readTogether(
        _ spools: [SpoolID]
    ) async -> [Result<ByteBuffer, MaildropError>] {
        var results: [Result<ByteBuffer, MaildropError>] = []
        results.reserveCapacity(spools.count)
        for spool in spools {
            do throws(MaildropError) { results.append(.success(try await read(spool))) } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    nonisolated(nonsending) package func readChunks(
        _ spool: SpoolID, _ body: @Sendable (ByteBuffer) async throws -> Void
    ) async throws {
        let message = try await message(spool)
        let (content, record) = (reader, message.record)
        var file: OpenFile?
        if record.flags.contains(.ownFile) {
            file = try await onDisk(spool) { () throws(SpoolReadError) in
                let file = try content.openContent(of: record)
                try content.checkContent(of: record, file)
                return file
            }
        }
        var local = message.local
        while let piece = local.readSlice(length: min(local.readableBytes, SpoolReader.chunk)), piece.readableBytes > 0 {
            try await body(piece)
        }
        guard let file else { return }
        var offset: UInt64 = 0
        while offset < record.contentLength {
            let from = offset
            let chunk: ByteBuffer = try await onDisk(spool) { () throws(SpoolReadError) in
                try content.readContent(file, from: from)
            }
            guard chunk.readableBytes > 0 else { throw MaildropError.damaged(spool) }
            offset += UInt64(chunk.readableBytes)
            try await body(chunk)
        }
    }

    /// What lies in memory is read at once; only the disk is waited for elsewhere.
    nonisolated(nonsending) private func message(_ spool: SpoolID) async throws(MaildropError) -> StoredMessage {
        guard let location = state.withLock({ $0.found[spool]?.location }) else {
            throw .unavailable("message \(spool) is in no open maildrop")
        }
        do throws(SpoolReadError) {
            if let message = try reader.readCached(location, spool) { return message }
        } catch {
            throw failure(spool, error)
        }
        let reader = reader
        return try await onDisk(spool) { () throws(SpoolReadError) in try reader.read(location, spool) }
    }

    nonisolated(nonsending) private func onDisk<Value: Sendable>(
        _ spool: SpoolID, _ body: @escaping @Sendable () throws(SpoolReadError) -> Value
    ) async throws(MaildropError) -> Value {
        do { return try await files.runIfActive { try body() } } catch {
            throw failure(spool, error as? SpoolReadError ?? .unreadable("\(error)"))
        }
    }

    private func failure(_ spool: SpoolID, _ error: SpoolReadError) -> MaildropError {
        switch error {
        case .damaged(let because):
            log(.damaged(spool, because: because))
            return .damaged(spool)
        case .unreadable(let because): return .unavailable(because)
        }
    }
}

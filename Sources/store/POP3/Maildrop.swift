// What the POP3 server needs to know about an account's INBOX. The mailboxes conform; nothing here touches a disk.

import Mail
import NIOCore

/// One message of a maildrop.
package struct MaildropMessage: Sendable, Hashable {
    /// Ascending within the maildrop; never used twice under one `uidValidity`.
    package var uid: UInt32
    /// Octets as RETR sends them, without the dots it adds (RFC 1939 §11). A message whose bytes do not end in CRLF
    /// may be listed without the CRLF that the wire adds.
    package var size: UInt64
    package var spool: SpoolID

    package init(uid: UInt32, size: UInt64, spool: SpoolID) {
        self.uid = uid
        self.size = size
        self.spool = spool
    }
}

/// The messages of an account as they stood when the session opened it, in ascending order of `uid`.
package struct Maildrop: Sendable {
    package var uidValidity: UInt32
    package var messages: [MaildropMessage]

    package init(uidValidity: UInt32, messages: [MaildropMessage]) {
        self.uidValidity = uidValidity
        self.messages = messages
    }
}

package enum MaildropError: Error, Sendable, Hashable {
    /// Another session holds the maildrop (RFC 1939 §4).
    case locked
    /// Our own trouble; the reason is for the journal.
    case unavailable(String)
    /// The bytes of this message are not those that were stored.
    case damaged(SpoolID)
}

/// An account's messages for as long as a session holds them. The calls stay on the session's event loop unless an
/// implementation leaves it; they must not block it.
package protocol MaildropAccess: Sendable {
    /// Takes the exclusive lock and the list. After success, and only then, `closeMaildrop` is called exactly once.
    nonisolated(nonsending) func openMaildrop(_ account: AccountID) async throws(MaildropError) -> Maildrop

    /// Hands the bytes of a message to `body` in order, about 64 KB at a time; the next piece is read when `body` has
    /// returned. An error of `body` ends the reading and is thrown on. Throws `MaildropError` before the first
    /// piece if the message is damaged.
    nonisolated(nonsending) func readChunks(
        _ spool: SpoolID, _ body: @Sendable (ByteBuffer) async throws -> Void
    ) async throws

    /// The bytes of a message of at most 256 KB in one piece.
    nonisolated(nonsending) func read(_ spool: SpoolID) async throws(MaildropError) -> ByteBuffer

    /// The same for messages that are asked for together; results in the same order.
    nonisolated(nonsending) func readTogether(_ spools: [SpoolID]) async -> [Result<ByteBuffer, MaildropError>]

    /// Takes the messages out of the account's INBOX; durable when it returns. Unknown uids are not an error.
    nonisolated(nonsending) func removeMessages(
        _ uids: [UInt32], of account: AccountID
    ) async throws(MaildropError)

    /// Gives the lock back. Never fails, may be called on any thread.
    func closeMaildrop(_ account: AccountID)
}

extension MaildropAccess {
    /// One behind the other; a store that can read many at once does better.
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
}

// What the server session says, as a value: equal when the bytes are, and rendered without allocation where it is hot.
import Mail

/// One reply of the server.
package enum SMTPReply: Equatable, Sendable {
    /// From the table; no allocation on the way to the wire.
    case standard(StandardReply)
    /// `250 2.0.0 Queued as …`: said only when the message is durable.
    case queued(SpoolID)
    /// Bytes rendered once with the configuration: the banner, EHLO's and HELO's answer, HELP's.
    case prepared([UInt8])
    /// `334` with base64 (RFC 4954 §4): the one reply that may be longer than 512 octets. Secret: not for logs.
    case challenge([UInt8])
    /// Decided by another room.
    case decided(Reply)

    /// The three digits.
    package var code: UInt16 {
        switch self {
        case .standard(let reply): reply.code
        case .queued: 250
        case .prepared(let bytes): ReplyWriter.code(of: bytes)
        case .challenge: 334
        case .decided(let reply): ReplyWriter.isCode(reply.code) ? reply.code : 451
        }
    }

    /// RFC 5321 §3.8: 421 is followed by a closed connection; so is 521 (RFC 7504 §3).
    package var closesSession: Bool { code == 421 || code == 521 }

    /// The wire bytes, lines ending in CRLF, each at most 512 octets long but for `challenge`. Valid inside `body` only.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch self {
        case .standard(let reply):
            return try body(UnsafeRawBufferPointer(start: reply.wire.utf8Start, count: reply.wire.utf8CodeUnitCount))
        case .queued(let id):
            return try ReplyWriter.withQueued(id, body)
        case .prepared(let bytes):
            return try bytes.withUnsafeBytes(body)
        case .challenge(let octets):
            return try (Array("334 ".utf8) + Base64.encode(octets) + [13, 10]).withUnsafeBytes(body)
        case .decided(let reply):
            return try ReplyWriter.render(reply).withUnsafeBytes(body)
        }
    }

    package func append(to output: inout [UInt8]) { withBytes { output.append(contentsOf: $0) } }
}

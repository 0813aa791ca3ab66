// What the client session wants done. Values only, as on the server's side.

/// The next thing to do. The caller pulls again after each, except after the last four.
package enum SMTPClientAction: Equatable, Sendable {
    case send([UInt8])
    /// As `send`; holds a password and prints as `***`.
    case sendSecret(SecretLine)
    /// Make the connection secure, then `tlsStarted()` or `tlsFailed(_:)`. What came before is gone.
    case startTLS
    /// 354 was said: pass the content through `contentPiece(of:from:)`, then `endContent()`.
    case openContent
    /// The remote has judged before the end of the content: send no more of it.
    case abandonContent
    /// The message is done; one outcome per recipient, in their order.
    case finished([SMTPClientOutcome])
    /// The session is lost while no message was in hand.
    case failed(AttemptFailure)
    /// Give more octets, with the unused ones in front.
    case needsInput
    /// Only a call leads on: `tlsStarted`, `contentPiece` … `endContent`. Pull again also when octets come.
    case waits
    /// Nothing is in hand: `begin(_:)` or `quit()`. Pull again also when octets come.
    case ready
    /// Flush and close.
    case close
}

/// A line with a password in it.
package struct SecretLine: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package let bytes: [UInt8]

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A part of the content as it goes on the wire.
package enum ContentPiece: Equatable, Sendable {
    /// These octets of the chunk.
    case octets(Range<Int>)
    /// This octet: a stuffed dot, or the missing half of a CRLF.
    case insertion(UInt8)
}

// What is known of a message's content: of its header as soon as that has passed, of its body at the end.

package struct ContentFacts: Equatable, Sendable {
    /// Of the message's own header, not of its parts'.
    package internal(set) var fields = FieldCounts()
    /// The empty line between header and body has passed. A message that ends in its header has none.
    package internal(set) var headerHasEnded = false
    /// A line in some header, the message's or a part's, is neither a field nor the continuation of one.
    package internal(set) var hasMalformedHeaderLine = false
    /// Octets above 127 in the message's own header: it can go only where SMTPUTF8 is offered (RFC 6531 §3.2).
    package internal(set) var headerHasNonASCII = false
    /// Likewise in the header of a part (RFC 6532 §3.2).
    package internal(set) var partHeaderHasNonASCII = false
    /// Octets above 127 behind the message's header: it needs 8BITMIME (RFC 6152).
    package internal(set) var bodyHasEightBit = false
    package internal(set) var bodyHasNUL = false

    /// Headers so far: the message's own, and one for each part and each message inside.
    package internal(set) var parts = 1
    /// Finished parts that the limit is held to.
    package internal(set) var attachments = 0
    /// Decoded octets of all of them, and of the largest.
    package internal(set) var attachmentOctets = 0
    package internal(set) var largestAttachment = 0

    var messageIDOctets: [UInt8] = []
    var firstFromOctets: [UInt8] = []

    /// The first Message-ID field's value, unfolded, with its angle brackets. nil: none, empty, or more than 998 octets.
    package var messageID: String? {
        messageIDOctets.isEmpty ? nil : String(decoding: messageIDOctets, as: UTF8.self)
    }

    /// The first addr-spec of the first From field, without comments. nil: there is none of at most 320 octets.
    package var firstFrom: String? {
        firstFromOctets.isEmpty ? nil : String(decoding: firstFromOctets, as: UTF8.self)
    }

    /// Unique fields (RFC 5322 §3.6) that are there more than once.
    package var repeatedFields: [FieldName] { FieldName.unique.filter { fields[$0] > 1 } }
}

/// How often each known field was seen. A count stays at 65,535.
package struct FieldCounts: Equatable, Sendable {
    private var counts = SIMD32<UInt16>()

    package subscript(_ name: FieldName) -> Int { Int(counts[Int(name.rawValue)]) }

    mutating func add(_ name: FieldName) {
        let index = Int(name.rawValue)
        if counts[index] < .max { counts[index] += 1 }
    }
}

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

    /// As they stand in the header; most messages are never asked for them.
    var messageIDValue: [UInt8] = []
    var fromValue: [UInt8] = []

    /// RFC 5322 §2.1.1: no line is longer, and a Message-ID cannot be folded.
    private static let longestMessageID = 998

    /// The first Message-ID field's value, unfolded, with its angle brackets. nil: none, empty, or more than 998 octets.
    package var messageID: String? {
        let text = messageIDValue.filter { !$0.isFold }.drop(while: \.isSpace)
        guard let last = text.lastIndex(where: { !$0.isSpace }), last - text.startIndex < Self.longestMessageID else {
            return nil
        }
        return String(decoding: text[...last], as: UTF8.self)
    }

    /// The first addr-spec of the first From field, without comments. nil: there is none of at most 320 octets.
    package var firstFrom: String? {
        FirstAddress.find(in: fromValue).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Unique fields (RFC 5322 §3.6) that are there more than once.
    package var repeatedFields: [FieldName] { FieldName.unique.filter { fields[$0] > 1 } }
}

/// How often each known field was seen. A count stays at 65,535.
package struct FieldCounts: Equatable, Sendable {
    private var counts = InlineArray<32, UInt16>(repeating: 0)

    package subscript(_ name: FieldName) -> Int { Int(counts[Int(name.rawValue & 31)]) }

    mutating func add(_ name: FieldName) {
        let index = Int(name.rawValue & 31)
        if counts[index] < .max { counts[index] += 1 }
    }

    package static func == (one: FieldCounts, other: FieldCounts) -> Bool {
        FieldName.allCases.allSatisfy { one[$0] == other[$0] }
    }
}

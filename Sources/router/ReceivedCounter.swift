// Counts the Received fields of a message while it streams past (RFC 5321 §6.3: a message that has too many is in a
// loop). Looks at the header only, keeps no octet, and reads any cut of the content alike.

/// Octets in pieces in, a count out.
struct ReceivedCounter {
    private enum State {
        /// At the start of a line, so many octets of `name` matched.
        case name(Int)
        /// In a line that is no Received field, or is counted already.
        case rest
        /// The empty line was seen.
        case body
    }

    private var state = State.name(0)
    private var lineIsEmpty = true
    private(set) var count = 0

    private static let name: StaticString = "received:"

    mutating func look(at bytes: UnsafeRawBufferPointer) {
        if case .body = state { return }
        for octet in bytes {
            switch (octet, state) {
            case (_, .body): return
            case (10, _):
                state = lineIsEmpty ? .body : .name(0)
                lineIsEmpty = true
                continue
            case (13, _): continue
            case (_, .name(let matched)): state = ReceivedCounter.step(octet, matched, &count)
            case (_, .rest): break
            }
            lineIsEmpty = false
        }
    }

    private static func step(_ octet: UInt8, _ matched: Int, _ count: inout Int) -> State {
        // RFC 5322 §4.5: old messages have white space before the colon.
        if matched == name.utf8CodeUnitCount - 1, octet == 0x20 || octet == 9 { return .name(matched) }
        // Every octet of the name has the bit that tells small letters from capitals.
        guard octet | 0x20 == name.utf8Start[matched] else { return .rest }
        guard matched + 1 == name.utf8CodeUnitCount else { return .name(matched + 1) }
        count += 1
        return .rest
    }
}

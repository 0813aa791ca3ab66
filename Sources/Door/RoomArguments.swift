// The few words that a room is started with.

import Glibc

/// `postern-<room> [--config FILE] [--instance NAME]`.
package struct RoomArguments: Sendable, Equatable {
    /// nil: $POSTERN_CONFIG, else the usual place.
    package var settings: String?
    /// Tells delivery agents apart; empty for rooms that exist once.
    package var instance = ""

    package init(_ words: [String]) throws(ArgumentError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--config": settings = try RoomArguments.value(of: word, &rest)
            case "--instance": instance = try RoomArguments.value(of: word, &rest)
            default: throw ArgumentError("'\(word)' is not understood; usage: [--config FILE] [--instance NAME]")
            }
        }
    }

    private static func value(of word: String, _ rest: inout ArraySlice<String>) throws(ArgumentError) -> String {
        guard let value = rest.popFirst(), !value.isEmpty else { throw ArgumentError("\(word) needs a value") }
        return value
    }
}

package struct ArgumentError: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

// The boundaries of the multiparts that are open, the innermost last. Memory: 200 octets for each level that is open.

struct Boundaries {
    /// What a delimiter line means.
    struct Delimiter: Equatable {
        /// Index of the level whose boundary it is.
        let level: Int
        /// `--boundary--`: the level is over.
        let closes: Bool
    }

    struct Level {
        let start: Int
        let end: Int
        /// Of the boundary: what many lines that are no delimiters are told by.
        let hash: UInt64
        /// How deep the multipart lies; the message is 0.
        let depth: Int
        /// RFC 2046 §5.1.5: a part without Content-Type is a message.
        let isDigest: Bool
    }

    private var octets: [UInt8] = []
    private(set) var levels: [Level] = []

    /// RFC 2046 §5.1.1 allows 70; some senders do not know.
    static let longest = 200

    var isEmpty: Bool { levels.isEmpty }

    mutating func open(_ boundary: [UInt8], depth: Int, isDigest: Bool) {
        let start = octets.count
        octets += boundary
        levels.append(
            Level(start: start, end: octets.count, hash: Boundaries.hash(boundary[...]), depth: depth, isDigest: isDigest))
    }

    /// Closes all levels from this one on.
    mutating func close(from level: Int) {
        octets.removeSubrange(levels[level].start...)
        levels.removeSubrange(level...)
    }

    /// - Parameter line: without its end and without white space there.
    /// - Returns: nil when the line is no delimiter of an open level. The whole line must be equal, since one boundary may
    ///   begin with another; of equal ones the innermost is meant.
    func delimiter(_ line: [UInt8]) -> Delimiter? {
        let text = line.dropFirst(2)
        let closes = text.suffix(2).elementsEqual([0x2D, 0x2D])
        let (open, closed) = (Boundaries.hash(text), closes ? Boundaries.hash(text.dropLast(2)) : 0)
        for index in levels.indices.reversed() {
            if levels[index].hash == open, isBoundary(index, text) { return Delimiter(level: index, closes: false) }
            if closes, levels[index].hash == closed, isBoundary(index, text.dropLast(2)) {
                return Delimiter(level: index, closes: true)
            }
        }
        return nil
    }

    private func isBoundary(_ index: Int, _ text: ArraySlice<UInt8>) -> Bool {
        octets[levels[index].start..<levels[index].end].elementsEqual(text)
    }

    /// FNV-1a. Who makes two that are equal makes us compare them once more.
    private static func hash(_ text: ArraySlice<UInt8>) -> UInt64 {
        text.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

// From the hash of a key to the place of its entry: open addressing with linear probing, one word for hash and place
// together. A dictionary would look at four places in memory for what this finds in one; on a big table that is most of
// the time of a look-up.

/// Hashes must come from a seeded hasher, or strangers could choose keys that fall together.
struct PlaceIndex: Sendable {
    /// The hash above, the place plus one below; 0 is free. At most half of them are taken.
    private var words = [UInt64](repeating: 0, count: 16)
    private var count = 0

    /// The first place with this hash for which the closure says yes.
    func place(of hash: UInt32, where isRight: (Int) -> Bool) -> Int? {
        let mask = words.count - 1
        var index = Int(hash) & mask
        while words[index] != 0 {
            if words[index] >> 32 == UInt64(hash) {
                let place = Int(truncatingIfNeeded: words[index] & 0xFFFF_FFFF) - 1
                if isRight(place) { return place }
            }
            index = (index + 1) & mask
        }
        return nil
    }

    /// - Parameter place: below 2³² - 1, and not in here.
    mutating func insert(_ hash: UInt32, place: Int) {
        if count * 2 >= words.count { grow() }
        put(UInt64(hash) << 32 | UInt64(place + 1))
        count += 1
    }

    /// An entry has moved.
    mutating func move(_ hash: UInt32, from place: Int, to new: Int) {
        words[index(of: hash, place)] = UInt64(hash) << 32 | UInt64(new + 1)
    }

    /// Takes a word out and closes the gap, so that no search ends too early.
    mutating func remove(_ hash: UInt32, place: Int) {
        let mask = words.count - 1
        var gap = index(of: hash, place)
        var next = gap
        while true {
            next = (next + 1) & mask
            guard words[next] != 0 else { break }
            // A word may fill the gap if its search begins at the gap or before it.
            let home = Int(words[next] >> 32) & mask
            if (next - home) & mask >= (next - gap) & mask {
                words[gap] = words[next]
                gap = next
            }
        }
        words[gap] = 0
        count -= 1
    }

    /// Where the word of a place stands. It must be there.
    private func index(of hash: UInt32, _ place: Int) -> Int {
        let word = UInt64(hash) << 32 | UInt64(place + 1)
        var index = Int(hash) & (words.count - 1)
        while words[index] != word {
            precondition(words[index] != 0, "the index has lost a place")
            index = (index + 1) & (words.count - 1)
        }
        return index
    }

    private mutating func put(_ word: UInt64) {
        var index = Int(word >> 32) & (words.count - 1)
        while words[index] != 0 { index = (index + 1) & (words.count - 1) }
        words[index] = word
    }

    private mutating func grow() {
        let old = words
        words = [UInt64](repeating: 0, count: old.count * 2)
        for word in old where word != 0 { put(word) }
    }
}

// "Did you mean …": the known word that a person most likely meant.

package enum Nearest {
    /// The candidate with the smallest edit distance, if it is near enough to be a slip of the hand; the first of
    /// equals.
    package static func word(to written: String, among candidates: [String]) -> String? {
        var best: (word: String, distance: Int)?
        let limit = max(2, written.utf8.count / 3)
        for candidate in candidates {
            let distance = distance(written.lowercased(), candidate.lowercased())
            if distance <= limit, distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// The nearest dotted key: by its last part; of equals one in the same table, then one in a table around it or
    /// inside it. So a key that stands in the wrong table is found too.
    static func key(to written: String, among keys: [String]) -> String? {
        let (table, leaf) = parts(written)
        let limit = max(leaf.utf8.count > 3 ? 2 : 1, leaf.utf8.count / 3)
        var best: (key: String, score: Int)?
        for key in keys {
            let (home, name) = parts(key)
            let distance = distance(leaf.lowercased(), name.lowercased())
            let score = 3 * distance + strangeness(home, table)
            if distance <= limit, score < best?.score ?? Int.max { best = (key, score) }
        }
        return best?.key
    }

    private static func strangeness(_ home: String, _ table: String) -> Int {
        if home == table { return 0 }
        return table.hasPrefix(home + ".") || home.hasPrefix(table + ".") ? 1 : 2
    }

    private static func parts(_ key: String) -> (table: String, leaf: String) {
        guard let dot = key.lastIndex(of: ".") else { return ("", key) }
        return (String(key[..<dot]), String(key[key.index(after: dot)...]))
    }

    /// Insertions, deletions, replacements and swaps of neighbours, each one step.
    static func distance(_ left: String, _ right: String) -> Int {
        // Nobody's slip of the hand is this long, and the cost is the product of the lengths.
        let (a, b) = (Array(left.utf8.prefix(128)), Array(right.utf8.prefix(128)))
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var older = [Int](repeating: 0, count: b.count + 1)
        var old = Array(0...b.count)
        for i in 1...a.count {
            var row = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                row[j] = min(old[j] + 1, row[j - 1] + 1, old[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { row[j] = min(row[j], older[j - 2] + 1) }
            }
            (older, old) = (old, row)
        }
        return old[b.count]
    }
}

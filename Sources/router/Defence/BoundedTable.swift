// What is remembered of strangers, in a fixed number of places: a stranger can make us remember him, never more than that.
// Guarantees: never more than `limit` entries; a new entry costs the same however full the table is (it looks at sixteen
// neighbours at most); when full, what goes is the entry of these sixteen that means least. So a flood of new entries
// pushes out its own kind, and an entry that means much only where sixteen neighbours mean as much.

/// Something that means nothing any more from some time on; what means more, means something for longer.
protocol Forgettable: Sendable {
    /// Milliseconds, on the clock of the caller.
    var worthUntil: Int64 { get }
}

struct BoundedTable<Key: Hashable & Sendable, Value: Forgettable>: Sendable {
    private struct Entry: Sendable {
        let key: Key
        let hash: UInt32
        var value: Value
    }

    let limit: Int
    /// Entries that had to go while they still meant something.
    private(set) var evictions = 0
    private var index = PlaceIndex()
    private var entries: [Entry] = []
    /// Where the next look for room begins.
    private var hand = 0

    /// - Parameter limit: 1 at least.
    init(limit: Int) { self.limit = min(max(limit, 1), Int(Int32.max)) }

    var count: Int { entries.count }

    /// Allocates nothing.
    subscript(key: Key) -> Value? {
        guard let place = place(of: key, hash(key)) else { return nil }
        return entries[place].value
    }

    /// Changes the value of a key, which begins as `fresh` where there is none.
    mutating func change<Result>(
        _ key: Key, at now: Int64, from fresh: @autoclosure () -> Value, _ body: (inout Value) -> Result
    ) -> Result {
        let hash = hash(key)
        if let place = place(of: key, hash) { return body(&entries[place].value) }
        makeRoom(at: now)
        index.insert(hash, place: entries.count)
        entries.append(Entry(key: key, hash: hash, value: fresh()))
        return body(&entries[entries.count - 1].value)
    }

    /// Changes the value of a key that is there.
    mutating func changeKnown(_ key: Key, _ body: (inout Value) -> Void) {
        guard let place = place(of: key, hash(key)) else { return }
        body(&entries[place].value)
    }

    mutating func remove(_ key: Key) {
        guard let place = place(of: key, hash(key)) else { return }
        remove(at: place)
    }

    /// Looks at every entry. Returns how many went.
    mutating func removeAll(where isUnwanted: (Key, Value) -> Bool) -> Int {
        let unwanted = entries.filter { isUnwanted($0.key, $0.value) }
        for entry in unwanted { remove(entry.key) }
        return unwanted.count
    }

    /// Looks at every entry.
    func forEach(_ body: (Key, Value) -> Void) {
        for entry in entries { body(entry.key, entry.value) }
    }

    /// Forgets what means nothing any more among the next few entries, more of them when there is no room left. If that
    /// does not make room, the one that means least goes.
    private mutating func makeRoom(at now: Int64) {
        var weakest: Int?
        for _ in 0..<min(entries.count < limit ? 2 : 16, entries.count) {
            if hand >= entries.count { hand = 0 }
            if entries[hand].value.worthUntil <= now {
                remove(at: hand)
                // The last entry stands here now, so a place that was noted may be another's or nobody's.
                weakest = nil
                if entries.isEmpty { return }
            } else {
                if entries[hand].value.worthUntil < weakest.map({ entries[$0].value.worthUntil }) ?? .max {
                    weakest = hand
                }
                hand += 1
            }
        }
        guard entries.count >= limit else { return }
        remove(at: weakest ?? 0)
        evictions += 1
    }

    private mutating func remove(at place: Int) {
        index.remove(entries[place].hash, place: place)
        let last = entries.removeLast()
        guard place < entries.count else { return }
        entries[place] = last
        index.move(last.hash, from: entries.count, to: place)
    }

    private func place(of key: Key, _ hash: UInt32) -> Int? { index.place(of: hash) { entries[$0].key == key } }

    /// Seeded by the process.
    private func hash(_ key: Key) -> UInt32 { UInt32(truncatingIfNeeded: key.hashValue) }
}

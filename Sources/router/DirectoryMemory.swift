// What the router remembers of the directory: entries by address, and domains that are not ours, as long as the
// directory's version stays the same. Values only; the questions are asked by `DirectoryCache`.

import IPC
import Mail

struct DirectoryMemory {
    private var entries: Generations<EmailAddress, DirectoryEntry>
    private var foreignDomains: Generations<String, Bool>
    /// The version that everything here belongs to; nil: nothing is known.
    private(set) var version: UInt64?

    /// - Parameter limit: Entries of each kind.
    init(limit: Int = 100_000) {
        entries = Generations(limit: limit)
        foreignDomains = Generations(limit: limit)
    }

    var count: Int { entries.count + foreignDomains.count }

    mutating func entry(of address: EmailAddress) -> DirectoryEntry? {
        if let entry = entries[address] { return entry }
        return foreignDomains[address.domain] == nil ? nil : .foreign
    }

    /// What a look-up said. A domain that is not ours is foreign with all its addresses.
    mutating func learn(_ address: EmailAddress, _ entry: DirectoryEntry, version: UInt64) {
        adopt(version)
        guard version == self.version else { return }
        if entry == .foreign { foreignDomains[address.domain] = true } else { entries[address] = entry }
    }

    /// The directory has this version. Versions ascend: an older one comes from an answer that was overtaken by the news.
    mutating func adopt(_ version: UInt64) {
        guard version > self.version ?? 0 || self.version == nil else { return }
        forget()
        self.version = version
    }

    mutating func forget() {
        entries.removeAll()
        foreignDomains.removeAll()
        version = nil
    }
}

/// A dictionary of bounded size that forgets what was not used for longest, in halves: what is asked for moves to the
/// young half; when that is full it becomes the old one, and the old one is forgotten. Every step is O(1).
struct Generations<Key: Hashable, Value> {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private let half: Int

    init(limit: Int) { half = max(1, limit / 2) }

    var count: Int { young.count + old.count }

    subscript(key: Key) -> Value? {
        mutating get {
            if let value = young[key] { return value }
            guard let value = old.removeValue(forKey: key) else { return nil }
            insert(key, value)
            return value
        }
        set {
            old.removeValue(forKey: key)
            if let newValue { insert(key, newValue) } else { young.removeValue(forKey: key) }
        }
    }

    private mutating func insert(_ key: Key, _ value: Value) {
        if young.count >= half {
            old = young
            young = [:]
        }
        young[key] = value
    }

    mutating func removeAll() {
        young = [:]
        old = [:]
    }
}

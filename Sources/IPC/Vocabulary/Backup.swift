// The words of a backup: one conversation from `begin` to `end`, during which what it names stays where it is.

package enum BackupQuestion: Codable, Sendable {
    /// Makes a snapshot of the index and holds everything that it names. One at a time; it ends with the conversation.
    case begin
    /// A page of at most `BackupLimits.page` files, from this place of the list on.
    case list(from: Int)
    /// Content: so many octets of a listed file, at most `BackupLimits.piece`.
    case read(StoreFile, from: UInt64, count: UInt64)
    /// SHA-256 of the first octets of a listed file.
    case sum(StoreFile, count: UInt64)
    case end
}

package enum BackupAnswer: Codable, Sendable {
    case begun(BackupBegun)
    case files([ListedFile])
    /// Octets that came as content.
    case read(octets: UInt64)
    /// 32 octets.
    case sum([UInt8])
    case ended
}

package enum BackupLimits {
    /// Files of one answer.
    package static let page = 2_000
    /// Octets of one reading.
    package static let piece: UInt64 = 8 << 20
    /// Names of missing files that are told; the rest is only counted.
    package static let missing = 1_000
    /// Seconds without a question after which the store ends a backup.
    package static let idle: Int64 = 900
}

/// A file of the store, as a backup and a restore name it.
package struct StoreFile: Hashable, Comparable, Codable, Sendable {
    package enum Kind: UInt8, Codable, Sendable {
        case index, segment, large
        /// The key that passwords of APOP are sealed with.
        case passwordKey

        /// The path of what there is once.
        fileprivate var path: String? {
            switch self {
            case .index: "index.sqlite"
            case .passwordKey: "passwords.key"
            case .segment, .large: nil
            }
        }
    }

    package let kind: Kind
    /// 0 for what there is once.
    package let number: UInt64

    package static let index = StoreFile(.index, 0)
    package static let passwordKey = StoreFile(.passwordKey, 0)

    package init(_ kind: Kind, _ number: UInt64) {
        self.kind = kind
        self.number = number
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.kind.rawValue, left.number) < (right.kind.rawValue, right.number)
    }

    /// The path below the store's own folder.
    package var path: String {
        kind.path ?? (kind == .segment ? "segments/\(digits).seg" : "large/\(digits).msg")
    }

    private var digits: String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// Reads what `path` says.
    package init?(path: some StringProtocol) {
        for single in [Self.index, .passwordKey] where path == single.path {
            self = single
            return
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count == 20, let number = UInt64(parts[1].prefix(16), radix: 16) else {
            return nil
        }
        self.init(parts[0] == "segments" ? .segment : .large, number)
        guard self.path == path else { return nil }
    }
}

/// A file as the snapshot knows it.
package struct ListedFile: Equatable, Codable, Sendable {
    package var file: StoreFile
    /// Octets that belong to the snapshot, from the start on.
    package var length: UInt64
    /// The same stamp later is the same file with the same octets. nil: too young to say.
    package var stamp: String?

    package init(file: StoreFile, length: UInt64, stamp: String?) {
        self.file = file
        self.length = length
        self.stamp = stamp
    }
}

package struct BackupBegun: Equatable, Codable, Sendable {
    /// Tells stores apart; the same for the life of an index.
    package var store: String
    package var files: Int
    package var octets: UInt64
    package var messages: UInt64
    /// Files that the index names and that are not there, or are too short: at most `BackupLimits.missing`.
    package var missing: [String]
    package var missingCount: Int

    package init(
        store: String, files: Int, octets: UInt64, messages: UInt64, missing: [String], missingCount: Int
    ) {
        self.store = store
        self.files = files
        self.octets = octets
        self.messages = messages
        self.missing = missing
        self.missingCount = missingCount
    }
}

/// What stands before each file on the way back into a store: kind (1), number (8), length (8), little-endian. The kind 255
/// ends it; without it nothing of what came is used.
package struct RestoreHead: Equatable, Sendable {
    package static let size = 17
    private static let end: UInt8 = 255

    /// nil: the end.
    package let file: StoreFile?
    package let length: UInt64

    /// No file is longer: a thousand times what a disk has today would be a mistake.
    package static let longest: UInt64 = 1 << 50

    package init(_ file: StoreFile?, length: UInt64 = 0) {
        self.file = file
        self.length = length
    }

    package var bytes: [UInt8] {
        var bytes = [file?.kind.rawValue ?? Self.end]
        for number in [file?.number ?? 0, length] { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
        return bytes
    }

    /// nil: this is no head.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        func number(_ from: Int) -> UInt64 { bytes[from..<from + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        length = number(9)
        guard bytes[0] != Self.end else {
            file = nil
            if length != 0 || number(1) != 0 { return nil }
            return
        }
        guard let kind = StoreFile.Kind(rawValue: bytes[0]), length <= Self.longest else { return nil }
        file = StoreFile(kind, number(1))
        if kind.path != nil, number(1) != 0 { return nil }
    }
}

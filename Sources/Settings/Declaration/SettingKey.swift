// One setting as it was declared: what `postern describe`, the example file and the documentation say about it.

import Mail

package struct SettingKey: Sendable, Hashable, Codable {
    /// Dotted: `smtp.max_recipients`. Keys of `[[listen]]` are `listen.port`.
    package let name: String
    /// text, number, size, duration, word, list, true or false
    package let type: String
    /// As TOML writes it; nil when the setting must be given, or when it is simply absent.
    package let fallback: String?
    /// What happens without it when `fallback` is nil.
    package let without: String
    package let allowed: String
    package let sentence: String
    /// Which rooms get it.
    package let rooms: [RoomName]
    /// Whether SIGHUP is enough; otherwise the rooms must be started again.
    package let isReloadable: Bool
    /// A value to start from, as TOML writes it.
    package let example: String

    private enum CodingKeys: String, CodingKey {
        case name, type, allowed, sentence, rooms, example
        case fallback = "default"
        case without = "when-not-set"
        case isReloadable = "reload"
    }

    /// The table that the key stands in.
    package var section: String { String(name[..<(name.lastIndex(of: ".") ?? name.startIndex)]) }
    /// The key inside its table.
    package var leaf: String { name.split(separator: ".").last.map(String.init) ?? name }

    var defaultText: String { fallback ?? without }
    var readers: String { rooms.map { $0 == .command ? "postern" : $0.rawValue }.joined(separator: ", ") }
    var effect: String { isReloadable ? "reload" : "restart" }

    /// What `postern describe` prints: the key with its default, the sentence, what is allowed.
    package var text: String {
        let first = fallback.map { "\(name) = \($0)" } ?? "\(name)   (\(without))"
        let lines = Wrapped.lines(sentence, width: 96).map { "    \($0)" }
        return ([first] + lines + ["    \(type): \(allowed)", "    read by \(readers); changed by a \(effect)"])
            .joined(separator: "\n")
    }
}

/// A table of the file, with the sentence that stands above it.
struct SectionNote: Sendable, Hashable {
    let name: String
    let isArray: Bool
    let sentence: String

    var header: String { isArray ? "[[\(name)]]" : "[\(name)]" }
}

/// Sentences cut into lines.
enum Wrapped {
    static func lines(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}

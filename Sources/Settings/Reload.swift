// New settings in place of old ones: all or nothing.

import Mail

/// What a reload brings.
package struct Reload: Sendable {
    /// A key whose value is another one than before.
    package struct Change: Sendable, Hashable {
        /// With the number of the element: `listen[2].port`.
        package let key: String
        /// As TOML writes them; empty when the key has no value.
        package let old: String
        package let new: String
        /// The rooms go on with the old value until they are started again.
        package let needsRestart: Bool
        /// Who reads it.
        package let rooms: [RoomName]
    }

    package let settings: Settings
    /// By key.
    package let changes: [Change]

    package var needingRestart: [Change] { changes.filter { $0.needsRestart } }

    /// Reads the text; when it is wrong, the old settings are what there is.
    package init(from old: Settings, to text: String, file: String) throws(SettingsError) {
        self.init(from: old, to: try Settings.parse(text, file: file))
    }

    package init(from old: Settings, to new: Settings) {
        settings = new
        let (before, after) = (old.origin.values, new.origin.values)
        let declared = Dictionary(Settings.keys.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        changes = Set(before.keys).union(after.keys).sorted().compactMap { key in
            guard before[key] != after[key] else { return nil }
            let setting = declared[Reload.declared(key)]
            return Change(
                key: key, old: before[key] ?? "", new: after[key] ?? "",
                needsRestart: setting.map { !$0.isReloadable } ?? false, rooms: setting?.rooms ?? [])
        }
    }

    /// `listen[2].port` is declared as `listen.port`.
    private static func declared(_ path: String) -> String {
        var name = ""
        var isInside = false
        for character in path {
            if character == "[" { isInside = true }
            if !isInside { name.append(character) }
            if character == "]" { isInside = false }
        }
        return name
    }
}

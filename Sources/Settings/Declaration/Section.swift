// The table of the file that a declaration stands in. Declaring a key reads it: name, form, default and sentence stand
// in one place, and what comes back is the value.

import Mail

struct Section {
    let reading: Reading
    /// `listen`
    let name: String
    /// `listen[2]`
    let path: String
    /// nil when the file does not have it: every key has its default.
    let table: SettingsTable?
    let line: Int
    /// Which rooms get the keys, unless a key says otherwise.
    let rooms: [RoomName]
    /// Whether SIGHUP is enough, unless a key says otherwise.
    let reload: Bool

    /// A key with a default.
    func value<Value>(
        _ leaf: String, _ form: Form<Value>, default fallback: Value, reload: Bool? = nil, rooms: [RoomName]? = nil,
        _ sentence: String
    ) -> Value {
        let written = form.write(fallback)
        declare(
            leaf, form, fallback: written, without: "", example: written, reload: reload, rooms: rooms, sentence)
        return read(leaf, form) ?? recorded(leaf, written, fallback)
    }

    /// A key that must be given.
    func required(
        _ leaf: String, _ form: Form<String>, example: String, reload: Bool? = nil, rooms: [RoomName]? = nil,
        _ sentence: String
    ) -> String {
        declare(
            leaf, form, fallback: nil, without: "must be set", example: form.write(example), reload: reload,
            rooms: rooms,
            sentence)
        if table?[leaf] == nil { report(leaf, "must be set", allowed: form.allowed) }
        return read(leaf, form) ?? ""
    }

    /// A key that may be absent, or whose default depends on other keys.
    func optional<Value>(
        _ leaf: String, _ form: Form<Value>, without: String = "not set", example: Value, reload: Bool? = nil,
        rooms: [RoomName]? = nil, _ sentence: String
    ) -> Value? {
        declare(
            leaf, form, fallback: nil, without: without, example: form.write(example), reload: reload, rooms: rooms,
            sentence)
        return read(leaf, form)
    }

    /// Whether the key was written.
    func has(_ leaf: String) -> Bool { table?[leaf] != nil }

    func line(of leaf: String) -> Int { table?[leaf]?.line ?? line }

    /// An error, or a warning, at a key of this table.
    func report(
        _ leaf: String, _ message: String, allowed: String? = nil, nearest: String? = nil, isWarning: Bool = false
    ) {
        report(leaf, Problem(line: line(of: leaf), message: message, allowed: allowed, nearest: nearest), isWarning)
    }

    private func report(_ leaf: String, _ problem: Problem, _ isWarning: Bool = false) {
        var message = problem.message
        if let allowed = problem.allowed { message += "; allowed: \(allowed)" }
        if let nearest = problem.nearest { message += "; did you mean \(tomlText(nearest))?" }
        let element = problem.element.map { "[\($0)]" } ?? ""
        reading.report(
            Finding(
                file: reading.file, line: problem.line, key: "\(path).\(leaf)\(element)", message: message,
                isWarning: isWarning))
    }

    private func read<Value>(_ leaf: String, _ form: Form<Value>) -> Value? {
        guard let node = table?[leaf] else { return nil }
        var problems: [Problem] = []
        let value = form.read(node, &problems)
        for problem in problems { report(leaf, problem) }
        reading.record("\(path).\(leaf)", value.map(form.write) ?? "", line: node.line)
        return value
    }

    private func recorded<Value>(_ leaf: String, _ written: String, _ value: Value) -> Value {
        if !has(leaf) { reading.record("\(path).\(leaf)", written, line: nil) }
        return value
    }

    private func declare<Value>(
        _ leaf: String, _ form: Form<Value>, fallback: String?, without: String, example: String, reload: Bool?,
        rooms: [RoomName]?, _ sentence: String
    ) {
        reading.declare(
            SettingKey(
                name: "\(name).\(leaf)", type: form.type, fallback: fallback, without: without, allowed: form.allowed,
                sentence: sentence, rooms: rooms ?? self.rooms, isReloadable: reload ?? self.reload, example: example))
    }
}

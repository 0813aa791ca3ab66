// A table of the file of a directory, read key by key, and the findings of the whole file.

import Settings

/// What is wrong with a file, in the order of its lines.
struct DirectoryNotes {
    /// A file that is no directory at all is not worth more lines than this.
    static let most = 100

    let file: String
    private var findings: [Finding] = []
    private var omitted = 0
    /// The line of everything that may be there once only.
    private var lines: [String: Int] = [:]

    init(file: String) { self.file = file }

    mutating func add(_ line: Int, _ key: String, _ message: String) {
        guard findings.count < Self.most else {
            omitted += 1
            return
        }
        findings.append(Finding(file: file, line: line, key: key, message: message))
    }

    /// Reports what was there before.
    mutating func isFirst(_ identity: String, _ line: Int, _ key: String, _ words: String) -> Bool {
        if let before = lines[identity] {
            add(line, key, "\(words) stands in line \(before) already")
            return false
        }
        lines[identity] = line
        return true
    }

    /// - Throws: `Failure` with a line for each finding, if there is one.
    func refuse() throws {
        guard !findings.isEmpty else { return }
        let ordered = findings.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
        let more = omitted > 0 ? ["and \(omitted) more"] : []
        throw Failure((ordered.map { "\($0.element)" } + more).joined(separator: "\n"))
    }
}

struct DirectoryTable {
    /// `account[3]`; empty for the file itself.
    let path: String
    let line: Int
    private let table: SettingsTable

    init(_ table: SettingsTable, path: String, line: Int) {
        (self.table, self.path, self.line) = (table, path, line)
    }

    func has(_ key: String) -> Bool { table[key] != nil }
    func node(_ key: String) -> TOMLNode? { table[key] }
    func line(of key: String) -> Int { table[key]?.line ?? line }
    func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func required<Value>(_ key: String, _ notes: inout DirectoryNotes, _ read: (String) throws -> Value) -> Value? {
        if !has(key) { notes.add(line, path(of: key), "must be set") }
        return optional(key, &notes, read)
    }

    /// - Parameter read: throws a sentence that says what to write instead.
    func optional<Value>(_ key: String, _ notes: inout DirectoryNotes, _ read: (String) throws -> Value) -> Value? {
        guard let node = table[key] else { return nil }
        return value(node, path(of: key), &notes, read)
    }

    /// One of these words; must be set.
    func word(_ key: String, _ words: [String], _ notes: inout DirectoryNotes) -> String? {
        let allowed = "allowed: " + words.map(tomlText).joined(separator: ", ")
        guard let node = table[key] else {
            notes.add(line, path(of: key), "must be set; \(allowed)")
            return nil
        }
        guard case .text(let text) = node.value else {
            notes.add(node.line, path(of: key), "must be text, not \(node.kind); \(allowed)")
            return nil
        }
        if words.contains(text) { return text }
        let near = Nearest.word(to: text, among: words).map { "; did you mean \(tomlText($0))?" } ?? ""
        notes.add(node.line, path(of: key), "\(tomlText(text)) is not a word for this; \(allowed)\(near)")
        return nil
    }

    /// A list in which nothing stands twice; nil when the key is not there.
    func list<Value>(
        _ key: String, _ notes: inout DirectoryNotes, _ name: (Value) -> String, _ read: (String) throws -> Value
    ) -> [Value]? {
        guard let node = table[key] else { return nil }
        guard case .list(let list) = node.value else {
            notes.add(node.line, path(of: key), "must be a list of texts, not \(node.kind)")
            return nil
        }
        var values: [Value] = []
        for (index, element) in list.enumerated() {
            let place = "\(path(of: key))[\(index + 1)]"
            guard let value = value(element, place, &notes, read) else { continue }
            guard notes.isFirst("\(path(of: key)) \(name(value))", element.line, place, name(value)) else { continue }
            values.append(value)
        }
        return values
    }

    /// Reports keys that nobody knows, with the nearest, and lists that are missing.
    func finish(_ keys: [String], _ notes: inout DirectoryNotes, required: [String] = []) {
        for key in required where !has(key) { notes.add(line, path(of: key), "must be set: a list of texts") }
        for key in table.keys where !keys.contains(key) {
            let near = Nearest.word(to: key, among: keys).map { "; did you mean \(tomlText($0))?" }
            notes.add(
                line(of: key), path(of: key), "unknown key" + (near ?? "; allowed: \(keys.joined(separator: ", "))"))
        }
    }

    /// The line of an element of a list, from 0.
    func line(of key: String, element: Int) -> Int {
        guard case .list(let list) = table[key]?.value, list.indices.contains(element) else { return line(of: key) }
        return list[element].line
    }

    private func value<Value>(
        _ node: TOMLNode, _ path: String, _ notes: inout DirectoryNotes, _ read: (String) throws -> Value
    ) -> Value? {
        guard case .text(let text) = node.value else {
            notes.add(node.line, path, "must be text in quotation marks, not \(node.kind)")
            return nil
        }
        do {
            return try read(text)
        } catch {
            notes.add(node.line, path, "\(tomlText(text)): \(error)")
            return nil
        }
    }
}

extension TOMLNode {
    /// nil for what is no text.
    var text: String? {
        if case .text(let text) = value { text } else { nil }
    }
}

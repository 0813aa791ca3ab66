// A TOML document as a tree in which every value knows its line. Built by TOMLReader, read by Section and by the
// command's file of the directory.

/// A value and where it stands.
package struct TOMLNode {
    package enum Value {
        case text(String)
        case integer(Int)
        case float(Double)
        case truth(Bool)
        /// A date, a time, or both, as written: no setting is one.
        case moment(String)
        case list([TOMLNode])
        case table(SettingsTable)
    }

    package let value: Value
    /// From 1.
    package let line: Int

    package var table: SettingsTable? {
        if case .table(let table) = value { table } else { nil }
    }

    /// What a person would call it.
    package var kind: String {
        switch value {
        case .text: "text"
        case .integer: "a whole number"
        case .float: "a fraction"
        case .truth: "true or false"
        case .moment: "a date or time"
        case .list: "a list"
        case .table: "a table"
        }
    }
}

/// A table while it is being read: headers come back to tables that were begun before, hence a class.
package final class SettingsTable {
    /// How a table came to be decides who may add to it (TOML 1.0.0, "Table" and "Inline Table").
    enum Origin {
        /// Named only as the beginning of a longer header: a header of its own may still come.
        case implied
        case header
        /// By a dotted key: only further dotted keys add to it.
        case dotted
        /// Complete as it was written.
        case inline
        /// An element of an array of tables.
        case element
    }

    var origin: Origin
    /// Where it was first named.
    package let line: Int
    private var entries: [String: TOMLNode] = [:]
    /// The elements of arrays of tables, which grow with each `[[…]]`; in a place of their own, so that none is copied.
    private var elements: [String: [TOMLNode]] = [:]
    /// The keys in the order of the text.
    package private(set) var keys: [String] = []

    init(_ origin: Origin, line: Int) {
        self.origin = origin
        self.line = line
    }

    package subscript(key: String) -> TOMLNode? {
        if let node = entries[key] { return node }
        return elements[key].map { TOMLNode(value: .list($0), line: $0[0].line) }
    }

    func set(_ key: String, _ node: TOMLNode) {
        if entries.updateValue(node, forKey: key) == nil { keys.append(key) }
    }

    /// The last table of an array of tables.
    func lastElement(of key: String) -> SettingsTable? { elements[key]?.last?.table }

    /// Adds a table to an array of tables.
    /// - Returns: the line of what is already there and is something else.
    func append(_ table: SettingsTable, to key: String) -> Int? {
        if let present = entries[key] { return present.line }
        if elements[key] == nil { keys.append(key) }
        elements[key, default: []].append(TOMLNode(value: .table(table), line: table.line))
        return nil
    }
}

/// Why a text is no TOML. Only the first reason is known.
package struct TOMLSyntaxError: Error {
    package let line: Int
    package let message: String
}

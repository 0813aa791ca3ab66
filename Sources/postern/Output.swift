// How the command speaks: tables for people, JSON for programs, errors with a fix on standard error.

import FoundationEssentials
import Glibc

/// Why a command was not carried out, and what helps. Ends the command with status 1.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }

    /// Command and room are of one release, or their hellos would not have agreed.
    static func misfit(_ room: String) -> Failure { Failure("the \(room) gave an answer that does not fit") }
}

func complain(_ text: String) {
    let octets = Array((text.hasPrefix("postern:") ? text + "\n" : "postern: \(text)\n").utf8)
    _ = octets.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress!, $0.count) }
}

func say(_ text: String) { print(text) }

func sayJSON(_ value: some Encodable) throws { print(try json(value)) }

func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// One line of a listing: cells for people, its properties for programs.
protocol Row: Encodable {
    static var heads: [String] { get }
    var cells: [String] { get }
}

func sayRows<Line: Row>(_ rows: [Line], _ form: JSONOption) throws { say(try listing(rows, asJSON: form.json)) }

func listing<Line: Row>(_ rows: [Line], asJSON: Bool) throws -> String {
    asJSON ? try json(rows) : table(Line.heads, rows.map { $0.cells })
}

func sayTable(_ heads: [String], _ rows: [[String]]) { say(table(heads, rows)) }

/// Columns as wide as their widest cell; control characters of strangers are shown as dots.
func table(_ heads: [String], _ rows: [[String]]) -> String {
    let clean = rows.map { $0.map(printable) }
    let widths = heads.indices.map { column in
        clean.reduce(heads[column].count) { max($0, $1[column].count) }
    }
    let lines = ([heads] + clean).map { row in
        let cells = row.enumerated().map { column, cell in
            column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
        }
        return cells.joined(separator: "  ")
    }
    return lines.joined(separator: "\n")
}

func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "." : $0 }))
}

/// "12.3 MB" in powers of ten.
func octets(_ count: UInt64) -> String {
    var value = Double(count)
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1_000 { return unit == "B" ? "\(count) B" : "\((value * 10).rounded() / 10) \(unit)" }
        value /= 1_000
    }
    return "\((value * 10).rounded() / 10) TB"
}

/// "2026-11-21 08:15:02" in UTC from milliseconds since 1970.
func moment(_ milliseconds: Int64) -> String {
    var seconds = time_t(milliseconds / 1_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let day = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    return "\(day) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
}

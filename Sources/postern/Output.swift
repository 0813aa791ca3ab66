// How the command speaks: tables for people, JSON for programs, errors with a fix on standard error.

import FoundationEssentials
import Glibc

/// Why a command was not carried out, and what helps. Ends the command with status 1.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

func complain(_ text: String) {
    let octets = Array((text.hasPrefix("postern:") ? text + "\n" : "postern: \(text)\n").utf8)
    _ = octets.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress!, $0.count) }
}

func say(_ text: String) { print(text) }

func sayJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// Columns as wide as their widest cell; control characters of strangers are shown as dots.
func sayTable(_ heads: [String], _ rows: [[String]]) {
    let clean = rows.map { $0.map(printable) }
    let widths = heads.indices.map { column in
        clean.reduce(heads[column].count) { max($0, $1[column].count) }
    }
    for row in [heads] + clean {
        let cells = row.enumerated().map { column, cell in
            column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
        }
        print(cells.joined(separator: "  "))
    }
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

// Reads the transcripts of Tests/Transcripts. Knows nothing of what plays them: the pure machine, or the
// running house (the C and S lines).
//
//   # why                      the first line says why the transcript exists
//   @ recipients 3             a limit or a leniency of the session; `@ router accepts` answers everything at once
//   C: EHLO client             the client sends this and CRLF; lines that follow each other are one packet
//   C~ DATA\r\n.\n             the client sends this as it stands: \r \n \0 \\ \xNN
//   C! STARTTLS\r\nNOOP\r\n   the same, but in one read whatever the read size is
//   S: 250 2.0.0 Ok            the server says this line
//   router? recipient a@b      the session asks
//   router: accept             the answer: accept · queued HEX · challenge TEXT · [authenticated] CODE STATUS TEXT
//   content< text\r\n          content is handed out, escapes as above
//   router< open|end|abort     the content begins, is whole, the transaction is given up
//   router< handshake|cancel   TLS is to begin; the exchange of AUTH is over
//   call: timeout|shutdown|lost|secured  the shell's news
//   close                      the session ends
//
// `*3 ` behind the keyword's colon repeats the line; %d is the number of the repetition, from 1. `${300*x}` is 300 x.
import Foundation

package struct Transcript: Sendable, CustomStringConvertible {
    package enum Step: Equatable, Sendable {
        case client([UInt8])
        case atOnce([UInt8])
        case server(String)
        case question(String)
        case answer(String)
        case content([UInt8])
        case signal(String)
        case call(String)
        case close
    }

    package struct Fault: Error, CustomStringConvertible {
        package var description: String
        package init(description: String) { self.description = description }
    }

    package var name: String
    package var why: String
    package var settings: [[String]] = []
    package var steps: [Step] = []

    package var description: String { name }

    /// Of a folder in Tests/Transcripts.
    package static func all(in folder: String, file: String = #filePath) throws -> [Transcript] {
        let root = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Transcripts").appendingPathComponent(folder)
        return try FileManager.default.contentsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".txt") }.sorted()
            .map { name in
                let data = try Data(contentsOf: root.appendingPathComponent(name))
                return try Transcript(name: name, text: String(decoding: data, as: UTF8.self))
            }
    }

    package init(name: String, text: String) throws {
        self.name = name
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let first = lines.first, first.hasPrefix("# ") else { throw Fault(description: "\(name): says not why") }
        why = String(first.dropFirst(2))
        for (number, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
            do { try read(line) } catch { throw Fault(description: "\(name):\(number + 1): \(error)") }
        }
    }

    private mutating func read(_ line: String) throws {
        if line == "close" { return steps.append(.close) }
        if line.hasPrefix("@ ") {
            settings.append(line.dropFirst(2).split(separator: " ").map(String.init))
            return
        }
        guard let space = line.firstIndex(of: " ") else { throw Fault(description: "not a line: \(line)") }
        let keyword = line[..<space]
        var rest = String(line[line.index(after: space)...])
        var count = 1
        if rest.hasPrefix("*"), let end = rest.firstIndex(of: " "), let value = Int(rest.dropFirst().prefix(upTo: end)) {
            count = value
            rest = String(rest[rest.index(after: end)...])
        }
        for index in 1...count {
            let text = try Self.expanded(rest.replacingOccurrences(of: "%d", with: "\(index)"))
            steps.append(try step(String(keyword), text))
        }
    }

    private func step(_ keyword: String, _ text: String) throws -> Step {
        switch keyword {
        case "C:": .client(Array(text.utf8) + [13, 10])
        case "C~": .client(try Self.unescaped(text))
        case "C!": .atOnce(try Self.unescaped(text))
        case "S:": .server(text)
        case "router?": .question(text)
        case "router:": .answer(text)
        case "content<": .content(try Self.unescaped(text))
        case "router<": .signal(text)
        case "call:": .call(text)
        default: throw Fault(description: "unknown keyword \(keyword)")
        }
    }

    private static func expanded(_ text: String) throws -> String {
        var output = text
        while let open = output.range(of: "${") {
            guard let close = output.range(of: "}", range: open.upperBound..<output.endIndex) else {
                throw Fault(description: "no }")
            }
            let parts = output[open.upperBound..<close.lowerBound].split(separator: "*", maxSplits: 1)
            guard parts.count == 2, let count = Int(parts[0]) else { throw Fault(description: "bad ${}") }
            output.replaceSubrange(
                open.lowerBound..<close.upperBound, with: String(repeating: String(parts[1]), count: count))
        }
        return output
    }

    private static func unescaped(_ text: String) throws -> [UInt8] {
        var output: [UInt8] = []
        var octets = Array(text.utf8)[...]
        while let octet = octets.popFirst() {
            guard octet == UInt8(ascii: "\\") else {
                output.append(octet)
                continue
            }
            switch octets.popFirst() {
            case UInt8(ascii: "r"): output.append(13)
            case UInt8(ascii: "n"): output.append(10)
            case UInt8(ascii: "0"): output.append(0)
            case UInt8(ascii: "\\"): output.append(0x5C)
            case UInt8(ascii: "x"):
                guard let value = UInt8(String(decoding: Array(octets.prefix(2)), as: UTF8.self), radix: 16) else {
                    throw Fault(description: "bad \\x")
                }
                octets = octets.dropFirst(2)
                output.append(value)
            default: throw Fault(description: "bad escape")
            }
        }
        return output
    }
}

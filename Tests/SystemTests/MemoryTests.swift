// What sessions at the end of every limit cost each room. The listener counts on 256 KB a session when it works out how
// many it lets in; the others' bounds stand here.

import Foundation
import Testing

@Suite struct MemoryTests {
    private static let sessions = 40
    private static let rooms = ["listener", "router", "store"]

    private func memory(_ house: House) throws -> [String: Int] {
        try Dictionary(uniqueKeysWithValues: Self.rooms.map { ($0, try House.residentKilobytes(house.pid(of: $0))) })
    }

    private func expect(
        _ house: House, grewFrom before: [String: Int], by sessions: Int, atMost bounds: [String: Int]
    ) throws {
        let after = try memory(house)
        for room in Self.rooms {
            let each = (after[room, default: 0] - before[room, default: 0]) / sessions
            #expect(each <= bounds[room, default: 0], "the \(room) holds \(each) KB a session")
        }
    }

    /// As many recipients as are allowed with the longest addresses, the largest header with the most fields, the longest
    /// lines, the largest message: all but its final dot.
    @Test func messagesAtTheirLargest() throws {
        let house = try House(
            House.Options(delivery: "enabled = false", smtp: "max_message_size = \"4 MB\"\nmax_header_size = \"1 MB\""))
        defer { house.stop() }
        let wires = try (0..<Self.sessions).map { _ in try house.smtp() }
        let before = try memory(house)
        // RFC 5321 §4.5.3.1: 64 octets before the @, 254 in all.
        let domain = Array(repeating: String(repeating: "d", count: 60), count: 3).joined(separator: ".") + ".test"
        var header = ""
        for number in 0..<1_990 { header += "X-\(number): " + String(repeating: "h", count: 500) + "\r\n" }
        let line = String(repeating: "b", count: 998) + "\r\n"
        let body = String(repeating: line, count: 2_900)
        for wire in wires {
            #expect(try wire.ask("MAIL FROM:<\(String(repeating: "s", count: 64))@\(domain)>").hasPrefix("250"))
            for start in stride(from: 0, to: 1_000, by: 100) {
                let names = (start..<start + 100).map { "\($0)-" + String(repeating: "l", count: 58) }
                try wire.send(names.map { "RCPT TO:<\($0)@\(domain)>\r\n" }.joined())
                for _ in names { #expect(try wire.reply()?.hasPrefix("250") == true) }
            }
            #expect(try wire.ask("RCPT TO:<more@\(domain)>").hasPrefix("452"))
            #expect(try wire.ask("DATA").hasPrefix("354"))
            try wire.send(header + "\r\n" + body)
        }
        try expect(
            house, grewFrom: before, by: wires.count, atMost: ["listener": 256, "router": 1_536, "store": 1_024])
        for wire in wires { #expect(try wire.ask("\r\n.").hasPrefix("250")) }
    }

    /// Whoever fetches without end and reads nothing is held back by its own socket.
    @Test func mailThatNobodyReads() throws {
        let names = (1...8).map { "reader\($0)" }
        let house = try House(House.Options(accounts: names))
        defer { house.stop() }
        let body = String(repeating: String(repeating: "x", count: 998) + "\r\n", count: 1_000)
        #expect(try house.send(to: names.map { "\($0)@example.test" }, "Subject: large\r\n\r\n\(body)").hasPrefix("250"))
        let wires = try names.map { try house.pop3($0) }
        let before = try memory(house)
        for wire in wires { try wire.send(String(repeating: "RETR 1\r\n", count: 500)) }
        for wire in wires { #expect(try wire.line()?.hasPrefix("+OK 100") == true) }
        try expect(house, grewFrom: before, by: wires.count, atMost: ["listener": 512, "router": 64, "store": 1_024])
        #expect(try house.smtp().ask("NOOP").hasPrefix("250"))
    }
}

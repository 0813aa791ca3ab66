// What the writer writes, and that it is read as it was: whole, octet by octet, and in pieces of any size.

import Testing

@testable import Archive

@Suite struct MboxWriterTests {
    static func write(
        _ message: [UInt8], pieces: Int = .max, lineEnd: MboxWriter.LineEnd = .lf, sender: String = "a@x", date: Int64 = 0,
        facts: ArchivedMessage? = nil
    ) -> [UInt8] {
        var writer = MboxWriter(lineEnd: lineEnd)
        var file: [UInt8] = []
        writer.begin(sender: sender, date: date, message: facts, into: &file)
        append(message, pieces, to: &writer, &file)
        writer.finish(into: &file)
        return file
    }

    static func append(_ message: [UInt8], _ pieces: Int, to writer: inout MboxWriter, _ file: inout [UInt8]) {
        var start = 0
        while start < message.count {
            let end = min(message.count, start + min(pieces, message.count))
            let piece = Array(message[start..<end])
            writer.append(piece.span, into: &file)
            start = end
        }
    }

    static let from = "From a@x Thu Jan  1 00:00:00 1970\n"

    static let contents: [(message: String, lf: String)] = [
        ("", ""),
        ("t", "t\n"),
        ("t\r\n", "t\n"),
        ("t\r\n\r\n", "t\n\n"),
        ("\r\n", "\n"),
        ("t\n", "t\n"),
        ("t\r", "t\r\r\n"),
        ("t\ru\r\n", "t\ru\n"),
        ("t\r\r\n", "t\r\r\n"),
        ("\r\r\r\n", "\r\r\r\n"),
        ("\r\r\n\r\n", "\r\r\n\n"),
        ("t\r\r", "t\r\r\r\n"),
        ("\r", "\r\r\n"),
        ("From a\r\n", ">From a\n"),
        (">From a\r\n>>From b", ">>From a\n>>>From b\n"),
        ("From", "From\n"),
        ("From\r\nFrom ", "From\n>From \n"),
        (">", ">\n"),
        (">Fro\r\n", ">Fro\n"),
        ("F\rrom \r\n", "F\rrom \n"),
        ("FFrom \r\n>F>From \r\n", "FFrom \n>F>From \n"),
        ("\nFrom a\nfrom b\n", "\n>From a\nfrom b\n"),
        ("t From a\r\n", "t From a\n"),
        (".\r\n..\r\n\0\r\n", ".\n..\n\0\n"),
    ]

    @Test("U14: LF in the file, quotes, a line end and an empty line", arguments: contents)
    func content(row: (message: String, lf: String)) {
        for pieces in [1, 2, 3, 5, .max] {
            let file = Self.write(Array(row.message.utf8), pieces: pieces)
            #expect(String(decoding: file, as: UTF8.self) == Self.from + row.lf + "\n", "pieces of \(pieces)")
        }
    }

    static let facts: [(message: ArchivedMessage, fields: String)] = [
        (ArchivedMessage(), "Status: \nX-Status: \nX-Keywords: \n"),
        (ArchivedMessage(flags: [.seen, .old]), "Status: RO\nX-Status: \nX-Keywords: \n"),
        (
            ArchivedMessage(flags: [.answered, .flagged, .draft, .deleted], keywords: ["a", "$Junk"], uid: 7),
            "Status: \nX-Status: DFAT\nX-Keywords: a $Junk\nX-UID: 7\n"
        ),
        (
            ArchivedMessage(flags: .forwarded, keywords: ["a b", "c\nd", "", "e"]),
            "Status: \nX-Status: \nX-Keywords: e $Forwarded\n"
        ),
    ]

    @Test("U14: flags as fields", arguments: facts)
    func fields(row: (message: ArchivedMessage, fields: String)) {
        let file = Self.write(Array("S: 1\r\n\r\n".utf8), facts: row.message)
        #expect(String(decoding: file, as: UTF8.self) == Self.from + row.fields + "S: 1\n\n\n")
    }

    @Test func theFolderIsToldWithTheFirstMessage() {
        var writer = MboxWriter()
        var file: [UInt8] = []
        let folder = MboxFolder(uidValidity: 77, lastUID: 9, keywords: ["$Forwarded", "a", "b c"])
        writer.begin(sender: "a@x", date: 0, message: nil, folder: folder, into: &file)
        writer.finish(into: &file)
        #expect(String(decoding: file, as: UTF8.self) == Self.from + "X-IMAPbase: 77 9 a $Forwarded\n\n")
    }

    @Test(arguments: [
        ("", "MAILER-DAEMON"), ("a b@x", "a_b@x"), ("a\r\nb\u{0}\u{7F}", "a__b__"), ("\u{E9}@x", "\u{E9}@x"),
        (String(repeating: "a", count: 600), String(repeating: "a", count: 512)),
    ])
    func theSenderIsOneWord(sender: String, word: String) {
        let file = Self.write([], sender: sender, date: 533_240_568)
        #expect(String(decoding: file, as: UTF8.self) == "From \(word) Mon Nov 24 18:22:48 1986\n\n")
        let split = Splitting.of(file, reads: nil)
        #expect(split.messages.map(\.sender) == [word] && split.messages[0].facts.internalDate == 533_240_568)
    }

    @Test func crlfInTheFileIsCrlf() {
        let file = Self.write(Array("S: 1\r\n\r\nFrom a\rb".utf8), lineEnd: .crlf, facts: ArchivedMessage())
        let expected = Self.from + "Status: \nX-Status: \nX-Keywords: \nS: 1\n\n>From a"
        #expect(String(decoding: file, as: UTF8.self) == expected.replacing("\n", with: "\r\n") + "\rb\r\n\r\n")
    }

    @Test func factsComeBack() {
        var random = SplitMix(state: 5)
        var writer = MboxWriter()
        var file: [UInt8] = []
        var messages: [ArchivedMessage] = []
        let folder = MboxFolder(uidValidity: 77, lastUID: 1_000, keywords: ["k1", "k2"])
        for number in 0..<300 {
            var message = ArchivedMessage(flags: ArchivedFlags(rawValue: UInt8.random(in: 0...127, using: &random)))
            for name in 0..<Int.random(in: 0...4, using: &random) { message.add(keyword: "k\(name)".utf8) }
            if Bool.random(using: &random) { message.uid = UInt32(number + 1) }
            message.internalDate = Int64.random(in: 0...4_000_000_000, using: &random)
            messages.append(message)
            let first = number == 0 ? folder : nil
            writer.begin(sender: "a", date: message.internalDate ?? 0, message: message, folder: first, into: &file)
            writer.append(Array("Status: X\r\nX-Keywords: y\r\n\r\n".utf8).span, into: &file)
            writer.finish(into: &file)
        }
        let split = Splitting.of(file, reads: 999)
        #expect(split.messages.map(\.facts) == messages)
        #expect(split.folder == folder)
        // The message's own fields of the same name are not taken for ours.
        #expect(split.texts.allSatisfy { $0 == "Status: X\r\nX-Keywords: y\r\n\r\n" })
    }

    @Test("U14: what is written is read again, octet for octet")
    func roundTrip() {
        var random = SplitMix(state: 17)
        for round in 0..<3_000 {
            let messages = (0..<Int.random(in: 0...4, using: &random)).map { _ in RandomMessage.make(&random) }
            let facts: ArchivedMessage? = Bool.random(using: &random) ? ArchivedMessage(flags: .seen) : nil
            var writer = MboxWriter(lineEnd: Bool.random(using: &random) ? .lf : .crlf)
            var file: [UInt8] = []
            for message in messages {
                writer.begin(sender: "a@x", date: 0, message: facts, into: &file)
                Self.append(message, Int.random(in: 1...40, using: &random), to: &writer, &file)
                writer.finish(into: &file)
            }
            let size: Int? = [nil, 1, 13, 4_096].randomElement(using: &random)!
            let split = Splitting.of(file, reads: size, removes: facts == nil ? [] : [.status, .uid])
            let isSame = split.messages.map(\.octets) == messages.map(RandomMessage.ended)
            #expect(isSame, "round \(round)")
            let hasFields = { (octets: [UInt8]) in octets.first != 0x20 && octets.first != 0x09 }
            #expect(split.messages.allSatisfy { facts == nil || $0.facts.flags == (hasFields($0.octets) ? .seen : []) })
        }
    }
}

/// Messages of what is difficult, in lines of RFC 5322: no LF without its CR.
enum RandomMessage {
    private static let words = [
        "From ", "From a Mon Nov 24 18:22:48 1986", ">From ", ">>From ", ">", "From", "Fro", ".", "..", "\0", "\r", "\r\r",
        "\u{E9}",
        "t", "S: 1", " ", "\t", "Content-Length: 3", String(repeating: "x", count: 1_200), "\r\n", "\r\n", "\r\n", "\r\n\r\n",
        "\r\nFrom ", "\r\n\r\nFrom - ", "\r\n>From ",
    ]

    static func make(_ random: inout SplitMix) -> [UInt8] {
        var message: [UInt8] = []
        for _ in 0..<Int.random(in: 0...30, using: &random) {
            let word = Array(words.randomElement(using: &random)!.utf8)
            message += word
            if Int.random(in: 0...20, using: &random) == 0 { message.append(UInt8.random(in: 128...255, using: &random)) }
        }
        return message
    }

    /// A line that the message did not end is ended.
    static func ended(_ message: [UInt8]) -> [UInt8] {
        message.isEmpty || message.suffix(2) == [13, 10] ? message : message + [13, 10]
    }
}

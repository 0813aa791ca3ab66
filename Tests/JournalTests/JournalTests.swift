// Lines octet by octet: what they look like, what no stranger can do to them, what is left out and at what price.

import Foundation
import Logging
import Mail
import Synchronization
import Testing

@testable import Journal

@Suite struct JournalTests {
    /// 2026-11-21T08:15:02.123Z
    static let moment: Int64 = 1_795_248_902_123
    static let head = "time=2026-11-21T08:15:02.123Z level="

    @Test func aLine() throws {
        let written = Written()
        let journal = written.journal(.router)
        let client = try #require(InternetAddress("192.0.2.1"))
        journal.info(.recipientRefused, [.client: client, .code: 550, .status: "5.7.1", .reason: "not trusted"])
        #expect(
            written.text == Self.head
                + "info room=router event=recipient-refused client=192.0.2.1 code=550 status=5.7.1 reason=\"not trusted\"\n"
        )
    }

    @Test func everyLevelHasItsWord() {
        let written = Written()
        let journal = written.journal(.store, level: .debug)
        journal.debug(.stored)
        journal.info(.stored)
        journal.notice(.stored)
        journal.warning(.stored)
        journal.error(.stored)
        journal.critical(.stored)
        #expect(written.lines == JournalLevel.allCases.map { Self.head + "\($0.name) room=store event=stored" })
        for level in JournalLevel.allCases { #expect(JournalLevel(level.name) == level) }
        #expect(JournalLevel("loud") == nil)
    }

    /// What the level leaves out is not even made.
    @Test func whatIsLeftOutCostsNothing() {
        let written = Written()
        let journal = written.journal(.store, level: .notice)
        let made = Atomic<Int>(0)
        func costly() -> String {
            made.add(1, ordering: .relaxed)
            return "x"
        }
        journal.info(.stored, [.reason: costly()])
        journal.debug(.stored, [.reason: costly()])
        #expect(made.load(ordering: .relaxed) == 0 && written.text.isEmpty)
        journal.with([.trace: "t"]).level = .debug
        journal.debug(.stored, [.reason: costly()])
        #expect(made.load(ordering: .relaxed) == 1 && written.lines.count == 1)
    }

    /// Numbers and ids, which are written without their texts, look like their texts.
    @Test(
        arguments: [
            0, 1, 9, 10, 99, 100, 1_000, 12_345, Int.max, -1, Int.min, UInt8(255), UInt64.max, Int64(-5), true,
            TraceID(high: 0x0123_4567_89AB_CDEF, low: 0xF), SpoolID(rawValue: 0), SpoolID(rawValue: .max), 1.5,
            InternetAddress(v4: 0xC000_0201), InternetAddress(high: 0x2001_0DB8 << 32, low: 1), Character("x"),
        ] as [any CustomStringConvertible & Sendable])
    func numbersAndIds(value: any CustomStringConvertible & Sendable) {
        let output = Written()
        output.journal(.store).info(.stored, [.text: value])
        #expect(output.text == Self.head + "info room=store event=stored text=\(value)\n")
    }

    /// What a stranger sends stays inside its field.
    @Test(arguments: [
        ("plain", "plain"), ("", "\"\""), ("a b", "\"a b\""), ("a=b", "\"a=b\""), ("say \"hi\"", "\"say \\\"hi\\\"\""),
        ("back\\slash", "\"back\\\\slash\""), ("x\nlevel=error event=disk-full", "\"x\\nlevel=error event=disk-full\""),
        ("x\r\ny", "\"x\\r\\ny\""), ("\t", "\"\\t\""), ("\u{0}\u{7}\u{1B}[2J", "\"\\u{0}\\u{7}\\u{1b}[2J\""),
        ("\u{7F}", "\"\\u{7f}\""),
        ("\u{85}\u{9B}31m", "\"\\u{85}\\u{9b}31m\""), ("\u{2028}\u{2029}", "\"\\u{2028}\\u{2029}\""),
        ("\u{202E}gpj.exe", "\"\\u{202e}gpj.exe\""),
        ("\u{200B}\u{FEFF}", "\"\\u{200b}\\u{feff}\""), ("J\u{FC}rgen", "\"J\u{FC}rgen\""),
        ("\u{1F600}", "\"\u{1F600}\""),
        ("<a@b.example>", "<a@b.example>"), ("\u{FFFD}", "\"\u{FFFD}\""), ("\u{E0041}", "\"\\u{e0041}\""),
    ])
    func values(value: String, written: String) {
        let output = Written()
        output.journal(.listener).info(.sessionOpened, [.greeting: value, .port: 25])
        #expect(output.text == Self.head + "info room=listener event=session-opened greeting=\(written) port=25\n")
    }

    /// A reader of logfmt gets back exactly what was written, for every character of the lowest page and some others.
    @Test func everyCharacterReadsBack() throws {
        for number in Array(0...0x2FF) + [0x2028, 0x202E, 0xFFFD, 0x1F600, 0x10FFFF] {
            let scalar = try #require(UnicodeScalar(number))
            let value = "a\(Character(scalar))b"
            let output = Written()
            output.journal(.listener).info(.sessionOpened, [.greeting: value, .port: 25])
            let fields = try #require(Logfmt.read(output.text))
            #expect(fields.last?.0 == "port" && fields.count == 6)
            #expect(fields[4].1 == value, "U+\(String(number, radix: 16))")
        }
    }

    @Test func passwordsAreNotWritten() {
        let written = Written()
        written.journal(.delivery).with([.detail: Secret("hunter2")]).error(.attempt, [.text: Secret("hunter2")])
        #expect(written.text.hasSuffix("detail=*** text=***\n"))
    }

    @Test func fieldsOfASession() {
        let written = Written()
        let trace = TraceID(high: 1, low: 2)
        let session = written.journal(.listener).with([.trace: trace]).with([.client: "a b"])
        session.info(.sessionClosed, [.reason: "quit"])
        #expect(
            written.text.hasSuffix(
                "event=session-closed trace=00000000000000010000000000000002 client=\"a b\" reason=quit\n"))
    }

    // MARK: Bounds

    /// Values are cut, lines are bounded and stay one line, and both say so. The field behind a long one still comes.
    @Test func longValuesAreCut() throws {
        for filling in ["x", " ", "\u{1}", "\u{E9}", "\u{1F600}", "\""] {
            let written = Written()
            let long = String(repeating: filling, count: 1_000_000)
            written.journal(.store).info(.stored, [.reason: long, .port: 7])
            let fields = try #require(Logfmt.read(written.text))
            let last = fields.suffix(2).map { "\($0.0)=\($0.1)" }
            #expect(last == ["port=7", "cut=true"])
            let kept = fields[4].1
            #expect(kept.utf8.count > 250 && written.text.utf8.count < 2_200 && long.hasPrefix(kept))
        }
    }

    @Test func longLinesAreCut() throws {
        for length in stride(from: 1, through: 3_000, by: 173) {
            for filling in ["x", "\u{1}", "\u{E9}"] {
                let written = Written()
                let value = String(repeating: filling, count: length)
                var fields: JournalFields = [:]
                for _ in 0..<60 { fields.add(.text, value) }
                written.journal(.store).info(.library, fields)
                #expect(written.text.utf8.count <= 8_192)
                #expect(written.text.utf8.count { $0 == UInt8(ascii: "\n") } == 1 && written.text.hasSuffix("\n"))
                let read = try #require(Logfmt.read(written.text), "\(length) of \(filling)")
                let isWhole = read.count == 64 && read.dropFirst(4).allSatisfy { $0.1 == value }
                #expect(isWhole != written.text.hasSuffix(" cut=true\n"), "\(length) of \(filling)")
            }
        }
    }

    @Test func longFieldsOfASession() throws {
        let written = Written()
        var journal = written.journal(.store)
        for _ in 0..<10 { journal = journal.with([.detail: String(repeating: " ", count: 1_900)]) }
        journal.info(.stored, [.port: 7])
        let fields = try #require(Logfmt.read(written.text))
        #expect(fields.count == 7 && fields.last?.0 == "port" && written.text.utf8.count < 4_200)
    }

    // MARK: Output

    @Test func priorities() {
        let written = Written()
        let journal = Journal(
            room: .store, level: .debug, output: written.output(priorities: true), clock: { Self.moment })
        for level in JournalLevel.allCases { journal.log(level, .stored) }
        #expect(written.lines.map { String($0.prefix(8)) } == [7, 6, 5, 4, 3, 2].map { "<\($0)>time=" })
    }

    /// sd-daemon(3): only when standard error is the stream that is named.
    @Test func theStreamOfTheJournal() throws {
        var status = stat()
        #expect(fstat(STDERR_FILENO, &status) == 0)
        #expect(JournalOutput.isJournal(STDERR_FILENO, "\(status.st_dev):\(status.st_ino)"))
        for other in [
            "\(status.st_dev):\(status.st_ino + 1)", "\(status.st_dev + 1):\(status.st_ino)", "", ":", "a:b", "1",
        ] {
            #expect(!JournalOutput.isJournal(STDERR_FILENO, other), "\(other)")
        }
        #expect(!JournalOutput.isJournal(STDERR_FILENO, nil) && !JournalOutput.isJournal(-1, "0:0"))
    }

    /// A reader that does not read never holds the room; what was lost is said when it reads again.
    @Test func aFullPipe() throws {
        var ends: [CInt] = [0, 0]
        #expect(pipe(&ends) == 0 && ends.allSatisfy { fcntl($0, F_SETFL, O_NONBLOCK) == 0 })
        defer { ends.forEach { close($0) } }
        let journal = Journal(room: .store, output: JournalOutput(descriptor: ends[1]), clock: { Self.moment })
        for _ in 0..<3_000 { journal.info(.stored, [.text: String(repeating: "x", count: 100)]) }
        let first = Self.drain(ends[0])
        journal.info(.queued)
        let rest = Self.drain(ends[0]).split(separator: "\n")
        let complete = first.split(separator: "\n").count
        #expect(complete > 100 && complete < 3_000)
        #expect(rest.count == 2 && rest[0].hasSuffix("event=queued"))
        #expect(rest[1] == "\(Self.head)warning room=store event=lines-lost count=\(3_000 - complete)")
    }

    /// A line that got through only in part is ended before the next begins, so that the two are not one.
    @Test func aTornLine() {
        let written = Written()
        let calls = Atomic<Int>(0)
        let output = JournalOutput { line in
            let count = calls.add(1, ordering: .relaxed).oldValue == 0 ? 30 : line.count
            written.add(UnsafeRawBufferPointer(rebasing: line[..<count]))
            return count
        }
        let journal = Journal(room: .store, output: output, clock: { Self.moment })
        journal.info(.stored)
        journal.info(.queued)
        #expect(written.lines.count == 3 && written.lines[1] == Self.head + "info room=store event=queued")
        #expect(written.lines[2].hasSuffix("event=lines-lost count=1"))
    }

    /// Lines of many threads come whole.
    @Test func manyThreads() throws {
        var ends: [CInt] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        let journal = Journal(room: .store, output: JournalOutput(descriptor: writing), clock: { Self.moment })
        // Threads of their own: writers wait for the reader, and must not take its place.
        for thread in 0..<8 {
            Thread.detachNewThread {
                for number in 0..<50 {
                    let (x, y, z) = (Self.long("x"), Self.long("y"), Self.long("z"))
                    journal.info(.library, [.count: thread * 1_000 + number, .text: x, .detail: y, .reason: z])
                }
            }
        }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var lines = 0
        while lines < 400 {
            let count = read(reading, &buffer, buffer.count)
            try #require(count > 0)
            text += buffer[..<count]
            lines += buffer[..<count].count { $0 == UInt8(ascii: "\n") }
        }
        ends.forEach { close($0) }
        let written = String(decoding: text, as: UTF8.self).split(separator: "\n")
        #expect(written.count == 400)
        #expect(Set(written.compactMap { Logfmt.read($0 + "\n")?[4].1 }).count == 400)
    }

    private static func long(_ character: Character) -> String { String(repeating: character, count: 2_000) }

    private static func drain(_ descriptor: CInt) -> String {
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { octets += buffer[..<count] }
        return String(decoding: octets, as: UTF8.self)
    }

    // MARK: Time

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_795_248_902_123, "2026-11-21T08:15:02.123Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (Int64.max, "9999-12-31T23:59:59.999Z"), (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
        (Int64.min, "0000-01-01T00:00:00.000Z"),
    ])
    func times(milliseconds: Int64, text: String) {
        #expect(String(decoding: JournalClock.text(milliseconds), as: UTF8.self) == text)
    }

    /// Against the C library, one moment in each of 40,000 days.
    @Test func timesAgainstTheCLibrary() {
        for day in stride(from: -10_000, to: 30_000, by: 1) {
            var seconds = time_t(day * 86_400 + (day & 0xFFFF) % 86_400)
            var parts = tm()
            gmtime_r(&seconds, &parts)
            var buffer = [CChar](repeating: 0, count: 64)
            let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S.000Z", &parts)
            let expected = buffer[..<count].map { UInt8(bitPattern: $0) }
            if JournalClock.text(Int64(seconds) * 1_000) != expected { Issue.record("day \(day)") }
        }
    }

    // MARK: Libraries

    @Test func librariesSpeakTheSameWay() {
        let written = Written()
        let journal = written.journal(.delivery)
        var logger = Logger(label: "nio.x") { JournalLogHandler(label: $0, journal: journal) }
        logger.debug("not heard")
        logger.warning("a\nforged level=error", metadata: ["b": "1", "a": "x y"])
        logger[metadataKey: "always"] = "here"
        logger.error("second")
        #expect(
            written.lines == [
                Self.head
                    + "warning room=delivery event=library label=nio.x text=\"a\\nforged level=error\" detail=\"a=x y b=1\"",
                Self.head + "error room=delivery event=library label=nio.x text=second detail=\"always=here\"",
            ])
    }

    // MARK: Documentation

    /// To write it anew: POSTERN_WRITE=1 swift test --filter JournalTests
    @Test func thePageIsThatOfTheEvents() throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/operations/journal.md")
        if ProcessInfo.processInfo.environment["POSTERN_WRITE"] != nil {
            try Journal.reference.write(to: url, atomically: true, encoding: .utf8)
        }
        let page = try String(contentsOf: url, encoding: .utf8)
        #expect(page == Journal.reference, "docs/operations/journal.md is not what the events say")
        for event in JournalEvent.allCases { #expect(page.contains("| `\(event.rawValue)` |"), "\(event)") }
    }

    /// Names need no quotes, and each event tells something.
    @Test func namesAreWords() {
        let names = JournalEvent.allCases.map { $0.rawValue } + JournalField.allCases.map { $0.rawValue }
        for name in names {
            #expect(
                !name.isEmpty && name.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || $0 == UInt8(ascii: "-") },
                "\(name)")
        }
        for event in JournalEvent.allCases { #expect(event.meaning.sentence.hasSuffix("."), "\(event)") }
        for name in ["time", "level", "room", "event", "cut"] { #expect(JournalField(rawValue: name) == nil) }
    }
}

/// What a journal wrote.
final class Written: Sendable {
    private let octets = Mutex<[UInt8]>([])

    func output(priorities: Bool = false) -> JournalOutput {
        JournalOutput(hasPriorities: priorities) { line in
            self.octets.withLock { $0 += line }
            return line.count
        }
    }

    func journal(_ room: RoomName, level: JournalLevel = .info) -> Journal {
        Journal(room: room, level: level, output: output(), clock: { JournalTests.moment })
    }

    func add(_ line: UnsafeRawBufferPointer) { octets.withLock { $0 += line } }

    var text: String { String(decoding: octets.withLock { $0 }, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
}

/// A reader of logfmt, written from its description.
enum Logfmt {
    /// nil when the line is not whole or not logfmt.
    static func read(_ line: String) -> [(String, String)]? {
        var rest = line.unicodeScalars[...]
        var fields: [(String, String)] = []
        while rest.first != "\n" {
            let name = rest.prefix { $0 != "=" && $0 != " " && $0 != "\n" }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.popFirst() == "=", let value = value(&rest) else { return nil }
            fields.append((String(name), value))
            if rest.first == " " { rest.removeFirst() } else if rest.first != "\n" { return nil }
        }
        return rest.count == 1 ? fields : nil
    }

    private static func value(_ rest: inout Substring.UnicodeScalarView) -> String? {
        var value = String.UnicodeScalarView()
        guard rest.first == "\"" else {
            while let next = rest.first, next != " ", next != "\n" { value.append(rest.removeFirst()) }
            return String(value)
        }
        rest.removeFirst()
        while let next = rest.popFirst() {
            switch next {
            case "\"": return String(value)
            case "\n": return nil
            case "\\":
                guard let escaped = escape(&rest) else { return nil }
                value.append(escaped)
            default: value.append(next)
            }
        }
        return nil
    }

    private static func escape(_ rest: inout Substring.UnicodeScalarView) -> UnicodeScalar? {
        switch rest.popFirst() {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "\"": return "\""
        case "\\": return "\\"
        case "u":
            guard rest.popFirst() == "{" else { return nil }
            let digits = rest.prefix { $0 != "}" }
            rest = rest.dropFirst(digits.count + 1)
            return UInt32(String(digits), radix: 16).flatMap(UnicodeScalar.init)
        default: return nil
        }
    }
}

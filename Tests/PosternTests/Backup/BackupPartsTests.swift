// The parts of a backup that know no store: the manifest, the choice for each file, the rate, the line on the terminal.

import ArgumentParser
import Foundation
import IPC
import NIOCore
import Synchronization
import Testing

@testable import postern

@Suite struct BackupManifestTests {
    static let sum = String(repeating: "a", count: 64)

    static func entry(_ file: String, _ path: String? = nil, length: UInt64 = 10, sum: String = sum) -> BackupManifest.File {
        BackupManifest.File(file: file, path: path ?? file, length: length, sha256: sum, stamp: "s")
    }

    private func manifest(_ files: [BackupManifest.File], format: Int = 1) -> BackupManifest {
        BackupManifest(
            format: format, release: "1", madeAt: "", store: "a", messages: 1, missing: [],
            files: [Self.entry("index.sqlite")] + files)
    }

    static let segment = "segments/0000000000000001.seg"

    @Test(arguments: [
        [], [entry(segment)], [entry(segment, segment + ".1")], [entry("large/00000000000000ff.msg")],
    ])
    func right(files: [BackupManifest.File]) throws {
        let manifest = manifest(files)
        try manifest.check()
        let again = try JSONDecoder().decode(BackupManifest.self, from: Data(try json(manifest).utf8))
        #expect(again == manifest)
    }

    @Test(arguments: [
        [entry(segment), entry(segment, segment + ".1")], [entry(segment, "/etc/passwd")], [entry("../x")],
        [entry(segment, "segments/../../x")], [entry(segment, sum: "abc")], [entry("segments/1.seg")],
        [entry("large/00000000000000FF.msg")], [entry(segment, length: .max)], [entry(segment, "index.sqlite")],
        [entry("index.sqlite")],
    ])
    func wrong(files: [BackupManifest.File]) {
        #expect(throws: Failure.self) { try manifest(files).check() }
    }

    @Test func aLaterFormatAndNoIndexAreRefused() {
        #expect(throws: Failure.self) { try manifest([], format: 2).check() }
        var none = manifest([])
        none.files = []
        #expect(throws: Failure.self) { try none.check() }
    }

    @Test(
        arguments: [
            // Entries as (length, stamp), octets that are there, and what is done for 10 octets of stamp "s".
            ([(10, "s")], 10, "keep"), ([(12, "s")], 12, "keep"), ([(10, "s")], 9, "copy"), ([(10, "t")], 10, "compare"),
            ([(4, nil)], 4, "compare"), ([(4, "s")], 400, "compare"), ([(12, "t")], 12, "copy"), ([(0, "t")], 5, "copy"),
            ([], 0, "copy"),
            ([(12, "t"), (4, "t")], 12, "compare"), ([(4, "t"), (10, "s")], 10, "compare"),
        ] as [([(UInt64, String?)], UInt64, String)])
    func step(known: [(UInt64, String?)], there: UInt64, wanted: String) throws {
        let file = try #require(StoreFile(path: Self.segment))
        let entries = known.map { length, stamp in
            var entry = Self.entry(Self.segment, length: length)
            entry.stamp = stamp
            return entry
        }
        func step(_ stamp: String?, _ file: StoreFile = file) -> String {
            let listed = ListedFile(file: file, length: 10, stamp: stamp)
            return switch CopyStep.first(for: listed, known: entries, there: { _ in there == 0 ? nil : there }) {
            case .keep: "keep"
            case .compare: "compare"
            case .copy: "copy"
            }
        }
        #expect(step("s") == wanted)
        // Without a stamp nothing is the same, and no index ever is.
        #expect(step(nil) != "keep" && step("s", .index) == "copy")
    }
}

@Suite struct BackupPaceTests {
    @Test(
        arguments: [
            ("100kB", 100 << 10), ("50MB", 50 << 20), ("50mb", 50 << 20), ("1 GB", 1 << 30), ("100GB", 100 << 30),
        ] as [(String, UInt64)])
    func rate(text: String, octets: UInt64) throws { #expect(try Typed.rate(text) == octets) }

    @Test(arguments: ["", "0MB", "5", "99kB", "101GB", "-1MB", "MB", "1TB", "18446744073709551615GB"])
    func noRate(text: String) { #expect(throws: ValidationError.self) { try Typed.rate(text) } }

    @Test func octetsWaitUntilTheRateAllowsMore() {
        let pace = Pace(rate: 1_000)
        let start = NIODeadline.uptimeNanoseconds(5_000_000_000)
        #expect(pace.pause(after: 500, at: start) == .milliseconds(500))
        #expect(pace.pause(after: 500, at: start + .milliseconds(500)) == .milliseconds(500))
        // What was not used is not saved up.
        #expect(pace.pause(after: 100, at: start + .seconds(60)) == .milliseconds(100))
    }

    @Test func theTerminalSeesHowFarItIs() {
        var now = 100.0
        var said: [String] = []
        let meter = BackupMeter(ProgressLine(.terminal, clock: { now }, write: { said.append($0) }))
        meter.begin(octets: 4_000_000)
        meter.add(1_000_000, isCopied: false)
        #expect(said.isEmpty)
        now += 2
        meter.add(1_000_000, isCopied: true)
        #expect(said == ["\r[##########          ] 2.0 MB of 4.0 MB, 500.0 kB/s, 4 s left\u{1B}[K"])
        meter.end()
        #expect(said.last == "\r\u{1B}[K")
    }

    @Test func elsewhereALineAMinuteAndNothingWhereNobodyAsked() {
        var now = 100.0
        for (form, lines) in [(ProgressLine.Form.lines, 1), (.silent, 0)] {
            var said: [String] = []
            let meter = BackupMeter(ProgressLine(form, clock: { now }, write: { said.append($0) }))
            meter.begin(octets: 10)
            for _ in 0..<61 {
                now += 1
                meter.add(0, isCopied: true)
            }
            meter.end()
            #expect(said.count == lines)
        }
    }
}

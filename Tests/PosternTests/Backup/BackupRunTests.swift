// A backup against a store that is a dictionary: what is copied, what is kept, and what an end at any place leaves. (2.9, U13)

import Crypto
import Foundation
import Glibc
import IPC
import NIOCore
import Synchronization
import Testing

@testable import postern

/// A store in memory, which can break down.
final class FakeBackupRoad: BackupRoad, @unchecked Sendable {
    // Unchecked: used by one test, one call at a time.
    var store = "a"
    var files: [StoreFile: (bytes: [UInt8], stamp: String?)] = [:]
    var missing: [String] = []
    /// Questions until the road breaks; nil: never.
    var left: Int?
    private(set) var asked: [String] = []

    private func note(_ text: String) throws {
        asked.append(text)
        guard let left else { return }
        self.left = left - 1
        if left <= 0 { throw Failure("the road is broken") }
    }

    private var listed: [ListedFile] {
        files.keys.sorted().map {
            ListedFile(file: $0, length: UInt64(files[$0]?.bytes.count ?? 0), stamp: files[$0]?.stamp)
        }
    }

    func ask(_ question: BackupQuestion) async throws -> BackupAnswer {
        switch question {
        case .begin:
            try note("begin")
            return .begun(
                BackupBegun(
                    store: store, files: files.count, octets: listed.reduce(0) { $0 + $1.length }, messages: 7,
                    missing: missing, missingCount: missing.count))
        case .list(let from):
            try note("list")
            return .files(Array(listed.dropFirst(from).prefix(2)))
        case .sum(let file, let count):
            try note("sum \(file.path)")
            return .sum(Array(SHA256.hash(data: files[file]?.bytes.prefix(Int(count)) ?? [])))
        case .end:
            try note("end")
            return .ended
        case .read: throw Failure("content goes by read")
        }
    }

    func read(_ file: StoreFile, from: UInt64, count: UInt64, into sink: FileSink) async throws {
        let bytes = Array(files[file]?.bytes.dropFirst(Int(from)).prefix(Int(count)) ?? [])
        // Half of it comes before a break.
        sink.write(ByteBuffer(bytes: bytes.prefix(bytes.count / 2)))
        try note("read \(file.path) \(from)")
        sink.write(ByteBuffer(bytes: bytes.dropFirst(bytes.count / 2)))
    }

    var read: [String] { asked.filter { $0.hasPrefix("read") }.map { String($0.dropFirst(5)) } }

    func forget() { asked = [] }
}

@Suite final class BackupRunTests {
    let path = "/var/tmp/postern-backup-\(UInt32.random(in: 0...UInt32.max))"
    let road = FakeBackupRoad()

    static let first = StoreFile(.segment, 1)
    static let second = StoreFile(.segment, 2)
    static let large = StoreFile(.large, 9)

    init() {
        road.files = [
            .index: (Array("index one".utf8), nil), Self.first: (Array("first segment".utf8), "1-1-13"),
            Self.second: (Array("second".utf8), nil), Self.large: ([UInt8](repeating: 65, count: 5_000), "9-9-5000"),
        ]
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func run(full: Bool = false) async throws -> BackupOutcome {
        let folder = try BackupFolder(path, isFull: full)
        return try await BackupRun(folder, road, isFull: full, meter: BackupMeter(isQuiet: true)).run()
    }

    /// What the manifest promises, read back.
    private func content() throws -> [StoreFile: [UInt8]] {
        let (_, manifest) = try BackupFolder.existing(path)
        var content: [StoreFile: [UInt8]] = [:]
        for entry in manifest.files {
            let bytes = try Data(contentsOf: URL(filePath: "\(path)/\(entry.path)")).prefix(Int(entry.length))
            #expect(hexadecimal(SHA256.hash(data: bytes)) == entry.sha256, "\(entry.path)")
            content[try #require(StoreFile(path: entry.file))] = Array(bytes)
        }
        return content
    }

    private func expectWhole() throws { #expect(try content() == road.files.mapValues(\.bytes)) }

    @Test("everything at first, only what is new afterwards") func incremental() async throws {
        let outcome = try await run()
        #expect((outcome.copiedFiles, outcome.copiedOctets, outcome.messages) == (4, 5_028, 7))
        try expectWhole()
        road.forget()
        road.files[.index]?.bytes = Array("index two".utf8)
        road.files[Self.second] = (Array("second and more".utf8), nil)
        road.files[StoreFile(.segment, 3)] = (Array("third".utf8), nil)
        road.files[Self.large] = nil
        let again = try await run()
        try expectWhole()
        #expect(road.read == ["index.sqlite 0", "\(Self.second.path) 6", "segments/0000000000000003.seg 0"])
        #expect((again.copiedFiles, again.copiedOctets, again.removedFiles) == (3, 9 + 9 + 5, 2))
        #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/large").isEmpty)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o700)
        let files = try FileManager.default.contentsOfDirectory(atPath: path)
        #expect(files.sorted() == ["index.sqlite.1", "large", "postern-backup.json", "segments"])
    }

    @Test("what has another beginning is copied anew, and what was damaged in the folder too") func changed() async throws {
        _ = try await run()
        road.files[Self.second]?.bytes = Array("SECOND and more".utf8)
        road.files[Self.first]?.stamp = nil
        road.files[Self.first]?.bytes += Array(" grown".utf8)
        try Data("First segment".utf8).write(to: URL(filePath: "\(path)/\(Self.first.path)"))
        road.forget()
        _ = try await run()
        try expectWhole()
        #expect(road.read == ["index.sqlite 0", "\(Self.first.path) 0", "\(Self.second.path) 0"])
    }

    @Test("a file that vanished from the folder is copied again") func vanished() async throws {
        _ = try await run()
        try FileManager.default.removeItem(atPath: "\(path)/\(Self.large.path)")
        _ = try await run()
        try expectWhole()
    }

    @Test("whatever breaks a run, the backup before is whole, and the next run goes on", arguments: 0..<14)
    func broken(at call: Int) async throws {
        _ = try await run()
        let before = try content()
        road.files[.index]?.bytes = Array("another index".utf8)
        road.files[Self.first] = (Array("other segment".utf8), nil)
        road.files[Self.second] = (Array("second and more".utf8), "2-2-15")
        road.files[StoreFile(.large, 10)] = ([UInt8](repeating: 66, count: 7_000), "10-10-7000")
        road.files[StoreFile(.large, 11)] = ([UInt8](repeating: 67, count: 8_000), "11-11-8000")
        road.left = call
        road.forget()
        let isBroken: Bool
        do {
            _ = try await run()
            isBroken = false
        } catch is Failure { isBroken = true }
        if isBroken { #expect(try content() == before, "\(road.asked)") }
        let done = Set(road.read.dropLast().map { $0.split(separator: " ")[0] })
        road.left = nil
        road.forget()
        _ = try await run()
        try expectWhole()
        // What was copied to its end and has a stamp is not copied a second time.
        for file in [Self.second, StoreFile(.large, 10)] where isBroken && done.contains(Substring(file.path)) {
            #expect(!road.read.contains { $0.hasPrefix(file.path) }, "\(file.path)")
        }
    }

    @Test("a first run that breaks is no backup, and is continued") func firstRun() async throws {
        road.left = 5
        await #expect(throws: Failure.self) { try await run() }
        #expect(throws: Failure.self) { try BackupFolder.existing(path) }
        road.left = nil
        road.forget()
        _ = try await run()
        #expect(road.read.count < 4)
        try expectWhole()
    }

    @Test("full copies all anew, and only then the old one goes") func full() async throws {
        _ = try await run()
        road.forget()
        let outcome = try await run(full: true)
        #expect((outcome.copiedFiles, outcome.removedFiles) == (4, 4))
        try expectWhole()
    }

    @Test("another store, a stranger's folder and a damaged manifest are refused, with a way out") func refused() async throws {
        _ = try await run()
        road.store = "b"
        await #expect(throws: Failure.self) { try await run() }
        _ = try await run(full: true)
        #expect(try BackupFolder.existing(path).manifest.store == "b")
        try Data("{".utf8).write(to: URL(filePath: "\(path)/\(BackupManifest.name)"))
        await #expect(throws: Failure.self) { try await run() }
        _ = try await run(full: true)
        try expectWhole()
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(filePath: "\(path)/thesis.txt"))
        await #expect(throws: Failure.self) { try await run() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["thesis.txt"])
    }

    @Test("a disk that takes nothing is named") func noPlace() async throws {
        let folder = try BackupFolder("/proc/nothing")
        await #expect(throws: Failure.self) {
            try await BackupRun(folder, self.road, isFull: false, meter: BackupMeter(isQuiet: true)).run()
        }
        let sink = FileSink(try WrittenFile(DiskPath("/dev/full"), .end))
        sink.write(ByteBuffer(string: "x"))
        #expect(sink.failure?.description == "cannot write /dev/full: No space left on device")
    }

    @Test("files that are damaged, short or gone are found again") func verification() async throws {
        _ = try await run()
        let (folder, manifest) = try BackupFolder.existing(path)
        func damaged() -> [String] { BackupVerification(folder, manifest, meter: BackupMeter(isQuiet: true)).files().damaged }
        #expect(damaged().isEmpty)
        try Data("First segment, and what a broken run left".utf8).write(to: URL(filePath: "\(path)/\(Self.first.path)"))
        try Data("sec".utf8).write(to: URL(filePath: "\(path)/\(Self.second.path)"))
        try FileManager.default.removeItem(atPath: "\(path)/\(Self.large.path)")
        #expect(
            damaged() == [
                "\(Self.first.path): wrong checksum", "\(Self.second.path): 3 octets of 6",
                "\(Self.large.path): cannot read \(path)/\(Self.large.path): No such file or directory",
            ])
        try Data("first segment, and what a broken run left".utf8).write(to: URL(filePath: "\(path)/\(Self.first.path)"))
        #expect(damaged().count == 2)
    }
}

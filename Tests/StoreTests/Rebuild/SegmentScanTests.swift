// Whatever happened to a segment: what is found in it is what was written, and what was not touched is found.

import Glibc
import IPC
import Mail
import NIOCore
import POP3House
import Testing

@testable import store

@Suite struct SegmentScanTests {
    let folder = TestFolder()

    /// A segment of twenty messages of many sizes.
    private func written() async throws -> [UInt8] {
        let store = try TestStore(folder)
        let alice = store.account("alice@example.test")
        for number in 0..<20 {
            let line = number % 4 == 0 ? "PSR1PSR" : "line\r\n"
            _ = try await store.accept(.to([alice]), "Subject: a\r\n\r\n" + String(repeating: line, count: number * 37))
        }
        store.stop()
        let file = try OpenFile("\(folder.path)/store/segments/0000000000000001.seg", flags: O_RDONLY)
        return try file.bytes(from: 0, Int(try file.size()))
    }

    private func scan(_ bytes: [UInt8]) throws -> (found: [SegmentScan.Found], gaps: [SegmentScan.Gap]) {
        let scratch = TestFolder()
        let segments = try SegmentFolder(scratch.path)
        let file = try OpenFile(segments.file(1), flags: O_WRONLY | O_CREAT)
        #expect(write(file.descriptor, bytes, bytes.count) == bytes.count)
        var found: [SegmentScan.Found] = []
        let gaps = try SegmentScan(segments, 1).forEach { found.append($0) }
        return (found, gaps)
    }

    private func expectCovered(_ found: [SegmentScan.Found], _ gaps: [SegmentScan.Gap], _ size: Int) {
        var pieces = found.map { ($0.location.position.offset, UInt64($0.location.length)) }
        pieces += gaps.map { ($0.offset, $0.length) }
        var end: UInt64 = 0
        for (offset, length) in pieces.sorted(by: { $0.0 < $1.0 }) {
            #expect(offset == end)
            end = offset + length
        }
        #expect(end == UInt64(size))
    }

    @Test("a bit that flipped anywhere costs one message") func flips() async throws {
        let bytes = try await written()
        let whole = try scan(bytes)
        #expect(whole.found.count == 20 && whole.gaps.isEmpty)
        var random = SplitMix(state: 7)
        for _ in 0..<300 {
            var damaged = bytes
            let place = Int.random(in: 0..<bytes.count, using: &random)
            damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let (found, gaps) = try scan(damaged)
            expectCovered(found, gaps, bytes.count)
            let expected = whole.found.filter {
                let start = Int($0.location.position.offset)
                return !(start..<start + Int($0.location.length)).contains(place)
            }
            #expect(found.map(\.location) == expected.map(\.location), "octet \(place)")
            #expect(found.map(\.record) == expected.map(\.record), "octet \(place)")
        }
    }

    @Test("pieces that are missing, torn or foreign cost no more than what they touch") func pieces() async throws {
        let bytes = try await written()
        let whole = try scan(bytes)
        var random = SplitMix(state: 11)
        for round in 0..<150 {
            let from = Int.random(in: 0..<bytes.count, using: &random)
            let to = min(bytes.count, from + Int.random(in: 1..<6_000, using: &random))
            var damaged = bytes
            switch round % 3 {
            case 0: damaged.removeSubrange(from..<to)
            case 1: damaged.replaceSubrange(from..<to, with: (from..<to).map { _ in UInt8.random(in: 0...255, using: &random) })
            default: damaged = Array(bytes[..<from])
            }
            let (found, gaps) = try scan(damaged)
            expectCovered(found, gaps, damaged.count)
            let genuine = Set(whole.found.map(\.record.spool))
            #expect(found.allSatisfy { genuine.contains($0.record.spool) })
            let end = round % 3 == 2 ? bytes.count : to
            let untouched = whole.found.filter {
                Int($0.location.position.offset) + Int($0.location.length) <= from || Int($0.location.position.offset) >= end
            }
            let spools = found.map(\.record.spool)
            #expect(spools == spools.sorted() && Set(spools).count == spools.count)
            #expect(Set(untouched.map(\.record.spool)).isSubset(of: spools), "\(from)..<\(to) in round \(round)")
        }
    }
}

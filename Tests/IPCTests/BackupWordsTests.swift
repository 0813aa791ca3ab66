// The names of files and the heads of a restoring: what is written is what is read, and nothing else is taken.

import IPC
import Testing

@Suite struct BackupWordsTests {
    static let files = [
        .index, .passwordKey, StoreFile(.segment, 1), StoreFile(.segment, 1 << 48), StoreFile(.large, .max), StoreFile(.large, 0),
    ]

    @Test(arguments: files) func aPathIsReadAgain(file: StoreFile) {
        #expect(StoreFile(path: file.path) == file)
        let head = RestoreHead(file, length: 12_345)
        #expect(RestoreHead(head.bytes) == head && head.bytes.count == RestoreHead.size)
    }

    @Test(arguments: [
        "", "index.sqlite.1", "segments", "segments/1.seg", "segments/000000000000000g.seg", "large/0000000000000001.seg",
        "segments/0000000000000001.msg", "../segments/0000000000000001.seg", "segments/0000000000000001.seg/",
        "segments//0000000000000001.seg", "passwords.key.new", "large/00000000000000FF.msg", "segments/+000000000000001.seg",
    ])
    func nothingElseIsAPath(text: String) { #expect(StoreFile(path: text) == nil) }

    @Test func theEndIsReadAgain() {
        #expect(RestoreHead(RestoreHead(nil).bytes)?.file == nil)
        #expect(RestoreHead(RestoreHead(nil).bytes) != nil)
    }

    @Test func noHeadIsTaken() {
        let right = RestoreHead(StoreFile(.segment, 1), length: 5).bytes
        var wrong: [[UInt8]] = [[], Array(right.dropLast()), right + [0]]
        for (place, octet) in [(0, 4), (0, 254), (16, 255), (0, 255), (0, 0), (0, 3)] as [(Int, UInt8)] {
            var bytes = right
            bytes[place] = octet
            wrong.append(bytes)
        }
        for bytes in wrong { #expect(RestoreHead(bytes) == nil, "\(bytes)") }
    }

    @Test("any 17 octets are a head that says the same again, or none") func rubbish() {
        var state: UInt64 = 88_172_645_463_325_252
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<RestoreHead.size {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                bytes.append(UInt8(truncatingIfNeeded: state >> 24) & (state & 1 << 40 == 0 ? 0x07 : 0xFF))
            }
            guard let head = RestoreHead(bytes) else { continue }
            #expect(head.bytes == bytes)
        }
    }
}

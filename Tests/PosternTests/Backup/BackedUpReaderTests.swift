// Whatever the pieces, the same is heard; whatever comes, nothing is believed that does not fit. (2.9, U13)

import IPC
import Mail
import NIOCore
import Testing

@testable import postern

@Suite struct BackedUpReaderTests {
    static let mailbox = BackedUp.mailbox(
        BackedUpMailbox(
            account: AccountID(rawValue: 3), address: EmailAddress("alice@example.test")!, kind: "user", isRemoved: false,
            number: 7, name: "INBOX", uidValidity: 9, messages: 2))

    static func message(_ uid: UInt32, _ octets: UInt64) -> BackedUp {
        .message(
            BackedUpMessage(
                uid: uid, flags: .seen, keywords: ["later"], receivedAt: 5, spool: SpoolID(rawValue: 8),
                trace: TraceID(high: 1, low: 2), octets: octets))
    }

    /// A whole stream, and what is to be heard of it.
    private func stream() throws -> (bytes: ByteBuffer, items: [BackedUp], text: String) {
        let texts = ["", "Subject: a\r\n\r\nb\r\n", String(repeating: "long ", count: 5_000)]
        var items = [Self.mailbox]
        var bytes = try Self.mailbox.frame()
        for (number, text) in texts.enumerated() {
            items.append(Self.message(UInt32(number), UInt64(text.utf8.count)))
            bytes.writeImmutableBuffer(try items[items.count - 1].frame())
            bytes.writeString(text)
        }
        for item in [BackedUp.damaged(uid: 4, because: "wrong checksum"), .end] {
            items.append(item)
            bytes.writeImmutableBuffer(try item.frame())
        }
        return (bytes, items, texts.joined())
    }

    private func hear(_ bytes: ByteBuffer, piece: Int) throws(BackedUpFault) -> (items: [BackedUp], text: String) {
        var (reader, items, text, rest) = (BackedUpReader(), [BackedUp](), "", bytes)
        while let next = rest.readSlice(length: min(piece, max(1, rest.readableBytes))) {
            try reader.take(next)
            while let event = try reader.next() {
                switch event {
                case .item(let item): items.append(item)
                case .content(let content): text += String(buffer: content)
                }
            }
        }
        try reader.finish()
        return (items, text)
    }

    @Test(arguments: [1, 2, 3, 7, 100, 4_096, 1 << 20]) func pieces(size: Int) throws {
        let (bytes, items, text) = try stream()
        let heard = try hear(bytes, piece: size)
        #expect(heard.items == items && heard.text == text)
    }

    @Test func whatEndsEarlyIsNotAll() throws {
        let bytes = try stream().bytes
        for length in stride(from: 0, to: bytes.readableBytes, by: 97) {
            let part = bytes.getSlice(at: 0, length: length) ?? ByteBuffer()
            #expect(throws: BackedUpFault.self, "\(length)") { try hear(part, piece: 4_096) }
        }
    }

    @Test(
        arguments: [
            [0xFF, 0xFF, 0xFF, 0xFF], [0x01, 0x00, 0x01, 0x00], [0, 0, 0, 0], [1, 0, 0, 0, 200], [2, 0, 0, 0, 3, 3],
        ] as [[UInt8]])
    func rubbish(bytes: [UInt8]) {
        #expect(throws: BackedUpFault.self) { try hear(ByteBuffer(bytes: bytes), piece: 64) }
    }

    @Test func nothingFollowsTheEndAndNoMessageIsEndless() throws {
        var bytes = try BackedUp.end.frame()
        bytes.writeString("x")
        for piece in [1, 5, 64] { #expect(throws: BackedUpFault.self) { try hear(bytes, piece: piece) } }
        let endless = try Self.message(1, BackedUpReader.longest + 1).frame()
        #expect(throws: BackedUpFault.self) { try hear(endless, piece: 64) }
    }

    @Test(
        "octets that were changed anywhere are heard otherwise or refused, and never crash",
        arguments: 1...200 as ClosedRange<UInt64>)
    func changed(seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        func random(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1
            return Int(state >> 33) % below
        }
        var bytes = try stream().bytes
        for _ in 0...random(6) { bytes.setInteger(UInt8(random(256)), at: random(bytes.readableBytes)) }
        _ = try? hear(bytes, piece: 1 + random(5_000))
        var short = ByteBuffer()
        for _ in 0..<random(200) { short.writeInteger(UInt8(random(random(2) == 0 ? 256 : 4))) }
        _ = try? hear(short, piece: 1 + random(20))
    }
}

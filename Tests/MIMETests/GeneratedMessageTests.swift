// Messages that chance makes, whose parts' sizes are known before they are written. The same seed makes the same ones.

import Testing

@testable import MIME

@Suite struct GeneratedMessageTests {
    @Test(arguments: 0..<60)
    func sizesAreAsWritten(seed: UInt64) {
        for round in 0..<5 {
            var author = Author(state: seed &* 1_000 &+ UInt64(round))
            let message = author.message()
            let expected = author.sizes
            for piece in [message.count, 1, 13, 1_460] {
                let facts = Inspection.inPieces(message, InspectionLimits(), of: piece).facts
                let found = (facts.attachments, facts.attachmentOctets, facts.largestAttachment)
                #expect(found == (expected.count, expected.reduce(0, +), expected.max() ?? 0), "seed \(seed), round \(round)")
            }
            guard let largest = expected.max(), largest > 0 else { continue }
            #expect(Inspection.inPieces(message, InspectionLimits(attachment: largest), of: 64).fault == nil)
            let fault = Inspection.inPieces(message, InspectionLimits(attachment: largest - 1), of: 64).fault
            let place = expected.firstIndex(of: largest) ?? 0
            #expect(fault == .attachmentTooLarge(name: "part\(place).bin", limit: largest - 1))
        }
    }
}

/// Writes multiparts in multiparts and messages in messages, and notes the size of every attachment.
private struct Author {
    var state: UInt64
    private(set) var sizes: [Int] = []
    private var boundaries = 0

    init(state: UInt64) { self.state = state }

    mutating func message() -> [UInt8] {
        Array("From: a@b\r\nReceived: x\r\n".utf8) + entity(depth: 0)
    }

    private mutating func below(_ count: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ (value >> 31)) % UInt64(count))
    }

    /// Header and body, without the line end before a delimiter.
    private mutating func entity(depth: Int) -> [UInt8] {
        switch below(depth > 4 ? 4 : 8) {
        case 0: Array("Content-Type: text/plain\r\n\r\n".utf8) + text()
        case 1...3: leaf()
        case 4: Array("Content-Type: message/rfc822\r\n\r\n".utf8) + entity(depth: depth + 1)
        default: multipart(depth: depth)
        }
    }

    private mutating func multipart(depth: Int) -> [UInt8] {
        boundaries += 1
        // Each begins with the ones before.
        let boundary = String(repeating: "=_", count: 1 + below(3)) + String(repeating: "n", count: boundaries)
        var output = Array("Content-Type: multipart/mixed; boundary=\"\(boundary)\"\r\n\r\n".utf8)
        if below(2) == 0 { output += Array("A preamble\r\n--\(boundary)x\r\n".utf8) }
        for _ in 0..<below(4) {
            output += Array("--\(boundary)\r\n".utf8) + entity(depth: depth + 1) + [13, 10]
        }
        output += Array("--\(boundary)--".utf8)
        // Nobody reads what stands behind.
        if below(2) == 0 { output += Array("\r\nAn epilogue\r\n--\(boundary)\r\n\r\nthat is none".utf8) }
        return output
    }

    private mutating func leaf() -> [UInt8] {
        let header = "Content-Type: application/x; name=part\(sizes.count).bin\r\n"
        let size = [0, 1, 2, 3, 10, 57, 58, 200, 700][below(9)]
        sizes.append(size)
        switch below(3) {
        case 0: return Array("\(header)Content-Transfer-Encoding: base64\r\n\r\n".utf8) + Encode.base64(size)
        case 1: return Array("\(header)Content-Transfer-Encoding: quoted-printable\r\n\r\n".utf8) + quoted(size)
        default: return Array("\(header)\r\n".utf8) + plain(size)
        }
    }

    /// Nothing that could be a delimiter: no hyphen stands behind a line feed twice.
    private mutating func plain(_ size: Int) -> [UInt8] {
        let alphabet = Array("ab-= \r\n".utf8)
        var output: [UInt8] = []
        for _ in 0..<size {
            let octet = alphabet[below(alphabet.count)]
            output.append(octet == 0x2D && output.suffix(2) == [10, 0x2D] ? 0x78 : octet)
        }
        return output
    }

    private mutating func quoted(_ size: Int) -> [UInt8] {
        var output: [UInt8] = []
        for _ in 0..<size {
            switch below(4) {
            case 0: output += Array("=0D".utf8)
            case 1: output += Array("=c3".utf8)
            default: output.append(UInt8(ascii: "g"))
            }
            if below(9) == 0 { output += Array("=\r\n".utf8) }
        }
        return output
    }

    private mutating func text() -> [UInt8] {
        Array(String(repeating: "A line of a body that is read.\r\n-- \r\n--\r\n", count: below(4)).utf8)
    }
}

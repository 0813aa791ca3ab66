// The vector loops against slow formulations of the same rules, with every alignment of what they look for.

import Testing

@testable import MIME

@Suite struct OctetScanTests {
    /// Octets that matter, in an order that repeats late.
    private static func text(_ count: Int, _ alphabet: String, seed: UInt64) -> [UInt8] {
        let octets = Array(alphabet.utf8)
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return octets[Int(state >> 33) % octets.count]
        }
    }

    private static func scan<Result>(_ octets: [UInt8], _ body: (UnsafePointer<UInt8>) -> Result) -> Result? {
        octets.withUnsafeBufferPointer { buffer in buffer.baseAddress.map(body) }
    }

    @Test(arguments: 0..<200)
    func theFirstLineFeed(place: Int) {
        var octets = [UInt8](repeating: 0x78, count: 201)
        octets[place] = 10
        // An octet that differs from LF by a borrow must not be taken for one.
        if place + 1 < octets.count { octets[place + 1] = 11 }
        for start in 0...min(place, 17) {
            var seen: UInt64 = 0
            #expect(Self.scan(octets) { OctetScan.lineFeed($0, from: start, to: 201, seen: &seen) } == place)
            #expect(!OctetScan.hasHighBit(seen))
            #expect(Self.scan(octets) { OctetScan.lineFeed($0, from: start, to: place, seen: &seen) } == place)
        }
    }

    /// Only what is before the LF counts, and all of it.
    @Test(arguments: [0, 1, 6, 7, 8, 9, 15, 16, 40])
    func highBitsBeforeALineFeed(place: Int) {
        for high in 0..<60 {
            var octets = [UInt8](repeating: 0x78, count: 60)
            octets[high] = 0x80
            octets[place] = 10
            var seen: UInt64 = 0
            #expect(Self.scan(octets) { OctetScan.lineFeed($0, from: 0, to: 60, seen: &seen) } == place)
            #expect(OctetScan.hasHighBit(seen) == (high < place))
        }
    }

    @Test(arguments: 2..<200)
    func theFirstTwoHyphensAtALineStart(place: Int) {
        var octets = Self.text(200, "-\r-x", seed: UInt64(place))
        octets.replaceSubrange(place - 2...place, with: [10, 0x2D, 0x2D])
        for start in 2...place {
            #expect(Self.scan(octets) { OctetScan.dashes($0, from: start, to: 200) } == place)
        }
        #expect(Self.scan(octets) { OctetScan.dashes($0, from: place + 1, to: 200) } == 200)
    }

    @Test func everyOctetOfTheBase64AlphabetAndNoOther() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for octet in UInt8.min...UInt8.max {
            #expect(OctetScan.isBase64(octet) == (alphabet.contains(octet) ? 1 : 0), "\(octet)")
            for count in [1, 191, 192, 193, 600] {
                let octets = [UInt8](repeating: octet, count: count)
                let found = Self.scan(octets) { OctetScan.base64Octets($0, from: 0, to: count) }
                #expect(found == (alphabet.contains(octet) ? count : 0))
            }
        }
    }

    @Test(arguments: 0..<40)
    func quotedPrintableLossIsThatOfTheSlowRule(seed: UInt64) {
        let octets = Self.text(300, "==aF39g\r\n\r\n", seed: seed)
        var slow = 0
        let hex = Set("0123456789abcdefABCDEF".utf8)
        for index in 2..<octets.count {
            let (first, second, third) = (octets[index - 2], octets[index - 1], octets[index])
            if first == 0x3D, hex.contains(second), hex.contains(third) { slow += 2 }
            if first == 0x3D, second == 13, third == 10 { slow += 3 }
            if second == 0x3D, third == 10 { slow += 2 }
        }
        #expect(Self.scan(octets) { OctetScan.quotedPrintableLoss($0, from: 2, to: 300) } == slow)
    }

    /// The densest loss there is does not overflow the vector's octets.
    @Test(arguments: ["=41", "=\r\n", "=\n"])
    func theDensestLoss(text: String) {
        let octets = Array(String(repeating: text, count: 500).utf8)
        let lost = text == "=41" ? 2 : text.utf8.count
        #expect(
            Self.scan(octets) { OctetScan.quotedPrintableLoss($0, from: 2, to: octets.count) } == lost * 500
                - (text == "=\n" ? 2 : 0))
    }
}

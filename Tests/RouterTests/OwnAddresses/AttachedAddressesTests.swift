// The set of own addresses, fed with recorded datagrams (A-20, A-22, T-09).

import Mail
import Testing

@testable import router

@Suite struct AttachedAddressesTests {
    private var house = AttachedAddresses(port: Recorded.port)

    @discardableResult private mutating func hear(_ bytes: [UInt8]) -> Bool {
        house.receive(bytes.span.bytes)
        return house.refresh()
    }

    private func has(_ text: String) -> Bool { house.contains(InternetAddress(text)!) }

    private mutating func start() {
        #expect(house.beginList() == 1)
        hear(Recorded.list)
        hear(Recorded.end)
    }

    @Test mutating func aListIsTakenAtItsEnd() {
        #expect(house.needsList && !house.isComplete)
        #expect(house.beginList() == 1)
        #expect(!house.needsList && house.isListing)
        #expect(!hear(Recorded.list))
        #expect(!has("10.9.8.7") && !house.isComplete)
        #expect(hear(Recorded.end))
        #expect(has("10.9.8.7") && has("192.0.2.1") && has("::1") && has("127.0.0.1") && has("127.1.2.3"))
        #expect(!has("192.0.2.2") && !has("10.9.8.8"))
        #expect(house.isComplete && !house.isListing && !house.needsList)
        #expect(house.privateSubnets.map(\.description) == ["10.9.8.0/24"])
    }

    @Test mutating func newsCountAtOnce() {
        start()
        #expect(hear(Recorded.tentative))
        #expect(!hear(Recorded.added), "nothing new in that")
        #expect(has("fd00:1::5"))
        #expect(house.privateSubnets.map(\.description) == ["10.9.8.0/24", "fd00:1::/64"])
        #expect(hear(Recorded.removed))
        #expect(!has("10.9.8.7"))
        #expect(house.privateSubnets.map(\.description) == ["fd00:1::/64"])
        #expect(!house.needsList)
    }

    @Test mutating func anAddressOnTwoInterfacesIsOursUntilBothHaveLostIt() {
        start()
        var other = Recorded.removed
        other[4] = 20
        other[20] = 7
        #expect(hear(other))
        #expect(hear(Recorded.removed))
        #expect(has("10.9.8.7"))
        other[4] = 21
        #expect(hear(other))
        #expect(!has("10.9.8.7"))
    }

    @Test mutating func aNewListTakesThePlaceOfTheOld() {
        start()
        hear(Recorded.added)
        house.lose()
        #expect(house.needsList)
        #expect(house.beginList() == 2)
        hear(Self.numbered(Recorded.list, 2))
        #expect(has("fd00:1::5"), "until the end the old one holds")
        #expect(hear(Self.numbered(Recorded.end, 2)))
        #expect(!has("fd00:1::5") && has("10.9.8.7"))
    }

    @Test mutating func newsDuringAListAreNotLost() {
        #expect(house.beginList() == 1)
        hear(Recorded.list)
        hear(Recorded.removed)
        hear(Recorded.end)
        // The list may have been older or newer than the news: another one decides.
        #expect(house.needsList)
        #expect(house.beginList() == 2)
    }

    @Test mutating func anInterruptedListIsRepeated() {
        #expect(house.beginList() == 1)
        var part = Recorded.list
        part[6] |= 0x10
        hear(part)
        hear(Recorded.end)
        #expect(house.isComplete && house.needsList)
    }

    @Test(arguments: [
        NetlinkMessageTests.message(4, []), [1, 2, 3], NetlinkMessageTests.message(20, [9, 9]), Recorded.list + [0],
    ])
    mutating func afterALossAListIsNeeded(bytes: [UInt8]) {
        start()
        #expect(!hear(bytes))
        #expect(house.needsList && has("10.9.8.7"))
    }

    @Test mutating func aRefusedQuestionIsAskedAgain() {
        #expect(house.beginList() == 1)
        var refusal = Self.numbered(NetlinkMessageTests.message(2, [0xF0, 0xFF, 0xFF, 0xFF]), 1)
        hear(refusal)
        #expect(house.isListing, "it was somebody else's question")
        withUnsafeBytes(of: Recorded.port) { refusal.replaceSubrange(12..<16, with: $0) }
        hear(refusal)
        #expect(!house.isListing && house.needsList)
    }

    @Test mutating func othersAnswersAreNoList() {
        house = AttachedAddresses(port: 1)
        #expect(house.beginList() == 1)
        hear(Recorded.end)
        #expect(house.isListing && !house.isComplete)
    }

    /// An answer that comes in another list's time.
    static func numbered(_ bytes: [UInt8], _ sequence: UInt32) -> [UInt8] {
        var bytes = bytes
        var start = 0
        while start < bytes.count {
            withUnsafeBytes(of: sequence) { bytes.replaceSubrange((start + 8)..<(start + 12), with: $0) }
            start += Int(bytes[start]) + Int(bytes[start + 1]) << 8
        }
        return bytes
    }

    /// T-09: only subnets that are private as a whole.
    @Test(
        arguments: [
            ("10.1.2.3", 8, "10.0.0.0/8"), ("10.1.2.3", 16, "10.1.0.0/16"), ("10.1.2.3", 32, "10.1.2.3/32"),
            ("10.1.2.3", 7, nil), ("10.1.2.3", 0, nil), ("172.16.5.5", 12, "172.16.0.0/12"), ("172.16.5.5", 11, nil),
            ("172.31.255.1", 24, "172.31.255.0/24"), ("172.32.0.1", 24, nil), ("192.168.1.9", 16, "192.168.0.0/16"),
            ("192.168.1.9", 15, nil), ("198.51.100.1", 24, nil), ("127.0.0.1", 8, nil), ("100.64.0.1", 10, nil),
            ("169.254.1.1", 16, nil), ("fd00:1::5", 64, "fd00:1::/64"), ("fd00:1::5", 7, "fc00::/7"), ("fd00:1::5", 6, nil),
            ("fe80::1", 64, nil), ("fe80::1", 9, nil), ("2001:db8::1", 64, nil), ("::1", 128, nil), ("fd00::1", 0, nil),
            ("10.1.2.3", 33, nil), ("fd00::1", 129, nil), ("10.1.2.3", -97, nil),
        ] as [(String, Int, String?)])
    func aSubnetIsPrivateAsAWholeOrNotAtAll(address: String, length: Int, subnet: String?) {
        #expect(PrivateSubnets.among([attached(address, length)]).map(\.description) == (subnet.map { [$0] } ?? []))
    }

    @Test func subnetsStandOnceAndInOrder() {
        let all = [
            attached("192.168.1.9", 24), attached("10.1.2.3", 16), attached("10.1.9.9", 16, on: 2), attached("10.1.2.3", 8),
        ]
        #expect(PrivateSubnets.among(all).map(\.description) == ["10.0.0.0/8", "10.1.0.0/16", "192.168.1.0/24"])
        #expect(PrivateSubnets.among(all) == PrivateSubnets.among(all.reversed()))
    }

    @Test mutating func addressesHaveABound() {
        house = AttachedAddresses(port: Recorded.port, limit: 3)
        start()
        #expect(house.addresses.count == 3, "the list has four")
        hear(Recorded.added)
        #expect(house.addresses.count == 3 && !has("fd00:1::5"))
        hear(Recorded.removed)
        hear(Recorded.added)
        #expect(house.addresses.count == 3 && has("fd00:1::5"))
    }
}

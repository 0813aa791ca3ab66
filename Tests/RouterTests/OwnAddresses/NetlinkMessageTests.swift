// The kernel's messages, as recorded from Linux 6.18 in a network namespace of its own with only a loopback interface.

import Mail
import Testing

@testable import router

/// Recorded bytes.
enum Recorded {
    static let port: UInt32 = 4_619

    /// 127.0.0.1/8, 10.9.8.7/24, 192.0.2.1 peer 192.0.2.2/32, ::1/128.
    static let list = bytes(
        """
        4c00000014000200010000000b120000020880fe01000000080001007f000001080002007f000001070003006c6f0000080008008000000014
        000600ffffffffffffffffd6920400d69204004c00000014000200010000000b1200000218800001000000080001000a090807080002000a09
        0807070003006c6f0000080008008000000014000600ffffffffffffffffd7920400d79204004c00000014000200010000000b120000022080
        000100000008000100c000020208000200c0000201070003006c6f0000080008008000000014000600ffffffffffffffffd7920400d7920400
        5000000014000200010000000b1200000a8080fe01000000140001000000000000000000000000000000000114000600ffffffffffffffffd6
        920400d6920400080008008000000005000b0001000000
        """)
    static let end = bytes("1400000003000200010000000b12000000000000")
    /// `ip addr add fd00:1::5/64 dev lo`: before and after the search for another who has it.
    static let tentative = bytes(
        """
        480000001400000000000000000000000a40c0000100000014000100fd00000100000000000000000000000514000600fffffffffffffffff5
        920400f592040008000800c0000000
        """)
    static let added = bytes(
        """
        480000001400000000000000000000000a4080000100000014000100fd00000100000000000000000000000514000600fffffffffffffffff5
        920400f59204000800080080000000
        """)
    /// `ip addr del 10.9.8.7/24 dev lo`.
    static let removed = bytes(
        """
        4c00000015000000d898016b3b1200000218800001000000080001000a090807080002000a090807070003006c6f0000080008008000000014
        000600ffffffffffffffffd7920400d7920400
        """)

    private static func bytes(_ text: String) -> [UInt8] {
        let digits = Array(text.utf8.filter { $0 != 0x0A })
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)
        }
    }
}

func attached(_ address: String, _ length: Int, on interface: UInt32 = 1) -> AttachedAddress {
    AttachedAddress(interface: interface, address: InternetAddress(address)!, length: length)
}

@Suite struct NetlinkMessageTests {
    static func parse(_ bytes: [UInt8]) -> [NetlinkMessage]? { NetlinkMessage.parse(bytes.span.bytes) }

    static func contents(_ bytes: [UInt8]) -> [NetlinkMessage.Content]? { parse(bytes)?.map(\.content) }

    @Test func aListAsTheKernelWritesIt() throws {
        let messages = try #require(Self.parse(Recorded.list))
        #expect(
            messages.map(\.content) == [
                .added(attached("127.0.0.1", 8)), .added(attached("10.9.8.7", 24)), .added(attached("192.0.2.1", 32)),
                .added(attached("::1", 128)),
            ])
        #expect(messages.allSatisfy { $0.sequence == 1 && $0.port == Recorded.port && !$0.isInterrupted })
        #expect(Self.contents(Recorded.end) == [.done])
        #expect(Self.contents(Recorded.list + Recorded.end)?.count == 5)
    }

    @Test func newsAsTheKernelWritesThem() {
        #expect(Self.contents(Recorded.tentative) == [.added(attached("fd00:1::5", 64))])
        #expect(Self.contents(Recorded.added) == [.added(attached("fd00:1::5", 64))])
        #expect(Self.contents(Recorded.removed) == [.removed(attached("10.9.8.7", 24))])
    }

    @Test func anAddressThatSomebodyElseHasIsNotOurs() {
        var bytes = Recorded.added
        bytes[18] |= 0x08
        #expect(Self.contents(bytes) == [.removed(attached("fd00:1::5", 64))])
    }

    @Test func interruptedListsSaySo() throws {
        var bytes = Recorded.end
        bytes[6] |= 0x10
        #expect(try #require(Self.parse(bytes)).map(\.isInterrupted) == [true])
    }

    static func message(_ type: UInt16, _ payload: [UInt8], length: UInt32? = nil) -> [UInt8] {
        var bytes: [UInt8] = []
        withUnsafeBytes(of: length ?? UInt32(16 + payload.count)) { bytes += $0 }
        withUnsafeBytes(of: type) { bytes += $0 }
        return bytes + [UInt8](repeating: 0, count: 10) + payload
    }

    /// struct ifaddrmsg, then attributes.
    static func address(_ family: UInt8, _ length: UInt8, _ attributes: [UInt8]) -> [UInt8] {
        message(20, [family, length, 0, 0, 3, 0, 0, 0] + attributes)
    }

    static let quad: [UInt8] = [8, 0, 2, 0, 10, 1, 2, 3]

    @Test(arguments: [
        (message(2, [0, 0, 0, 0]), NetlinkMessage.Content.other), (message(2, [0xF0, 0xFF, 0xFF, 0xFF]), .failed(errno: 16)),
        (message(4, []), .overrun), (message(3, []), .done), (message(1, []), .other), (message(16, [1, 2, 3, 4]), .other),
        (message(2, [0, 0, 0, 0x80]), .failed(errno: .min)),
        (address(2, 8, quad), .added(attached("10.1.2.3", 8, on: 3))),
        (address(2, 32, [5, 0, 99, 0, 1, 0, 0, 0] + quad), .added(attached("10.1.2.3", 32, on: 3))),
        (address(2, 0, [8, 0, 1, 0, 10, 1, 2, 4]), .added(attached("10.1.2.4", 0, on: 3))),
        (address(2, 24, [8, 0, 1, 0, 10, 1, 2, 4] + quad), .added(attached("10.1.2.3", 24, on: 3))),
        (address(2, 24, quad + [8, 0, 1, 0, 10, 1, 2, 4]), .added(attached("10.1.2.3", 24, on: 3))),
    ])
    func otherMessages(bytes: [UInt8], content: NetlinkMessage.Content) { #expect(Self.contents(bytes) == [content]) }

    @Test(
        arguments: [
            [], message(20, []), message(20, [2, 8, 0, 0, 3, 0, 0]), message(2, [1, 0, 0]), message(3, [], length: 15),
            message(3, [], length: 17), message(3, [], length: 0), message(3, [], length: .max), [1, 2, 3],
            address(2, 33, quad), address(10, 64, quad), address(7, 8, quad), address(2, 8, []), address(2, 8, [8, 0, 2]),
            address(2, 8, [3, 0, 2, 0]), address(2, 8, [0, 0, 2, 0]), address(2, 8, [9, 0, 2, 0, 10, 1, 2, 3]),
            address(2, 8, [7, 0, 2, 0, 10, 1, 2]), address(2, 8, [8, 0, 3, 0, 10, 1, 2, 3]), address(2, 8, quad + [4]),
            address(10, 129, [20, 0, 1, 0] + [UInt8](repeating: 1, count: 16)), Recorded.end + [0],
        ] as [[UInt8]])
    func whatDoesNotFitIsRefused(bytes: [UInt8]) {
        #expect(Self.contents(bytes) == (bytes.isEmpty ? [] : nil))
    }

    @Test func anyCutAndAnyChangedByteIsSurvived() {
        for recorded in [Recorded.list, Recorded.end, Recorded.removed, Recorded.added] {
            for count in 1..<recorded.count {
                let whole = Self.contents(recorded) ?? []
                let cut = Self.contents(Array(recorded.prefix(count)))
                #expect(cut == nil || whole.starts(with: cut ?? []))
            }
            for index in recorded.indices {
                for value: UInt8 in [0, 1, 0x7F, 0xFF] {
                    var bytes = recorded
                    bytes[index] = value
                    #expect((Self.contents(bytes)?.count ?? 0) <= recorded.count / 16)
                }
            }
        }
    }

    @Test func theQuestionIsADump() {
        let question = NetlinkMessage.question(sequence: 0x0102_0304)
        #expect(question.count == 24)
        let message: [UInt8] = [24, 0, 0, 0, 22, 0, 1, 3, 4, 3, 2, 1]
        #expect(Array(question.prefix(12)) == message)
        #expect(question.dropFirst(12).allSatisfy { $0 == 0 })
    }
}

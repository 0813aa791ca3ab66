// The rule of quotas as a table: who takes what, and who is full. (FEATURES 2.9, RFC 9208)

import IPC
import Mail
import Testing

@testable import store

@Suite struct QuotaRuleTests {
    struct Case: Sendable, CustomStringConvertible {
        let octets: Int64?
        let messages: Int64?
        let used: (octets: Int64, messages: Int64)
        let count: Int64
        let size: Int64
        let takes: Bool
        var description: String {
            "\(used) of \(octets.map { "\($0)" } ?? "-"), \(messages.map { "\($0)" } ?? "-"); \(count) of \(size) together"
        }
    }

    /// With a grace of 10 octets.
    static let cases = [
        Case(octets: nil, messages: nil, used: (1 << 50, 1 << 40), count: 1, size: 1 << 40, takes: true),
        Case(octets: 100, messages: nil, used: (0, 0), count: 1, size: 100, takes: true),
        Case(octets: 100, messages: nil, used: (0, 0), count: 1, size: 110, takes: true),
        Case(octets: 100, messages: nil, used: (0, 0), count: 1, size: 111, takes: false),
        Case(octets: 100, messages: nil, used: (99, 1), count: 1, size: 11, takes: true),
        Case(octets: 100, messages: nil, used: (99, 1), count: 1, size: 12, takes: false),
        Case(octets: 100, messages: nil, used: (100, 1), count: 1, size: 0, takes: false),
        Case(octets: 100, messages: nil, used: (105, 1), count: 1, size: 1, takes: false),
        Case(octets: nil, messages: 3, used: (0, 2), count: 1, size: 1 << 40, takes: true),
        Case(octets: nil, messages: 3, used: (0, 3), count: 1, size: 1, takes: false),
        Case(octets: nil, messages: 3, used: (0, 2), count: 2, size: 2, takes: false),
        Case(octets: nil, messages: 3, used: (0, 4), count: 1, size: 1, takes: false),
        Case(octets: 100, messages: 3, used: (50, 3), count: 1, size: 1, takes: false),
        Case(octets: 100, messages: 3, used: (100, 2), count: 1, size: 1, takes: false),
        Case(octets: 1 << 60, messages: nil, used: (1 << 59, 1), count: 1, size: 1 << 40, takes: true),
    ]

    @Test("whoever is not full takes what goes over by no more than the grace", arguments: cases)
    func takes(_ one: Case) {
        let rule = QuotaRule(octets: one.octets, messages: one.messages)
        #expect(rule.takes(one.count, octets: one.size, over: one.used, grace: 10) == one.takes)
    }

    static let levels: [(QuotaRule, octets: Int64, messages: Int64, QuotaLevel)] = [
        (QuotaRule(), 1 << 50, 1 << 50, .room),
        (QuotaRule(octets: 100), 89, 0, .room), (QuotaRule(octets: 100), 90, 0, .nearlyFull),
        (QuotaRule(octets: 100), 99, 0, .nearlyFull), (QuotaRule(octets: 100), 100, 0, .full),
        (QuotaRule(octets: 100), 101, 0, .full),
        (QuotaRule(messages: 10), 0, 8, .room), (QuotaRule(messages: 10), 0, 9, .nearlyFull),
        (QuotaRule(messages: 10), 0, 10, .full),
        (QuotaRule(messages: 1), 0, 0, .room), (QuotaRule(messages: 1), 0, 1, .full),
        (QuotaRule(octets: 100, messages: 10), 95, 10, .full), (QuotaRule(octets: 100, messages: 10), 100, 1, .full),
        (QuotaRule(octets: 1 << 60), 1 << 59, 0, .room), (QuotaRule(octets: 1 << 60), (1 << 60) - 1, 0, .nearlyFull),
    ]

    @Test("nine tenths are nearly full, all is full", arguments: levels)
    func level(_ rule: QuotaRule, octets: Int64, messages: Int64, level: QuotaLevel) {
        #expect(rule.level((octets, messages)) == level)
    }
}

// Words that spell themselves: their bytes are those of their Codable conformance, what is read is what was written, and
// no bytes whatever make them trap or read on.
import Mail
import NIOCore
import Testing

@testable import IPC

@Suite struct SpellingTests {
    /// Both forms of one word, and every beginning of its bytes, and its bytes with one of them changed.
    private func check<Value: Word>(_ word: Value, sourceLocation: SourceLocation = #_sourceLocation) throws {
        var plain = ByteBuffer()
        try BinaryEncoder.encode(word, into: &plain)
        #expect(try spelled(word) == plain, "\(word)", sourceLocation: sourceLocation)
        let read = try BinaryDecoder().decode(word: Value.self, from: plain)
        #expect(try spelled(read) == plain, "\(word)", sourceLocation: sourceLocation)
        for length in 0..<plain.readableBytes {
            let part = try #require(plain.getSlice(at: 0, length: length))
            #expect(throws: BinaryCoderError.self, sourceLocation: sourceLocation) {
                try BinaryDecoder().decode(word: Value.self, from: part)
            }
        }
        var longer = plain
        longer.writeInteger(UInt8(0))
        #expect(throws: BinaryCoderError.trailing(1), sourceLocation: sourceLocation) {
            try BinaryDecoder().decode(word: Value.self, from: longer)
        }
    }

    private func spelled(_ word: some Word) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try BinaryEncoder().encode(word: word, limit: .max) { _ = buffer.writeBytes($0) }
        return buffer
    }

    @Test(arguments: 0..<40) func wordsOfATransaction(_ seed: UInt64) throws {
        var random = RandomWords(seed)
        try check(ListenerToRouter.Question.sender(random.facts(), random.maybe { $0.address() }, random.sending()))
        try check(ListenerToRouter.Question.recipient(random.address(), random.receiving()))
        try check(ListenerToRouter.Answer.verdict(.refused(random.refusal())))
        try check(ListenerToRouter.Answer.receipt(random.receipt()))
        try check(RouterToStore.Question.commit(random.plan()))
        try check(RouterToStore.Answer.receipt(random.receipt()))
    }

    @Test func wordsWithoutAPayload() throws {
        try check(ListenerToRouter.Question.deliver)
        try check(ListenerToRouter.Answer.verdict(.accepted))
    }

    /// Those that have no spelling go the ordinary way.
    @Test func theOtherWords() throws {
        var random = RandomWords(7)
        try check(ListenerToRouter.Question.admit(random.facts()))
        try check(ListenerToRouter.Question.mechanisms(since: 300))
        try check(ListenerToRouter.Question.offence(random.facts(), .talkedEarly))
        try check(ListenerToRouter.Answer.admission(.accepted(Terms(delay: 5))))
        try check(ListenerToRouter.Answer.noted)
        try check(RouterToStore.Question.lookUp([random.address(), random.address()]))
        try check(RouterToStore.Question.policy)
        try check(RouterToStore.Answer.directory(version: 8))
        let shortage = QuotaShortage(accounts: [AccountID(rawValue: 3)], isEverybody: true, because: "full")
        try check(RouterToStore.Answer.overQuota(shortage))
    }

    /// A byte changed: both forms say the same, be it a value or an error.
    @Test(arguments: 0..<20) func changedBytes(_ seed: UInt64) throws {
        var random = RandomWords(seed)
        try compare(RouterToStore.Question.commit(random.plan()), &random)
        try compare(
            ListenerToRouter.Question.sender(random.facts(), random.maybe { $0.address() }, random.sending()), &random)
        try compare(ListenerToRouter.Answer.receipt(random.receipt()), &random)
    }

    private func compare<Value: Word>(_ word: Value, _ random: inout RandomWords) throws {
        let bytes = try spelled(word)
        for place in 0..<bytes.readableBytes {
            var changed = bytes
            changed.setInteger(UInt8.random(in: 0...255, using: &random.random), at: place)
            let plain = try? BinaryDecoder().decode(Value.self, from: changed)
            let own = try? BinaryDecoder().decode(word: Value.self, from: changed)
            #expect((plain == nil) == (own == nil), "byte \(place) of \(word)")
            if let plain, let own { #expect(try spelled(plain) == spelled(own)) }
        }
    }
}

/// Values of every shape, the same for the same seed.
private struct RandomWords {
    var random: SplitMix

    init(_ seed: UInt64) { random = SplitMix(seed) }

    mutating func maybe<Value>(_ make: (inout RandomWords) -> Value) -> Value? {
        Bool.random(using: &random) ? make(&self) : nil
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number {
        let bits = UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0...63, using: &random)
        return Number(truncatingIfNeeded: bits)
    }

    mutating func text() -> String {
        let letters = Array("abc.-ä日\u{0}Z9 ")
        return String((0..<Int.random(in: 0...40, using: &random)).map { _ in letters.randomElement(using: &random) ?? "x" })
    }

    mutating func octets() -> [UInt8] {
        (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    mutating func several<Value>(_ make: (inout RandomWords) -> Value) -> [Value] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in make(&self) }
    }

    mutating func address() -> EmailAddress { EmailAddress(localPart: text(), domain: text()) }

    mutating func trace() -> TraceID { TraceID(high: number(), low: number()) }

    mutating func facts() -> SessionFacts {
        SessionFacts(
            trace: trace(), service: ServiceName.allCases.randomElement(using: &random) ?? .smtp,
            client: InternetAddress(high: number(), low: number()), clientPort: number(),
            local: InternetAddress(high: number(), low: number()), localPort: number(), greeting: text(),
            isExtended: Bool.random(using: &random), isEncrypted: Bool.random(using: &random), listener: number(),
            login: maybe { Ticket(bytes: $0.octets()) })
    }

    mutating func sending() -> SenderParameters {
        SenderParameters(
            declaredSize: maybe { $0.number() },
            body: [ContentForm.sevenBit, .eightBit, .binary].randomElement(using: &random) ?? .binary,
            isInternational: Bool.random(using: &random), envelopeID: maybe { $0.text() },
            returns: maybe { Bool.random(using: &$0.random) ? .full : .header })
    }

    mutating func receiving() -> RecipientParameters {
        RecipientParameters(notify: maybe { NotifyWishes(rawValue: $0.number()) }, original: maybe { $0.text() })
    }

    mutating func refusal() -> Refusal {
        Refusal(Reply(number(), maybe { $0.text() }, text()), because: text())
    }

    mutating func receipt() -> Receipt {
        Bool.random(using: &random) ? .accepted(SpoolID(rawValue: number())) : .refused(refusal())
    }

    mutating func placement() -> LocalPlacement {
        var placement = LocalPlacement(recipient: address(), account: AccountID(rawValue: number()))
        placement.mailbox = maybe { $0.text() }
        placement.flags = MessageFlags(rawValue: number())
        placement.keywords = several { $0.text() }
        return placement
    }

    mutating func plan() -> Plan {
        var plan = Plan(
            trace: trace(), sender: maybe { $0.address() }, localHeader: octets(), header: octets(),
            placements: several { $0.placement() }, relays: several { RelayedRecipient($0.address(), $0.receiving()) },
            parameters: sending(), idempotencyKey: maybe { $0.text() }, isOwnReport: Bool.random(using: &random))
        plan.isAppended = Bool.random(using: &random)
        plan.internalDate = maybe { $0.number() }
        plan.createsMailboxes = Bool.random(using: &random)
        plan.identity = maybe { $0.text() }
        return plan
    }
}

// Order, windows, queues and completion of a conversation, both sides, frame by frame.
import NIOCore
import NIOEmbedded
import Testing

@testable import IPC

struct FlowTests {
    private static let small: FrameLimits = {
        var limits = FrameLimits()
        limits.window = 1000
        limits.content = 300
        limits.queuedBytes = 2000
        limits.queuedPieces = 8
        limits.openQuestions = 4
        limits.conversations = 3
        return limits
    }()

    private func bytes(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 0x61, count: count) }
    private func contentSent(_ frames: [Frame]) -> Int {
        frames.filter { $0.kind == .content }.reduce(0) { $0 + $1.payload.readableBytes }
    }

    /// Many questions of one turn: one write, one flush. Answers of one read likewise.
    @Test func oneFlushPerTurn() throws {
        let asking = try End(.asking)
        for _ in 0..<100 { asking.open().ask(.echo("x"), last: true, deadline: .seconds(1)) { _ in } }
        #expect(try asking.sent().map(\.number) == Array(1...100))
        #expect(asking.counting.writes == 1)
        #expect(asking.counting.flushes == 1)
        let serving = try End(.serving)
        var buffer = ByteBuffer()
        for number in 1...100 { try question(.echo("x"), UInt32(number), last: true).write(into: &buffer) }
        try serving.channel.writeInbound(buffer)
        #expect(try serving.sent().count == 100)
        #expect(serving.counting.writes == 1)
        #expect(serving.counting.flushes == 1)
        asking.finish()
        serving.finish()
    }

    @Test func answersComeInOrder() throws {
        let end = try End(.asking)
        let conversation = end.open()
        var heard: [String] = []
        for name in ["a", "b", "c"] {
            conversation.ask(.echo(name), last: name == "c", deadline: .seconds(1)) { heard.append("\(name)=\($0)") }
        }
        #expect(try end.sent().map(\.last) == [false, false, true])
        try end.hear(try answer(.echo("1"), 1), try answer(.echo("2"), 1), try answer(.echo("3"), 1, last: true))
        #expect(
            heard
                == ["a=success(.echo(\"1\"))", "b=success(.echo(\"2\"))", "c=success(.echo(\"3\"))"]
                .map { $0.replacing(".echo", with: "IPCTests.TestEdge.Answer.echo") })
        // Complete: frames that come late are for nobody, and nothing is an error.
        try end.hear(try answer(.echo("4"), 1))
        #expect(end.side.violations == [])
        end.finish()
    }

    @Test func contentStopsAtTheWindowAndGoesOnWithCredit() throws {
        let end = try End(.asking, limits: Self.small)
        let conversation = end.open()
        var writable = 0
        conversation.onWritable = { writable += 1 }
        #expect(conversation.isWritable)
        conversation.send(bytes(2500))
        #expect(!conversation.isWritable)
        conversation.ask(.commit, last: true, deadline: .seconds(9)) { _ in }
        var sent = try end.sent()
        #expect(sent.map(\.payload.readableBytes) == [300, 300, 300, 100])
        #expect(sent.allSatisfy { $0.kind == .content && !$0.last })
        try end.hear(credit(500, 1))
        sent = try end.sent()
        #expect(contentSent(sent) == 500)
        #expect(writable == 0)
        // The question waits behind the content.
        try end.hear(credit(1000, 1))
        sent = try end.sent()
        #expect(contentSent(sent) == 1000)
        #expect(sent.last?.kind == .question)
        #expect(sent.last?.last == true)
        end.finish()
    }

    @Test func whoWasToldToWaitIsTold() throws {
        let end = try End(.asking, limits: Self.small)
        let conversation = end.open()
        var told = 0
        conversation.onWritable = {
            told += 1
            if told == 1 { conversation.send(self.bytes(900)) }
        }
        conversation.send(bytes(1200))
        #expect(!conversation.isWritable)
        _ = try end.sent()
        try end.hear(credit(600, 1))
        // 200 that waited and 400 of the 900 are out.
        #expect(contentSent(try end.sent()) == 600)
        #expect(told == 1)
        #expect(!conversation.isWritable)
        try end.hear(credit(1000, 1))
        #expect(contentSent(try end.sent()) == 500)
        #expect(told == 2)
        end.finish()
    }

    @Test func queueIsBoundedInBytes() throws {
        let end = try End(.asking, limits: Self.small)
        let conversation = end.open()
        var answers: [Result<TestEdge.Answer, IPCError>] = []
        conversation.ask(.commit, last: false, deadline: .seconds(9)) { answers.append($0) }
        conversation.send(bytes(3000))
        #expect(answers.isEmpty)
        conversation.send(bytes(1))
        #expect(answers.isEmpty, "never inside a call")
        #expect(try end.sent().last?.kind == .cancel)
        #expect(answers == [.failure(.overrun)])
        conversation.send(bytes(1))
        #expect(try end.sent().isEmpty)
        end.finish()
    }

    @Test func queueIsBoundedInPieces() throws {
        let end = try End(.serving, limits: Self.small)
        var exchange: Exchange<TestEdge>?
        let taking = Taking { exchange = $0 }
        end.side.conversing = { taking }
        try end.hear(try question(.never, 1))
        exchange?.send(bytes(1000))
        for _ in 0..<9 { exchange?.send(bytes(1)) }
        #expect(try end.sent().last?.kind == .cancel)
        #expect(taking.isCancelled)
        end.finish()
    }

    @Test func slowSocketIsHonoured() throws {
        let end = try End(.asking, limits: Self.small)
        let conversation = end.open()
        var told = 0
        conversation.onWritable = { told += 1 }
        end.setWritable(false)
        #expect(!conversation.isWritable)
        conversation.send(bytes(700))
        #expect(contentSent(try end.sent()) == 0)
        end.setWritable(true)
        #expect(contentSent(try end.sent()) == 700)
        #expect(told == 1)
        // A conversation that never sent, but asked, is told too.
        let other = end.open()
        var otherTold = 0
        other.onWritable = { otherTold += 1 }
        end.setWritable(false)
        #expect(!other.isWritable)
        end.setWritable(true)
        #expect(otherTold == 1)
        end.finish()
    }

    /// The socket takes everything during a flush and has room again: who waited for that writes at once, in the middle
    /// of the flush. Each frame goes out once.
    @Test func whatIsWrittenDuringAFlushGoesOutOnce() throws {
        let end = try End(.asking)
        let (first, second) = (end.open(), end.open())
        second.onWritable = { second.ask(.echo("in the middle"), last: true, deadline: .seconds(5)) { _ in } }
        end.counting.duringFlush = {
            end.setWritable(false)
            #expect(!second.isWritable)
            end.setWritable(true)
        }
        first.ask(.echo("before"), last: true, deadline: .seconds(5)) { _ in }
        let sent = try end.sent() + end.sent()
        #expect(sent == [try question(.echo("before"), 1, last: true), try question(.echo("in the middle"), 2, last: true)])
        end.finish()
    }

    @Test func creditIsGivenInHalvesOfTheWindow() throws {
        let end = try End(.serving, limits: Self.small)
        let taking = Taking { _ in }
        end.side.conversing = { taking }
        try end.hear(Frame(.content, number: 1, payload: bytes(300)))
        try end.hear(Frame(.content, number: 1, payload: bytes(300)))
        taking.exchange?.consumed(300)
        #expect(try end.sent().isEmpty)
        taking.exchange?.consumed(300)
        #expect(try end.sent() == [credit(600, 1)])
        // Consuming more than was heard gives nothing away.
        taking.exchange?.consumed(5000)
        #expect(try end.sent().isEmpty)
        try end.hear(Frame(.content, number: 1, payload: bytes(300)), Frame(.content, number: 1, payload: bytes(300)))
        try end.hear(Frame(.content, number: 1, payload: bytes(300)), Frame(.content, number: 1, payload: bytes(100)))
        #expect(end.side.violations.isEmpty)
        try end.hear(Frame(.content, number: 1, payload: bytes(1)))
        #expect(end.side.violations == ["content beyond the window"])
        #expect(taking.isCancelled)
        end.finish()
    }

    @Test(arguments: [1, 999]) func creditForNothingIsAViolation(bytes count: Int) throws {
        let end = try End(.asking, limits: Self.small)
        let conversation = end.open()
        conversation.send(bytes(count))
        _ = try end.sent()
        try end.hear(credit(count + 1, 1))
        #expect(end.side.violations == ["credit for what was not sent"])
        end.finish()
    }

    @Test func serverContentBelongsToTheNextAnswer() throws {
        let end = try End(.serving, limits: Self.small)
        try end.hear(try question(.bytes(1500), 1, last: true))
        #expect(contentSent(try end.sent()) == 1000)
        try end.hear(credit(700, 1))
        let sent = try end.sent()
        #expect(contentSent(sent) == 500)
        let expected = try answer(.count(1500), 1, last: true)
        #expect(sent.last == expected)
        end.finish()
    }

    @Test func endCompletesBothSides() throws {
        let asking = try End(.asking)
        let conversation = asking.open()
        conversation.ask(.echo("x"), last: false, deadline: .seconds(1)) { _ in }
        conversation.end()
        #expect(try asking.sent().map(\.kind) == [.question, .end])
        try asking.hear(try answer(.echo("x"), 1))
        #expect(asking.frames.openConversations == 0)
        let serving = try End(.serving)
        try serving.hear(try question(.echo("x"), 1))
        #expect(serving.frames.openConversations == 1)
        try serving.hear(Frame(.end, number: 1, last: true))
        #expect(serving.frames.openConversations == 0)
        // Never having said a word, there is nothing to end.
        let silent = asking.open()
        silent.end()
        #expect(try asking.sent().isEmpty)
        #expect(asking.frames.openConversations == 0)
        asking.finish()
        serving.finish()
    }

    @Test func cancelForgetsBothWays() throws {
        let end = try End(.asking)
        let conversation = end.open()
        var heard: [Result<TestEdge.Answer, IPCError>] = []
        conversation.ask(.never, last: true, deadline: .seconds(1)) { heard.append($0) }
        conversation.cancel()
        #expect(heard.isEmpty)
        #expect(try end.sent().map(\.kind) == [.question, .cancel])
        #expect(heard == [.failure(.cancelled)])
        // An answer that was under way is ignored.
        try end.hear(try answer(.echo("late"), 1, last: true))
        #expect(end.side.violations.isEmpty)
        let other = end.open()
        var failure: IPCError?
        other.onFailure = { failure = $0 }
        other.send(bytes(1))
        _ = try end.sent()
        try end.hear(Frame(.cancel, number: 2))
        #expect(failure == .cancelled)
        other.ask(.never, last: true, deadline: .seconds(1)) { heard.append($0) }
        #expect(heard.count == 1, "never inside a call")
        end.channel.embeddedEventLoop.run()
        #expect(heard.last == .failure(.cancelled))
        end.finish()
    }

    @Test func deadlineCancels() throws {
        let end = try End(.asking)
        var heard: [String] = []
        let conversation = end.open()
        conversation.ask(.never, last: false, deadline: .seconds(10)) { heard.append("a \($0)") }
        conversation.ask(.never, last: false, deadline: .seconds(1)) { heard.append("b \($0)") }
        end.open().ask(.never, last: true, deadline: .milliseconds(500)) { heard.append("c \($0)") }
        end.open().ask(.echo("x"), last: true, deadline: .milliseconds(500)) { heard.append("d \($0)") }
        _ = try end.sent()
        try end.hear(try answer(.echo("x"), 3, last: true))
        #expect(heard.count == 1)
        end.channel.embeddedEventLoop.advanceTime(by: .milliseconds(499))
        #expect(heard.count == 1)
        end.channel.embeddedEventLoop.advanceTime(by: .milliseconds(101))
        #expect(heard.count == 2)
        #expect(heard[1] == "c failure(IPC.IPCError.deadline)")
        end.channel.embeddedEventLoop.advanceTime(by: .milliseconds(500))
        // Answers come in order: the first cannot come any more either.
        #expect(heard.suffix(2) == ["a failure(IPC.IPCError.deadline)", "b failure(IPC.IPCError.deadline)"])
        #expect(try end.sent().map(\.kind) == [.cancel, .cancel])
        #expect(end.frames.openConversations == 0)
        end.finish()
    }

    @Test func lostChannelFailsAllAtOnce() throws {
        let end = try End(.asking)
        var heard: [IPCError] = []
        for _ in 0..<5 {
            end.open().ask(.never, last: true, deadline: .seconds(1)) {
                if case .failure(let e) = $0 { heard.append(e) }
            }
        }
        let idle = end.open()
        idle.onFailure = { heard.append($0) }
        _ = try end.sent()
        end.channel.pipeline.fireChannelInactive()
        #expect(heard == Array(repeating: .disconnected, count: 6))
        #expect(end.side.ending != nil)
        end.finish()
    }

    @Test func numbersWrapAndSkipZeroAndThoseInUse() throws {
        let end = try End(.asking, lastNumber: .max - 1)
        let long = end.open()
        long.ask(.never, last: false, deadline: .seconds(1)) { _ in }
        #expect(try end.sent().map(\.number) == [.max])
        var count = 0
        for _ in 0..<3 { end.open().ask(.echo("x"), last: true, deadline: .seconds(1)) { _ in count += 1 } }
        #expect(try end.sent().map(\.number) == [1, 2, 3])
        try end.hear(try answer(.echo("x"), 2, last: true), try answer(.echo("x"), .max))
        #expect(count == 1)
        #expect(end.side.violations.isEmpty)
        let serving = try End(.serving, lastNumber: .max - 1)
        try serving.hear(
            try question(.never, .max), try question(.echo("x"), 1, last: true), try question(.echo("x"), 2, last: true)
        )
        #expect(try serving.sent().map(\.number) == [1, 2])
        end.finish()
        serving.finish()
    }

    @Test(arguments: ["answer", "never opened", "question", "last early", "rubbish", "hello"])
    func askingSideViolations(what: String) throws {
        let end = try End(.asking)
        let conversation = end.open()
        var heard: [Result<TestEdge.Answer, IPCError>] = []
        conversation.ask(.never, last: false, deadline: .seconds(1)) { heard.append($0) }
        _ = try end.sent()
        switch what {
        case "answer": try end.hear(try answer(.echo("1"), 1), try answer(.echo("2"), 1))
        case "never opened": try end.hear(try answer(.echo("1"), 2))
        case "question": try end.hear(try question(.never, 1))
        case "last early": try end.hear(try answer(.echo("1"), 1, last: true))
        case "rubbish": try end.hear(Frame(.answer, number: 1, payload: ByteBuffer(string: "\u{1}?")))
        default: try end.hear(Frame(.hello, number: 0))
        }
        #expect(end.side.violations.count == 1)
        #expect(end.side.ending != nil)
        #expect(heard.count == 1)
        end.finish()
    }

    @Test(arguments: ["after last", "rubbish", "questions", "answer", "conversations"])
    func servingSideViolations(what: String) throws {
        let end = try End(.serving, limits: Self.small)
        end.side.conversing = { Taking { _ in } }
        switch what {
        case "after last": try end.hear(try question(.never, 1, last: true), try question(.never, 1))
        case "rubbish": try end.hear(Frame(.question, number: 1, payload: ByteBuffer(string: "?")))
        case "questions": for _ in 0..<5 { try end.hear(try question(.never, 1)) }
        case "answer":
            try end.hear(try question(.never, 1))
            try end.hear(try answer(.echo("x"), 1))
        default: try end.hear(Frame(.content, number: 1, last: false, payload: bytes(301)))
        }
        #expect(end.side.violations.count == 1, "\(what)")
        end.finish()
    }

    /// Our own mistakes end their conversation only.
    @Test func ownMistakes() throws {
        let end = try End(.serving)
        let taking = Taking {
            $0.answer(.echo("one")); $0.answer(.echo("two"))
        }
        end.side.conversing = { taking }
        try end.hear(try question(.never, 1))
        #expect(try end.sent().map(\.kind) == [.answer, .cancel])
        #expect(end.side.mistakes == ["answer without a question"])
        let asking = try End(.asking)
        let conversation = asking.open()
        var heard: [Result<TestEdge.Answer, IPCError>] = []
        conversation.ask(.echo(String(repeating: "x", count: 2 << 20)), last: true, deadline: .seconds(1)) {
            heard.append($0)
        }
        #expect(try asking.sent().isEmpty)
        #expect(heard.count == 1)
        #expect(asking.side.mistakes.count == 1)
        #expect(asking.side.ending == nil)
        end.finish()
        asking.finish()
    }
}

/// Keeps its exchange, consumes nothing by itself.
final class Taking: Conversing {
    typealias E = TestEdge
    private(set) weak var exchange: Exchange<TestEdge>?
    private(set) var isCancelled = false
    private let asked: (Exchange<TestEdge>) -> Void

    init(_ asked: @escaping (Exchange<TestEdge>) -> Void) { self.asked = asked }

    func question(_ question: TestEdge.Question, in exchange: Exchange<TestEdge>) {
        self.exchange = exchange
        asked(exchange)
    }
    func content(_ bytes: ByteBuffer, in exchange: Exchange<TestEdge>) { self.exchange = exchange }
    func ended(in exchange: Exchange<TestEdge>) {}
    func cancelled() { isCancelled = true }
}

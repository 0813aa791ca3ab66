// The opening of a raw stream: one value, then the stream, at any read size.
import NIOCore
import NIOEmbedded
import Testing

@testable import IPC

struct OpeningTests {
    struct Session: Codable, Equatable {
        var ticket: [UInt8]
        var client: String
    }

    private static let session = Session(ticket: [1, 2, 3], client: "192.0.2.1")

    private func stream(_ rest: String) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try OpeningWriter.write(Self.session, into: &buffer)
        buffer.writeString(rest)
        return buffer
    }

    private func read(_ channel: EmbeddedChannel) throws -> String {
        var text = ""
        while let buffer = try channel.readInbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text
    }

    @Test func goldenBytes() throws {
        #expect(hex(try stream("a")) == "0e000000" + "03010203" + "09" + "3139322e302e322e31" + "61")
    }

    @Test(arguments: [1, 2, 3, 5, 17, 18, 19, 4096]) func anyReadSize(size: Int) throws {
        var opened: [Session] = []
        let channel = EmbeddedChannel(
            handler: OpeningReader<Session> { result, _ in
                opened.append(try! result.get())
                return nil
            })
        var bytes = try stream("a1 LOGIN and so on")
        while let part = bytes.readSlice(length: min(size, bytes.readableBytes)), part.readableBytes > 0 {
            try channel.writeInbound(part)
        }
        #expect(opened == [Self.session])
        #expect(try read(channel) == "a1 LOGIN and so on")
        channel.embeddedEventLoop.run()
        #expect(throws: (any Error).self) {
            try channel.pipeline.syncOperations.handler(type: OpeningReader<Session>.self)
        }
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test func nothingPassesWhileItIsDecided() throws {
        let channel = EmbeddedChannel()
        let decision = channel.eventLoop.makePromise(of: Void.self)
        try channel.pipeline.syncOperations.addHandler(OpeningReader<Session> { _, _ in decision.futureResult })
        try channel.writeInbound(try stream("one "))
        try channel.writeInbound(ByteBuffer(string: "two"))
        #expect(try read(channel) == "")
        decision.succeed()
        #expect(try read(channel) == "one two")
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test func refusedDecisionCloses() throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(
            OpeningReader<Session> { _, channel in channel.eventLoop.makeFailedFuture(IPCError.cancelled) })
        try channel.writeInbound(try stream("one "))
        #expect(try read(channel) == "")
        #expect(!channel.isActive)
    }

    @Test(arguments: [
        ("01000100", OpeningError.tooLong(65_537)), ("ffffffff", .tooLong(4_294_967_295)),
        ("00000000", .malformed(.truncated)), ("03000000 000061", .malformed(.trailing(1))),
        ("02000000 0500", .malformed(.truncated)),
    ])
    func refused(bytes: String, error: OpeningError) throws {
        var heard: [OpeningError] = []
        let channel = EmbeddedChannel(
            handler: OpeningReader<Session> { result, _ in
                if case .failure(let error) = result { heard.append(error) }
                return nil
            })
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
        _ = try? channel.writeInbound(unhex(bytes))
        #expect(heard == [error])
        #expect(!channel.isActive)
    }

    @Test func lateAndIncomplete() throws {
        var heard: [OpeningError] = []
        func make() throws -> EmbeddedChannel {
            let channel = EmbeddedChannel(
                handler: OpeningReader<Session>(within: .seconds(3)) { result, _ in
                    if case .failure(let error) = result { heard.append(error) }
                    return nil
                })
            try channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
            return channel
        }
        let late = try make()
        late.embeddedEventLoop.advanceTime(by: .seconds(4))
        #expect(heard == [.late])
        #expect(!late.isActive)
        let incomplete = try make()
        try incomplete.writeInbound(ByteBuffer(bytes: [9]))
        incomplete.pipeline.fireChannelInactive()
        #expect(heard == [.late, .incomplete])
    }

    @Test func openingHasABound() {
        var buffer = ByteBuffer()
        #expect(throws: BinaryCoderError.self) {
            try OpeningWriter.write(String(repeating: "x", count: 70_000), into: &buffer)
        }
        #expect(buffer.readableBytes == 0)
    }
}

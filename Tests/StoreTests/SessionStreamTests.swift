// What a session's stream promises to the one who waits at it, whenever the news comes. T-27.

import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import POP3House
import Testing

@testable import store

@Suite struct SessionStreamTests {
    /// A session as the store runs it: an actor on the connection's loop, in a task that stays there.
    private actor Session {
        private let stream: SessionStream
        nonisolated var unownedExecutor: UnownedSerialExecutor {
            stream.channel.eventLoop.executor.asUnownedSerialExecutor()
        }

        init(_ stream: SessionStream) { self.stream = stream }

        /// Waits for bytes, with `news` as the very next thing that the loop does.
        func fill(_ news: @escaping @Sendable (any Channel) -> Void) async -> Bool {
            let channel = stream.channel
            channel.eventLoop.execute { news(channel) }
            return await stream.fill()
        }
    }

    /// A wake-up that came between the look at the channel and the sleep was lost: the session slept for ever, its
    /// mailbox stayed locked, and the room did not stop.
    @Test(arguments: ["closed", "half-closed"])
    func whatHappensAsASessionGoesToSleepWakesIt(_ news: String) async throws {
        var ends: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { close(ends[1]) }
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let channel = try await ClientBootstrap(group: eventLoop)
            .channelOption(.autoRead, value: false)
            .withConnectedSocket(ends[0]).get()
        let stream = SessionStream(channel)
        try await channel.pipeline.addHandler(stream).get()
        let answer = NIOLockedValueBox<Bool?>(nil)
        Task(executorPreference: SessionExecutor(eventLoop)) {
            let hasMore = await Session(stream).fill { channel in
                if news == "closed" { return channel.close(promise: nil) }
                channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            }
            answer.withLockedValue { $0 = hasMore }
        }
        for _ in 0..<1_000 where answer.withLockedValue({ $0 == nil }) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(answer.withLockedValue { $0 } == false)
        try? await channel.close()
    }
}

// The way to the store's session socket: one Unix connection for each client behind its login.

import IPC
import NIOCore
import NIOPosix

package struct SessionConnector: Sendable {
    private let path: String

    /// - Parameter path: of the store's session socket.
    package init(path: String) { self.path = path }

    /// Connects on the client's event loop. `handler` is in place before the first byte can come.
    func connect(
        on eventLoop: any EventLoop, within time: TimeAmount,
        handler: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(time)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: Splice.reading)
            .channelOption(.writeBufferWaterMark, value: Splice.waterMark)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try handler(channel) }
            }
            .connect(unixDomainSocketPath: path)
            .map { $0 }
    }
}

// Makes a running connection secure: after STARTTLS, or at its very beginning.

import NIOCore
import NIOSSL
import NIOTLS

/// What a finished handshake showed.
package struct TLSFacts: Sendable, Hashable {
    /// Such as "TLSv1.3".
    package var version: String
    /// Whether the peer proved to be who it should be. Opportunistic TLS does not ask.
    package var isVerified: Bool
}

extension ClientTLS {
    /// Puts TLS at the front of the pipeline and begins the handshake. On the channel's event loop only.
    /// - Precondition: everything that was read in clear has been thrown away (RFC 3207 §5).
    /// - Returns: a future that fails when the handshake does, or when the connection ends first. The channel is of no
    ///   use then. It has no time-out of its own: closing the channel ends it.
    package func secure(_ channel: any Channel, _ mode: TLSMode, serverName: String) -> EventLoopFuture<TLSFacts> {
        let promise = channel.eventLoop.makePromise(of: TLSFacts.self)
        do {
            let tls = try handler(mode, serverName: serverName)
            let handshake = Handshake(promise) { TLSFacts(version: tls.tlsVersion.name, isVerified: mode.isMandatory) }
            try channel.pipeline.syncOperations.addHandlers(tls, handshake, position: .first)
        } catch {
            promise.fail(error)
        }
        return promise.futureResult
    }
}

/// Waits for the end of the handshake, then leaves the pipeline. Its errors are for the promise alone.
final class Handshake<Facts: Sendable>: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<Facts>
    private let facts: () -> Facts

    /// - Parameter facts: asked for once the handshake is complete.
    init(_ promise: EventLoopPromise<Facts>, facts: @escaping () -> Facts) {
        self.promise = promise
        self.facts = facts
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case TLSUserEvent.handshakeCompleted = event else { return context.fireUserInboundEventTriggered(event) }
        promise.succeed(facts())
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.fail(error) }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}

extension TLSVersion? {
    /// As OpenSSL and the journal write it.
    var name: String {
        switch self {
        case .tlsv1: "TLSv1"
        case .tlsv11: "TLSv1.1"
        case .tlsv12: "TLSv1.2"
        case .tlsv13: "TLSv1.3"
        case nil: "TLS"
        }
    }
}

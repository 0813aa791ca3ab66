// Makes a client's connection secure: from its first byte, or after STARTTLS.

import NIOCore
import NIOSSL
import NIOTLS

/// What a finished handshake showed.
package struct ServerTLSFacts: Sendable, Hashable {
    /// Such as "TLSv1.3".
    package var version: String
    /// The host name that the client asked for (RFC 6066 §3). None when it is not the shape of one.
    package var serverName: String?
    /// tls-server-end-point of the certificate that this client was shown (RFC 5929 §4.1).
    package var endPointBinding: [UInt8]?
}

/// No source of certificates could be read, now or ever since the start.
package struct NoCertificate: Error {}

extension ServerTLS {
    /// Puts TLS at the front of the pipeline and waits for the client's hello. On the channel's event loop only.
    ///
    /// Until the future succeeds nothing may be written: what is written before the hello fails, so that not a byte
    /// leaves in clear. TLS 1.3 tickets travel with the first write.
    /// - Parameter profile: one of those that were loaded.
    /// - Precondition: everything that was read in clear has been thrown away (RFC 3207 §4.2).
    /// - Returns: a future that fails when the handshake does, or when the connection ends first. The channel is of no
    ///   use then. It has no time-out of its own: closing the channel ends it.
    package func secure(_ channel: any Channel, _ profile: TLSProfile) -> EventLoopFuture<ServerTLSFacts> {
        let promise = channel.eventLoop.makePromise(of: ServerTLSFacts.self)
        let gate = HelloGate(promise)
        // Each certificate has a context of its own, so that what was shown is what was chosen here. NIOSSL's own choice
        // by name does not tell a connection which certificate it got.
        let hello = SNIHandler { result in
            channel.eventLoop.makeCompletedFuture {
                let name = ServerTLS.hostName(result)
                guard let shown = self.certificate(for: name) else { throw NoCertificate() }
                try ServerTLS.start(channel, gate, name, shown, profile)
            }.flatMapErrorThrowing { error in
                promise.fail(error)
                throw error
            }
        }
        do {
            try channel.pipeline.syncOperations.addHandlers(
                ByteToMessageHandler(hello, maximumBufferSize: ServerTLS.helloLimit), gate, position: .first)
        } catch {
            promise.fail(error)
        }
        return promise.futureResult
    }

    /// One record: its header and 2^14 octets (RFC 8446 §5.1). A hello in several records is not searched for a name.
    private static let helloLimit = 5 + 16_384

    private static func start(
        _ channel: any Channel, _ gate: HelloGate, _ name: String?, _ shown: ServedCertificate, _ profile: TLSProfile
    ) throws {
        guard let context = shown.contexts[profile] else { preconditionFailure("this profile was not loaded") }
        let tls = NIOSSLServerHandler(context: context)
        let handshake = Handshake(gate.promise) {
            ServerTLSFacts(version: tls.tlsVersion.name, serverName: name, endPointBinding: shown.endPointBinding)
        }
        try channel.pipeline.syncOperations.addHandlers(tls, handshake, position: .after(gate))
        channel.pipeline.syncOperations.removeHandler(gate, promise: nil)
    }

    /// A stranger's text: only what can be a host name goes on, since it is logged and compared.
    private static func hostName(_ result: SNIResult) -> String? {
        guard case .hostname(let name) = result, (1...253).contains(name.utf8.count) else { return nil }
        let isName = name.utf8.allSatisfy { octet in
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isName ? name : nil
    }
}

/// Stands where TLS will be until the client's hello has been read: nothing passes in clear, neither in nor out.
private final class HelloGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let promise: EventLoopPromise<ServerTLSFacts>

    init(_ promise: EventLoopPromise<ServerTLSFacts>) { self.promise = promise }

    /// The end of a connection flushes an unfinished hello this way.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.inappropriateOperationForState)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.fail(error) }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}

// Contexts and handlers for TLS towards other servers. Everything from the disk is read once, by `init`, so that a
// room can make this before it closes itself in.

import NIOCore
import NIOSSL

/// TLS 1.2 or later towards servers that we call.
package final class ClientTLS: Sendable {
    private let opportunistic: NIOSSLContext
    /// Why there is none is told to whoever asks for verification.
    private let verifying: Result<NIOSSLContext, any Error>

    /// - Throws: when not even a context without trust anchors can be made. Missing trust anchors are no error until
    ///   somebody needs them: then `handler` throws.
    package init(trust: TrustAnchors = .system) throws {
        opportunistic = try NIOSSLContext(configuration: ClientTLS.configuration(.none, nil))
        verifying = Result {
            try NIOSSLContext(configuration: ClientTLS.configuration(.fullVerification, .certificates(trust.certificates())))
        }
    }

    /// A handler for one connection, to be put at the front of its pipeline.
    /// - Parameter serverName: sent as SNI, and compared with the certificate when the mode is mandatory. A literal
    ///   address is neither sent nor compared as a name (RFC 6066 §3): it is compared with the certificate's addresses.
    package func handler(_ mode: TLSMode, serverName: String) throws -> NIOSSLClientHandler {
        precondition(mode != .none, "clear text needs no handler")
        let name = ClientTLS.indication(serverName)
        guard mode.isMandatory else { return try NIOSSLClientHandler(context: opportunistic, serverHostname: name) }
        guard let name else { return try NIOSSLClientHandler(context: verifying.get(), serverHostname: nil) }
        return try NIOSSLClientHandler._makeSSLClientHandler(context: verifying.get(), serverHostname: name) {
            leaf, channel in
            let isRight = leaf._subjectAlternativeNames().contains {
                $0.nameType == .dnsName && ServerIdentity.matches(name, $0.contents)
            }
            return channel.eventLoop.makeCompletedFuture { if !isRight { throw WrongCertificateName(wanted: name) } }
        }
    }

    private static func configuration(
        _ verification: CertificateVerification, _ roots: NIOSSLTrustRoots?
    ) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = verification
        // Without verification the authorities are not even read: 140 certificates cost some megabytes.
        configuration.trustRoots = roots ?? .certificates([])
        configuration.shutdownTimeout = .seconds(1)
        return configuration
    }

    /// RFC 6066 §3: a host name without its final dot; never an address.
    private static func indication(_ name: String) -> String? {
        let bare = name.hasSuffix(".") ? String(name.dropLast()) : name
        let isAddress = (try? SocketAddress(ipAddress: bare, port: 0)) != nil
        guard !bare.isEmpty, !isAddress, bare.utf8.count <= 253, bare.utf8.allSatisfy({ $0 < 0x80 && $0 != 0 }) else {
            return nil
        }
        return bare
    }
}

/// The certificate is valid, but for somebody else.
package struct WrongCertificateName: Error, CustomStringConvertible {
    let wanted: String

    package var description: String { "the certificate does not name \(wanted)" }
}

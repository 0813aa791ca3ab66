// A certificate as it is shown to clients: read from its files, checked, ready for handshakes.

import NIOSSL

/// One source's certificate. Immutable: a renewed one is another value, and sessions under way keep theirs.
package struct ServedCertificate: Sendable {
    package let source: CertificateSource
    /// The server's own certificate first. Never empty.
    package let chain: [NIOSSLCertificate]
    /// Its DNS names in lower case, without a final dot. Wildcards as they stand.
    package let names: [String]
    /// tls-server-end-point for SCRAM-PLUS, where RFC 5929 §4.1 defines it.
    package let endPointBinding: [UInt8]?
    /// Whether everybody on this machine may read the private key.
    package let isKeyOpen: Bool
    let contexts: [TLSProfile: NIOSSLContext]

    /// What is seen when the files of a source are read.
    struct Reading {
        /// Of all files of the source, in their order.
        let stamps: [FileStamp]
        /// All that is wrong, or the certificate.
        let result: Result<ServedCertificate, Faults>
    }

    struct Faults: Error { let all: [CertificateFault] }

    /// Reads files and does the arithmetic of keys: milliseconds, never on an event loop.
    static func read(_ source: CertificateSource, for profiles: Set<TLSProfile>) -> Reading {
        let files = source.files.map { CertificateFile($0) }
        let stamps = files.map(\.stamp)
        let content = files.map(\.content)
        let result = parts(source, content[0], content[content.count - 1]).flatMap { chain, key in
            contexts(source, chain, key, profiles).map { contexts in
                ServedCertificate(source, chain, contexts, isKeyOpen: stamps[stamps.count - 1].isReadableByEverybody)
            }
        }
        return Reading(stamps: stamps, result: result)
    }

    private init(
        _ source: CertificateSource, _ chain: [NIOSSLCertificate], _ contexts: [TLSProfile: NIOSSLContext], isKeyOpen: Bool
    ) {
        (self.source, self.chain, self.contexts, self.isKeyOpen) = (source, chain, contexts, isKeyOpen)
        names = chain[0].dnsNames
        endPointBinding = (try? chain[0].toDERBytes()).flatMap(EndPointBinding.octets)
    }

    private static func parts(
        _ source: CertificateSource, _ first: Result<[UInt8], CertificateFault>, _ last: Result<[UInt8], CertificateFault>
    ) -> Result<PFXFile.Opened, Faults> {
        switch source {
        case .pem(let chainFile, let keyFile):
            let chain = first.flatMap { octets in PEMFile.chain(octets).mapError { CertificateFault(chainFile, $0) } }
            let key = last.flatMap { octets in PEMFile.key(octets).mapError { CertificateFault(keyFile, $0) } }
            guard case .success(let certificates) = chain, case .success(let privateKey) = key else {
                return .failure(Faults(all: [chain.fault, key.fault].compactMap(\.self)))
            }
            return .success((certificates, privateKey))
        case .pfx(let file, let password):
            return first.flatMap { octets in PFXFile.open(octets, password).mapError { CertificateFault(file, $0) } }
                .mapError { Faults(all: [$0]) }
        }
    }

    private static func contexts(
        _ source: CertificateSource, _ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey, _ profiles: Set<TLSProfile>
    ) -> Result<[TLSProfile: NIOSSLContext], Faults> {
        var contexts: [TLSProfile: NIOSSLContext] = [:]
        do {
            for profile in profiles {
                contexts[profile] = try NIOSSLContext(configuration: profile.configuration(chain, key))
            }
            return .success(contexts)
        } catch NIOSSLError.failedToLoadPrivateKey {
            let place = chain.indices.dropFirst().first { index in
                (try? NIOSSLContext(configuration: TLSProfile.modern.configuration([chain[index]], key))) != nil
            }
            let problem = place.map { CertificateFault.Problem.certificateNotFirst(place: $0 + 1, chain: source.file) }
            return .failure(Faults(all: [CertificateFault(source.keyFile, problem ?? .otherKey(chain: source.file))]))
        } catch {
            return .failure(Faults(all: [CertificateFault(source.file, .unsupportedKey)]))
        }
    }
}

/// RFC 7468: text around the parts is skipped, and so are parts of another kind.
private enum PEMFile {
    static func chain(_ octets: [UInt8]) -> Result<[NIOSSLCertificate], CertificateFault.Problem> {
        guard octets.contains("CERTIFICATE-----".utf8) else { return .failure(.noCertificate) }
        return Result { try NIOSSLCertificate.fromPEMBytes(octets) }.mapError { _ in .damagedCertificate }
    }

    static func key(_ octets: [UInt8]) -> Result<NIOSSLPrivateKey, CertificateFault.Problem> {
        guard octets.contains("PRIVATE KEY-----".utf8) else { return .failure(.noKey) }
        let isEncrypted = octets.contains("ENCRYPTED".utf8)
        return Result { try NIOSSLPrivateKey(bytes: octets, format: .pem) }
            .mapError { _ in isEncrypted ? .encryptedKey : .damagedKey }
    }
}

extension Result where Failure == CertificateFault {
    fileprivate var fault: CertificateFault? {
        guard case .failure(let fault) = self else { return nil }
        return fault
    }
}

extension NIOSSLCertificate {
    /// Only alternative names count: no client reads the common name any more (RFC 9525 §2).
    fileprivate var dnsNames: [String] {
        _subjectAlternativeNames().filter { $0.nameType == .dnsName }
            .map { ServerTLS.folded(String(decoding: $0.contents, as: UTF8.self)) }
    }
}

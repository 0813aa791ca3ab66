// How a certificate was signed and what kind of key it holds, read from its DER (RFC 5280 §4.1).

/// Hashes that signatures of certificates use.
enum SignatureHash: String, Sendable {
    case md5 = "MD5"
    case sha1 = "SHA-1"
    case sha256 = "SHA-256"
    case sha384 = "SHA-384"
    case sha512 = "SHA-512"
}

/// The public key of a certificate.
enum CertificateKey: Hashable, Sendable {
    /// Size of the modulus in bits.
    case rsa(bits: Int)
    case ellipticCurve
    /// Ed25519 and others, which few mail clients know.
    case other
}

struct CertificateAlgorithms: Sendable {
    /// None for signatures without exactly one known hash, such as Ed25519.
    let signatureHash: SignatureHash?
    let key: CertificateKey

    /// - Parameter certificate: DER of the whole certificate.
    init(_ certificate: [UInt8]) {
        var outer = DERReader(certificate[...])
        var parts = DERReader(outer.next(.sequence) ?? [])
        let body = parts.next(.sequence)
        signatureHash = AlgorithmIdentifier(parts.next(.sequence)).flatMap(SignatureHash.init)
        key = body.flatMap(CertificateAlgorithms.keyInformation).map(CertificateKey.init) ?? .other
    }

    /// SubjectPublicKeyInfo stands behind version, serial number, signature, issuer, validity and subject.
    private static func keyInformation(_ body: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var reader = DERReader(body)
        _ = reader.next(.zero)
        guard reader.next(.integer) != nil else { return nil }
        for _ in 0..<4 where reader.next(.sequence) == nil { return nil }
        return reader.next(.sequence)
    }
}

extension CertificateKey {
    fileprivate init(_ information: ArraySlice<UInt8>) {
        var reader = DERReader(information)
        let algorithm = AlgorithmIdentifier(reader.next(.sequence))?.identifier
        switch algorithm {
        case [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]: self = .ellipticCurve
        case SignatureHash.rsa + [0x01]:
            // The first octet of a BIT STRING counts its unused bits: none here.
            var key = DERReader((reader.next(.bitString) ?? []).dropFirst())
            var numbers = DERReader(key.next(.sequence) ?? [])
            let modulus = (numbers.next(.integer) ?? []).drop { $0 == 0 }
            self = .rsa(bits: modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0))
        default: self = .other
        }
    }
}

extension SignatureHash {
    /// pkcs-1, 1.2.840.113549.1.1.
    fileprivate static let rsa: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01]
    /// ansi-X9-62 signatures, 1.2.840.10045.4.
    private static let ecdsa: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04]
    /// nistAlgorithm hashAlgs, 2.16.840.1.101.3.4.2.
    private static let nist: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02]

    private static let known: [[UInt8]: SignatureHash] = [
        rsa + [0x04]: .md5, rsa + [0x05]: .sha1,
        rsa + [0x0B]: .sha256, rsa + [0x0C]: .sha384, rsa + [0x0D]: .sha512,
        ecdsa + [0x01]: .sha1,
        ecdsa + [0x03, 0x02]: .sha256, ecdsa + [0x03, 0x03]: .sha384, ecdsa + [0x03, 0x04]: .sha512,
        [0x2B, 0x0E, 0x03, 0x02, 0x1A]: .sha1,
        nist + [0x01]: .sha256, nist + [0x02]: .sha384, nist + [0x03]: .sha512,
    ]

    fileprivate init?(_ algorithm: AlgorithmIdentifier) {
        guard algorithm.identifier == Self.rsa + [0x0A] else {
            guard let hash = Self.known[algorithm.identifier] else { return nil }
            self = hash
            return
        }
        // RFC 4055 §3.1: RSASSA-PSS names its hash in the parameters, and means SHA-1 when it does not.
        var parameters = DERReader(algorithm.parameters ?? [])
        guard let named = parameters.next(.zero) else {
            self = .sha1
            return
        }
        var inner = DERReader(named)
        guard let hash = AlgorithmIdentifier(inner.next(.sequence)).flatMap({ Self.known[$0.identifier] }) else { return nil }
        self = hash
    }
}

// Opens PKCS#12 (RFC 7292), old and new encryption alike.

import Mail
import NIOSSL

enum PFXFile {
    typealias Opened = (chain: [NIOSSLCertificate], key: NIOSSLPrivateKey)

    /// - Returns: the key's certificate first, then each one's issuer as far as the file has it. PKCS#12 knows no order,
    ///   and Windows writes the root first.
    static func open(_ octets: [UInt8], _ password: Secret?) -> Result<Opened, CertificateFault.Problem> {
        if let missing = missingPart(of: octets) { return .failure(missing) }
        do {
            // The empty password goes as none: NIOSSL locks the memory of the others, which walls may forbid.
            let passphrase = password.flatMap { $0.bytes.isEmpty ? nil : $0.bytes }
            let bundle = try NIOSSLPKCS12Bundle(buffer: octets, passphrase: passphrase)
            return .success((ordered(bundle.certificateChain), bundle.privateKey))
        } catch {
            let text = "\(error)"
            let isPassword = text.contains("INCORRECT_PASSWORD") || text.contains("INVALID_CHARACTERS")
            return .failure(isPassword ? .wrongPassword : .notPFX)
        }
    }

    /// NIOSSL ends the process over a PFX without a key or without its certificate, so that both are looked for here.
    /// The kinds of the bags stand in the clear, but for certificates in an encrypted part; exports put the key into
    /// an unencrypted part, as it is encrypted by itself. Encrypted certificates that all belong to other keys cannot be
    /// seen from here; no program is known to write such a file.
    private static func missingPart(of octets: [UInt8]) -> CertificateFault.Problem? {
        guard octets.first == DERReader.Tag.sequence.rawValue else { return .notPFX }
        guard octets.contains(bag(1)) || octets.contains(bag(2)) else {
            return octets.contains(encrypted) || octets.contains(bag(3)) ? .noPFXKey : .notPFX
        }
        return octets.contains(encrypted) || octets.contains(bag(3)) ? nil : .noPFXCertificate
    }

    /// Object identifiers of RFC 7292 §4.2: 1 keyBag, 2 pkcs8ShroudedKeyBag, 3 certBag.
    private static func bag(_ kind: UInt8) -> [UInt8] {
        [0x06, 0x0B, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x0C, 0x0A, 0x01, kind]
    }

    /// encryptedData of PKCS#7, 1.2.840.113549.1.7.6.
    private static let encrypted: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x06]

    private static func ordered(_ certificates: [NIOSSLCertificate]) -> [NIOSSLCertificate] {
        var chain = Array(certificates.prefix(1))
        var rest = certificates.dropFirst()
        while let last = chain.last, !last.isSelfIssued,
            let next = rest.firstIndex(where: { $0.subjectName == last.issuerName })
        {
            chain.append(rest.remove(at: next))
        }
        return chain
    }
}

extension NIOSSLCertificate {
    /// A root, or a certificate that somebody made for himself.
    var isSelfIssued: Bool { subjectName == issuerName }
}

// Why a certificate cannot be served, in words that name the file and the way out.

import Glibc

/// Features. Never carries a password or a piece of a key.
package struct CertificateFault: Error, Hashable, Sendable, CustomStringConvertible {
    package let file: String
    package let problem: Problem

    init(_ file: String, _ problem: Problem) { (self.file, self.problem) = (file, problem) }

    package enum Problem: Error, Hashable, Sendable {
        case absent
        /// `because` is errno. The rights are not known when even the directory cannot be entered.
        case unreadable(because: Int32, rights: Rights?)
        case notAFile, empty, tooLarge
        /// No PEM certificate in the file at all, or one that is cut short or damaged.
        case noCertificate, damagedCertificate
        case noKey, encryptedKey, damagedKey
        /// The key is not that of the first certificate in `chain`.
        case otherKey(chain: String)
        /// The key is that of the certificate at this place, counted from 1.
        case certificateNotFirst(place: Int, chain: String)
        /// A kind of key or curve that the TLS library cannot show.
        case unsupportedKey
        case notPFX, wrongPassword, noPFXKey, noPFXCertificate
    }

    /// Who owns a file, who may read it, and who tried.
    package struct Rights: Hashable, Sendable {
        /// The nine permission bits and the three above.
        package let mode: UInt32
        package let owner: UInt32
        package let group: UInt32
        package let user: UInt32
    }

    package var description: String { "\(file): \(problem.sentence)" }

    /// What to do, as a sentence or a command.
    package var fix: String { problem.fix(file) }
}

extension CertificateFault.Problem {
    static func opening(_ failure: Int32, _ stamp: FileStamp) -> Self {
        if failure == ENOENT || failure == ENOTDIR { return .absent }
        guard stamp.failure == 0 else { return .unreadable(because: failure, rights: nil) }
        return .unreadable(
            because: failure,
            rights: .init(mode: stamp.mode & 0o7777, owner: stamp.owner, group: stamp.group, user: geteuid()))
    }

    fileprivate var sentence: String {
        switch self {
        case .absent: "does not exist"
        case .unreadable(let failure, nil): "cannot be read: \(String(cString: strerror(failure)))"
        case .unreadable(let failure, let rights?):
            "cannot be read: \(String(cString: strerror(failure))); its mode is 0\(String(rights.mode, radix: 8)), its owner "
                + "\(rights.owner):\(rights.group), and this process runs as user \(rights.user)"
        case .notAFile: "is not a file"
        case .empty: "is empty"
        case .tooLarge: "is larger than \(CertificateFile.sizeLimit >> 10) KiB: this is no certificate"
        case .noCertificate: "holds no certificate in PEM"
        case .damagedCertificate: "holds a certificate that is cut short or damaged"
        case .noKey: "holds no private key in PEM"
        case .encryptedKey: "holds a private key that is protected by a pass phrase"
        case .damagedKey: "holds a private key that is cut short, damaged, or of a kind that TLS here does not know"
        case .otherKey(let chain): "is not the key of the certificate in \(chain)"
        case .certificateNotFirst(let place, let chain): "is the key of certificate \(place) in \(chain), not of the first"
        case .unsupportedKey: "holds a certificate with a kind of key that TLS here does not know"
        case .notPFX: "is not a PFX file (PKCS#12), or a damaged one"
        case .wrongPassword: "does not open with the password that was given"
        case .noPFXKey: "is a PFX file without a private key"
        case .noPFXCertificate: "is a PFX file without a certificate"
        }
    }

    fileprivate func fix(_ file: String) -> String {
        switch self {
        case .absent: "put the file there, or correct its path in the settings"
        case .unreadable(_, nil): "let the server's user enter every directory above it"
        case .unreadable(_, .some): "let the server's user read it: chgrp its group to the file and chmod 0640 \(file)"
        case .notAFile: "name a file, not a directory or a device"
        case .empty: "wait for the program that writes it, or write it again"
        case .tooLarge, .noCertificate:
            "name the PEM file with the full chain; from DER: openssl x509 -inform der -in \(file) -out chain.pem"
        case .damagedCertificate: "write it again from where it came"
        case .damagedKey: "write it again from where it came; a new one should be for ECDSA P-256 or RSA 2048"
        case .noKey: "name the PEM file with the private key"
        case .encryptedKey: "remove the pass phrase (openssl pkey -in \(file) -out key.pem), or use a PFX file with its password"
        case .otherKey: "give the pair that was issued together; during a renewal the old pair goes on until both are there"
        case .certificateNotFirst: "put the server's own certificate first, then each one's issuer"
        case .unsupportedKey: "order a certificate with a key for ECDSA P-256 or RSA 2048"
        case .notPFX: "export it again as PKCS#12 with key and certificates"
        case .wrongPassword: "give the password of this file; a file exported without one needs the empty password"
        case .noPFXKey: "export it again together with the private key"
        case .noPFXCertificate: "export it again together with the certificates"
        }
    }
}

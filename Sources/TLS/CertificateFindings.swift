// What a client or an administrator would object to in certificates that work: for `postern doctor` and the journal.

import NIOSSL

/// Something to mend before it hurts. Feature R-14.
package struct CertificateFinding: Hashable, Sendable, CustomStringConvertible {
    /// The file of the certificate; none when the finding is about all of them.
    package let file: String?
    package let kind: Kind

    package enum Kind: Hashable, Sendable {
        /// `certificate` is a common name, or a place in the chain. Whole days, rounded down.
        case expired(certificate: String, daysAgo: Int)
        case notYetValid(certificate: String, daysAhead: Int)
        case expiresSoon(certificate: String, days: Int)
        /// The chain ends below a root that clients know. Certain only when their roots were given for comparison.
        case chainIncomplete(issuer: String, isCertain: Bool)
        /// The certificate at this place, counted from 1, is not the issuer of the one before it.
        case chainOrder(place: Int)
        case selfSigned
        case nameNotCovered(String)
        case weakKey(certificate: String, bits: Int)
        case unusualKey
        case weakSignature(certificate: String, hash: String)
        case keyOpen(file: String)
    }

    /// An error means that clients refuse now; a warning, that some may, or that all will.
    package enum Severity: String, Sendable { case warning, error }

    package var severity: Severity {
        switch kind {
        case .expired, .notYetValid, .nameNotCovered, .chainIncomplete(_, isCertain: true): .error
        case .expiresSoon, .chainIncomplete, .chainOrder, .selfSigned, .weakKey, .unusualKey, .weakSignature, .keyOpen: .warning
        }
    }

    package var description: String { file.map { "\($0): \(sentence)" } ?? sentence }

    private var sentence: String {
        switch kind {
        case .expired(let certificate, let days): "the certificate \(certificate) expired \(days) days ago"
        case .notYetValid(let certificate, let days): "the certificate \(certificate) will be valid in \(days) days, not yet"
        case .expiresSoon(let certificate, let days): "the certificate \(certificate) expires in \(days) days"
        case .chainIncomplete(let issuer, true): "the chain ends below \(issuer), which clients do not know"
        case .chainIncomplete(let issuer, false): "the certificate of its issuer, \(issuer), is not in the chain"
        case .chainOrder(let place): "certificate \(place) in the chain is not the issuer of the one before it"
        case .selfSigned: "the certificate is signed by itself: clients cannot tell it from a forged one"
        case .nameNotCovered(let name): "no certificate covers the name \(name)"
        case .weakKey(let certificate, let bits): "the RSA key of \(certificate) has only \(bits) bits"
        case .unusualKey: "the key is neither RSA nor ECDSA: many clients do not know its kind"
        case .weakSignature(let certificate, let hash): "the certificate \(certificate) is signed with \(hash)"
        case .keyOpen(let file): "everybody on this machine can read the private key in \(file)"
        }
    }

    package var fix: String {
        switch kind {
        case .expired, .expiresSoon: "renew it; a new file at the same path is taken up by itself"
        case .notYetValid: "check this machine's clock, else wait or go back to the certificate before it"
        case .chainIncomplete: "use the authority's full chain (often fullchain.pem): the certificate, then its issuers"
        case .chainOrder: "write the server's own certificate first, then each one's issuer"
        case .selfSigned: "get a certificate from an authority that clients trust"
        case .nameNotCovered(let name): "order a certificate that has \(name) among its DNS names"
        case .weakKey, .unusualKey: "order a certificate with a key for ECDSA P-256 or RSA 2048"
        case .weakSignature: "order a new certificate: authorities sign with SHA-256 today"
        case .keyOpen(let file): "chmod o-rwx \(file), and make a new key if strangers have accounts here"
        }
    }
}

/// Examines certificates. Knows no clock and no files.
package struct CertificateFindings: Sendable {
    /// Seconds since 1970.
    let now: Int
    /// Roots that clients trust, when they are known here: `TrustAnchors.certificates()`.
    let roots: [NIOSSLCertificate]?

    private static let day = 86_400
    /// A renewal that should have happened by itself is late now: authorities renew 30 days before the end.
    private static let noticeDays = 21
    private static let smallestRSA = 2_048

    package init(now: Int, roots: [NIOSSLCertificate]? = nil) { (self.now, self.roots) = (now, roots) }

    /// - Parameter names: the host names that clients are told to connect to.
    package func all(in served: [ServedCertificate], names: [String]) -> [CertificateFinding] {
        let kinds = served.flatMap { certificate in
            findings(in: certificate).map { CertificateFinding(file: certificate.source.file, kind: $0) }
        }
        let uncovered = names.filter { name in
            !served.contains { $0.names.contains { ServerIdentity.matches(ServerTLS.folded(name), $0.utf8) } }
        }
        return kinds + uncovered.map { CertificateFinding(file: nil, kind: .nameNotCovered($0)) }
    }

    private func findings(in served: ServedCertificate) -> [CertificateFinding.Kind] {
        var found = order(of: served.chain)
        for (place, certificate) in served.chain.enumerated() {
            let name = certificate.title ?? "\(place + 1)"
            found += validity(of: certificate, name)
            found += algorithms(of: certificate, name, isOwn: place == 0)
        }
        if served.isKeyOpen { found.append(.keyOpen(file: served.source.keyFile)) }
        return found
    }

    private func order(of chain: [NIOSSLCertificate]) -> [CertificateFinding.Kind] {
        for place in chain.indices.dropFirst() where chain[place].subjectName != chain[place - 1].issuerName {
            return [.chainOrder(place: place + 1)]
        }
        guard let last = chain.last else { return [] }
        if last.isSelfIssued { return chain.count == 1 ? [.selfSigned] : [] }
        let issuer = last.issuerTitle ?? "an authority without a name"
        guard let roots else { return chain.count == 1 ? [.chainIncomplete(issuer: issuer, isCertain: false)] : [] }
        let isKnown = roots.contains { $0.subjectName == last.issuerName }
        return isKnown ? [] : [.chainIncomplete(issuer: issuer, isCertain: true)]
    }

    /// RFC 5280 §4.1.2.5: both ends belong to the time of validity.
    private func validity(of certificate: NIOSSLCertificate, _ name: String) -> [CertificateFinding.Kind] {
        let (first, last) = (Int(certificate.notValidBefore), Int(certificate.notValidAfter))
        if now < first { return [.notYetValid(certificate: name, daysAhead: (first - now) / Self.day)] }
        if now > last { return [.expired(certificate: name, daysAgo: (now - last) / Self.day)] }
        let isNear = last - now <= Self.noticeDays * Self.day
        return isNear ? [.expiresSoon(certificate: name, days: (last - now) / Self.day)] : []
    }

    private func algorithms(
        of certificate: NIOSSLCertificate, _ name: String, isOwn: Bool
    ) -> [CertificateFinding.Kind] {
        guard let octets = try? certificate.toDERBytes() else { return [] }
        let algorithms = CertificateAlgorithms(octets)
        var found: [CertificateFinding.Kind] = []
        switch algorithms.key {
        case .rsa(let bits) where bits < Self.smallestRSA: found.append(.weakKey(certificate: name, bits: bits))
        case .other where isOwn: found.append(.unusualKey)
        default: break
        }
        // Nobody checks a root's own signature: it is trusted by itself.
        if let hash = algorithms.signatureHash, hash == .md5 || hash == .sha1, !certificate.isSelfIssued || isOwn {
            found.append(.weakSignature(certificate: name, hash: hash.rawValue))
        }
        return found
    }
}

extension NIOSSLCertificate {
    fileprivate var title: String? { NIOSSLCertificate.title(subjectName) }
    fileprivate var issuerTitle: String? { NIOSSLCertificate.title(issuerName) }

    private static func title(_ name: [SSLCertificateName]) -> String? {
        (name.last { $0.type == .commonName } ?? name.last { $0.type == .organization })?.value
    }
}

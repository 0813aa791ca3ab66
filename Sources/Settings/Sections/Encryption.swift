// [tls], [[certificate]] and [auth]: how strangers are shown who we are, and how they show who they are.

extension Settings {
    /// Where a certificate and its key lie.
    package struct Certificate: Sendable, Hashable {
        package enum Files: Sendable, Hashable {
            case pem(chain: String, key: String)
            /// PKCS#12.
            case pfx(path: String, passwordFile: String?)
        }

        package let files: Files
        /// Where it stands in the settings, for findings.
        package let path: String

        /// Every file of it.
        package var paths: [String] {
            switch files {
            case .pem(let chain, let key): [chain, key]
            case .pfx(let path, let passwordFile): [path] + (passwordFile.map { [$0] } ?? [])
            }
        }
    }

    package struct TLS: Sendable, Equatable {
        /// The first is shown to whom no other one fits. Empty: none.
        package let certificates: [Certificate]

        package var hasCertificate: Bool { !certificates.isEmpty }

        init(_ reading: Reading) {
            let table = reading.section(
                "tls", "The certificate that clients are shown. Files that change are read again by themselves.",
                rooms: [.listener], reload: false)
            let first = TLS.certificate(table)
            let (template, tables) = reading.elements(
                "certificate", "More certificates, chosen by the name that a client asks for (SNI).", rooms: [.listener],
                reload: false)
            _ = TLS.certificate(template)
            reading.adopt(template)
            certificates = ([first] + tables.map { TLS.certificate($0) }).compactMap { $0 }
            if first == nil, let table = tables.first { table.report("certificate", "needs one in [tls], for all other names") }
        }

        private static func certificate(_ table: Section) -> Certificate? {
            let chain = table.optional(
                "certificate", .path, example: "/etc/postern/tls/fullchain.pem",
                "A PEM file with the certificate of this server and those between it and its authority.")
            let key = table.optional(
                "key", .path, example: "/etc/postern/tls/key.pem", "A PEM file with the certificate's private key.")
            let pfx = table.optional(
                "pfx", .path, example: "/etc/postern/tls/mail.pfx",
                "A PKCS#12 file with certificate and key, in place of the two PEM files.")
            let password = table.optional(
                "pfx_password_file", .path, example: "/etc/postern/secrets/pfx",
                "A file with the password of the PKCS#12 file in its first line.")
            if chain != nil, key == nil { table.report("certificate", "needs \(table.path).key") }
            if key != nil, chain == nil { table.report("key", "needs \(table.path).certificate") }
            if password != nil, pfx == nil { table.report("pfx_password_file", "needs \(table.path).pfx") }
            if pfx != nil, chain != nil {
                table.report("pfx", "is used, and \(table.path).certificate is not: name only one of them", isWarning: true)
            }
            if let pfx { return Certificate(files: .pfx(path: pfx, passwordFile: password), path: table.path) }
            guard let chain, let key else { return nil }
            return Certificate(files: .pem(chain: chain, key: key), path: table.path)
        }
    }

    package struct Auth: Sendable, Equatable {
        /// Passwords may cross the network in the clear (D8).
        package let plaintextWithoutTLS: Bool
        /// Of SCRAM, for passwords that are set from now on.
        package let scramIterations: Int
        /// NTLM of version 1 is taken too.
        package let ntlmVersion1: Bool

        init(_ reading: Reading) {
            let table = reading.section("auth", "How clients log in.", rooms: [.listener, .router])
            plaintextWithoutTLS = table.value(
                "plaintext_without_tls", .truth, default: false,
                "Whether a client may send its password without TLS: PLAIN, LOGIN and POP3's USER. "
                    + "From this machine itself it always may.")
            scramIterations = table.value(
                "scram_iterations", .number(4_096...600_000), default: 4_096, reload: false, rooms: [.store],
                "Rounds of hashing in SCRAM verifiers of passwords that are set from now on.")
            ntlmVersion1 = table.value(
                "ntlm_v1", .truth, default: false, reload: false, rooms: [.store],
                "Whether NTLM may be the old version 1, for clients that know no other, such as Exim's spa. Whoever "
                    + "hears such a login finds the password out within hours: only under TLS or in a closed network.")
        }
    }
}

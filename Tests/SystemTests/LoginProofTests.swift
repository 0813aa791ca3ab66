// Logins that prove more, or less, than a password: SCRAM bound to the TLS channel, and NTLM as Exim speaks it.

import Foundation
import Testing

@Suite struct LoginProofTests {
    /// RFC 5802 §5 and §6, RFC 5929 §4: a client that shows the server's certificate is let in; one that saw another
    /// certificate, and one that was told that there is no binding, are not.
    @Test func boundToTheChannel() throws {
        let house = try House(House.Options(tls: true))
        defer { house.stop() }
        let result = try House.command(
            "/usr/bin/python3",
            [
                "-c", Self.boundLogins, "\(house.submissionPort)", "\(house.submissionsPort)",
                "\(house.folder)/etc/chain.pem", House.password,
            ])
        #expect(result.status == 0, "\(result.output)\(result.error)")
    }

    private static let boundLogins = """
        import base64, hashlib, hmac, os, smtplib, ssl, sys
        starttls, implicit, chain, password = sys.argv[1:]
        context = ssl.create_default_context(cafile=chain)
        context.check_hostname = False

        def connect(port):
            if port == implicit:
                return smtplib.SMTP_SSL("127.0.0.1", int(port), context=context)
            session = smtplib.SMTP("127.0.0.1", int(port))
            session.starttls(context=context)
            return session

        def login(port, mechanism, flag, binding, password):
            with connect(port) as session:
                session.ehlo()
                assert mechanism in session.esmtp_features["auth"].split(), session.esmtp_features
                own = base64.b64encode(os.urandom(18)).decode()
                first = "n=alice@example.test,r=" + own
                word = base64.b64encode((flag + ",," + first).encode()).decode()
                code, reply = session.docmd("AUTH", mechanism + " " + word)
                if code != 334:
                    return code
                challenge = base64.b64decode(reply).decode()
                facts = dict(part.split("=", 1) for part in challenge.split(","))
                assert facts["r"].startswith(own)
                salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(facts["s"]), int(facts["i"]))
                key = hmac.digest(salted, b"Client Key", "sha256")
                bound = base64.b64encode((flag + ",,").encode() + binding(session.sock)).decode()
                final = "c=" + bound + ",r=" + facts["r"]
                all = (first + "," + challenge + "," + final).encode()
                signature = hmac.digest(hashlib.sha256(key).digest(), all, "sha256")
                proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
                code, reply = session.docmd(base64.b64encode((final + ",p=" + proof).encode()).decode())
                if code != 334:
                    return code
                theirs = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), all, "sha256")
                assert base64.b64decode(reply) == b"v=" + base64.b64encode(theirs), "the server did not prove itself"
                return session.docmd("")[0]

        bound = "SCRAM-SHA-256-PLUS"
        point = "p=tls-server-end-point"
        right = lambda socket: hashlib.sha256(socket.getpeercert(binary_form=True)).digest()
        none = lambda socket: b""
        for case, wanted in [
            ((starttls, bound, point, right, password), 235),
            ((implicit, bound, point, right, password), 235),
            ((implicit, bound, point, lambda socket: bytes(32), password), 535),
            ((starttls, bound, point, right, "wrong"), 535),
            ((starttls, bound, "p=tls-unique", right, password), 535),
            ((starttls, bound, "n", none, password), 535),
            ((starttls, "SCRAM-SHA-256", "y", none, password), 535),
            ((starttls, "SCRAM-SHA-256", "n", none, password), 235),
        ]:
            code = login(*case)
            assert code == wanted, (case, code)
        """

    /// P-16, D8: Exim's `spa` knows version 1 of NTLM only. Taken where the settings say so, and nowhere else.
    @Test(
        .enabled(
            if: geteuid() == 0 && FileManager.default.isExecutableFile(atPath: ".build/peers/usr/sbin/exim4"),
            "Exim reads only settings that belong to root"), arguments: [true, false])
    func eximByNTLM(isAllowed: Bool) throws {
        let house = try House(
            House.Options(extra: isAllowed ? "[auth]\nntlm_v1 = true\n" : "", legacy: ["CRAM-MD5", "NTLM"], tls: true))
        defer { house.stop() }
        for (driver, mechanism, isTaken) in [("spa", "NTLM", isAllowed), ("cram_md5", "CRAM-MD5", true)] {
            for password in [House.password, "wrong"] {
                let result = try exim(house, driver, mechanism, password)
                let isDelivered = result.contains("Completed")
                #expect(isDelivered == (isTaken && password == House.password), "\(mechanism) \(password): \(result)")
                if !isDelivered { #expect(result.contains("535 5.7.8"), "\(mechanism): \(result)") }
            }
        }
        #expect(try house.mailbox("bob").count == (isAllowed ? 2 : 1))
    }

    /// Has Exim deliver one message to bob through the house. Its log.
    private func exim(_ house: House, _ driver: String, _ mechanism: String, _ password: String) throws -> String {
        let folder = "\(house.folder)/exim-\(driver)-\(password.count)"
        try FileManager.default.createDirectory(atPath: folder + "/spool", withIntermediateDirectories: true)
        let secret =
            driver == "spa"
            ? "client_username = alice@example.test\n client_password = \(password)"
            : "client_name = alice@example.test\n client_secret = \(password)"
        try """
        primary_hostname = client.example.test
        spool_directory = \(folder)/spool
        log_file_path = \(folder)/%slog
        exim_path = \(FileManager.default.currentDirectoryPath)/.build/peers/usr/sbin/exim4
        keep_environment = LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
        begin routers
        all:
         driver = manualroute
         route_list = * 127.0.0.1 byname
         self = send
         transport = out
        begin transports
        out:
         driver = smtp
         port = \(house.submissionPort)
         hosts_require_auth = *
         hosts_require_tls = *
         tls_verify_certificates = \(house.folder)/etc/chain.pem
         tls_verify_cert_hostnames =
        begin retry
        * * F,1h,1h
        begin authenticators
        only:
         driver = \(driver)
         public_name = \(mechanism)
         \(secret)

        """.write(toFile: folder + "/conf", atomically: true, encoding: .utf8)
        // Its user is one that this machine does not have.
        let user = "Debian-exim:x:65533:"
        try "\(user)65533::/:/bin/false\nroot:x:0:0::/:/bin/false\n".write(
            toFile: folder + "/passwd", atomically: true, encoding: .utf8)
        try "\(user)\nroot:x:0:\n".write(toFile: folder + "/group", atomically: true, encoding: .utf8)
        try House.expectSuccess(House.command("/usr/bin/chown", ["-R", "65533:65533", folder, folder + "/spool"]))
        try House.expectSuccess(House.command("/usr/bin/chown", ["root:root", folder + "/conf"]))
        _ = try House.command(
            "/usr/bin/env",
            [
                "LD_PRELOAD=libnss_wrapper.so", "NSS_WRAPPER_PASSWD=\(folder)/passwd", "NSS_WRAPPER_GROUP=\(folder)/group",
                ".build/peers/usr/sbin/exim4", "-C", folder + "/conf", "-odf", "-f", "alice@example.test",
                "bob@example.test",
            ], input: "Subject: \(mechanism)\n\nx\n")
        return (try? String(contentsOfFile: folder + "/mainlog", encoding: .utf8)) ?? "no log"
    }
}

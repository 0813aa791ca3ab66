// AUTH towards a smart host (RFC 4954): PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195).
import Mail

extension SMTPClientSession {
    /// Offered, allowed, possible, in our order of preference.
    func usableMechanisms() -> [SMTPClientCredentials.Mechanism] {
        guard let credentials = configuration.credentials else { return [] }
        return credentials.mechanisms.filter { mechanism in
            capabilities.mechanisms.contains(mechanism.rawValue)
                && (mechanism != .cramMD5 || configuration.hmacMD5 != nil)
                && (!mechanism.revealsPassword || isSecured || credentials.allowsClearText)
        }
    }

    /// P-10: the next less preferred one in the same session.
    mutating func tryNextMechanism(after rejection: RemoteReply?) {
        guard let credentials = configuration.credentials, let mechanism = mechanisms?.first else {
            if let rejection {
                lose(.authRejected, reply: rejection, text: "The remote server rejected the login")
            } else {
                lose(.authUnavailable, text: "The remote server offers no login mechanism that may be used here")
            }
            return
        }
        mechanisms?.removeFirst()
        phase = .authenticating(mechanism, step: 0)
        switch mechanism {
        case .plain:
            // message = [authzid] UTF8NUL authcid UTF8NUL passwd
            let message = [0] + Array(credentials.user.utf8) + [0] + credentials.password.bytes
            secret(Array("AUTH PLAIN ".utf8) + Base64.encode(message))
        case .login, .cramMD5: say("AUTH \(mechanism.rawValue)\r\n")
        }
    }

    mutating func heardAuthentication(
        _ reply: RemoteReply, _ mechanism: SMTPClientCredentials.Mechanism, _ step: Int
    ) {
        guard let credentials = configuration.credentials else { return }
        if reply.code == 235 {
            phase = .idle
        } else if reply.code == 334 {
            phase = .authenticating(mechanism, step: step + 1)
            switch (mechanism, step) {
            case (.login, 0): secret(Base64.encode(Array(credentials.user.utf8)))
            case (.login, 1): secret(Base64.encode(credentials.password.bytes))
            case (.cramMD5, 0): answerChallenge(reply.text, credentials)
            // RFC 4954 §4: `*` cancels what we cannot answer.
            case (_, ...4): say("*\r\n")
            default: lose(.malformedReply, reply: reply, text: "The login does not end")
            }
        } else {
            tryNextMechanism(after: reply)
        }
    }

    // RFC 2195 §2: user SP hexadecimal of HMAC-MD5(password, challenge)
    private mutating func answerChallenge(_ text: String, _ credentials: SMTPClientCredentials) {
        guard let challenge = Base64.decode(Array(text.utf8)), let hmac = configuration.hmacMD5 else {
            return say("*\r\n")
        }
        var answer = Array(credentials.user.utf8) + [0x20]
        for octet in hmac(credentials.password.bytes, challenge) {
            for digit in [octet >> 4, octet & 15] { answer.append(digit < 10 ? 48 + digit : 87 + digit) }
        }
        secret(Base64.encode(answer))
    }

    private mutating func secret(_ bytes: [UInt8]) { outbox.append(.sendSecret(SecretLine(bytes: bytes + [13, 10]))) }
}

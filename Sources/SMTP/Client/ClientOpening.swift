// From the greeting to `ready`: EHLO or HELO, STARTTLS, AUTH (P-07: in this order, EHLO again behind TLS).

extension SMTPClientSession {
    mutating func heard(_ reply: RemoteReply) {
        // RFC 5321 §3.8: 421 may come at any time and ends the session.
        if reply.code == 421, phase != .quitting {
            lose(phase == .greeting ? .remoteRefusedGreeting : .remoteClosing, reply: reply)
            return
        }
        switch phase {
        case .greeting: heardGreeting(reply)
        case .hello: heardHello(reply)
        case .plainHello: heardPlainHello(reply)
        case .startTLS: heardStartTLS(reply)
        case .authenticating(let mechanism, let step): heardAuthentication(reply, mechanism, step)
        case .envelope: heardEnvelope(reply)
        case .content: heardEarly(reply)
        case .endOfContent: heardReceipt(reply)
        case .endOfNothing: finish()
        case .idle: lose(.remoteClosing, reply: reply)
        case .quitting: close()
        case .upgrading, .closed: break
        }
    }

    private mutating func heardGreeting(_ reply: RemoteReply) {
        guard (200..<300).contains(reply.code) else {
            // Permanent or not, another host of the destination may be kinder: never a reason to bounce.
            lose(.remoteRefusedGreeting, reply: reply)
            return
        }
        sayHello()
    }

    mutating func sayHello() {
        phase = .hello
        capabilities = SMTPCapabilities()
        say("EHLO \(configuration.helloName)\r\n")
    }

    private mutating func heardHello(_ reply: RemoteReply) {
        if (200..<300).contains(reply.code) {
            capabilities = SMTPCapabilities(ehlo: reply.text)
            proceed()
        } else if reply.code >= 500 {
            // RFC 5321 §3.2: a server that knows no EHLO is greeted with HELO.
            phase = .plainHello
            say("HELO \(configuration.helloName)\r\n")
        } else {
            lose(.remoteRejectedHelo, reply: reply, text: heloText)
        }
    }

    private mutating func heardPlainHello(_ reply: RemoteReply) {
        guard (200..<300).contains(reply.code) else {
            lose(.remoteRejectedHelo, reply: reply, text: heloText, isPermanent: reply.code >= 500)
            return
        }
        // P-08: TLS and AUTH exist only behind EHLO.
        if configuration.tls == .required && !isSecured || configuration.credentials != nil {
            lose(.noEHLO, text: "The remote server knows no EHLO, but TLS or a login is demanded")
        } else {
            phase = .idle
        }
    }

    /// T-20: the manual's number stays findable.
    private var heloText: String {
        "(30012) Destination SMTP server replied invalid to HELO command; it was sent \(configuration.helloName)"
    }

    /// What comes next after the capabilities are known.
    private mutating func proceed() {
        if !isSecured, configuration.tls != .never, !goesWithoutTLS {
            if capabilities.startTLS {
                phase = .startTLS
                return say("STARTTLS\r\n")
            }
            if configuration.tls == .required {
                return lose(.tlsRequired, text: "TLS is demanded, but the remote server does not offer it")
            }
        }
        if configuration.credentials != nil {
            mechanisms = usableMechanisms()
            tryNextMechanism(after: nil)
        } else {
            phase = .idle
        }
    }

    private mutating func heardStartTLS(_ reply: RemoteReply) {
        if reply.code == 220 {
            phase = .upgrading
            outbox.append(.startTLS)
        } else if configuration.tls == .required {
            lose(.tlsRequired, reply: reply, text: "TLS is demanded, but the remote server refused to begin it")
        } else {
            goesWithoutTLS = true
            proceed()
        }
    }

    mutating func say(_ line: String) { outbox.append(.send(Array(line.utf8))) }
}

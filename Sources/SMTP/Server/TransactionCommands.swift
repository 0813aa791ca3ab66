// MAIL, RCPT, DATA: each is checked here, then asked, and proceeds when the answer comes (`Answers.swift`).
import Mail

extension SMTPServerSession {
    // mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
    mutating func mail(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> SMTPServerAction? {
        let limits = configuration.limits
        guard hello != nil || limits.leniency.contains(.mailWithoutHello) else { return fail(.helloFirst) }
        guard transaction == nil else { return fail(.mailNested) }
        guard var at = path(bytes, argument, end, behind: "FROM:") else { return fail(.mailSyntax) }
        let sender: SenderPath
        do throws(PathFault) {
            sender = try PathGrammar.reversePath(bytes, &at, end, limits.leniency)
        } catch {
            return fail(error == .notASCII ? .senderNotASCII : .senderAddressSyntax)
        }
        let parameters: MailParameters
        do throws(ParameterFault) {
            parameters = try ParameterGrammar.mail(bytes, &at, end, limits.leniency)
        } catch {
            return fail(reply(to: error))
        }
        // RFC 1870 §6.1: refused before a byte of it is sent. Not a mistake of the client's.
        if let size = parameters.size, size > limits.messageSize {
            pending.append(.reply(.standard(.messageTooLarge)))
            countRefusal()
            return nil
        }
        transaction = Transaction()
        pending.append(.sender)
        return .ask(.sender(sender, parameters))
    }

    // rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
    mutating func recipient(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> SMTPServerAction? {
        let limits = configuration.limits
        guard transaction != nil else { return fail(.mailFirst) }
        guard var at = path(bytes, argument, end, behind: "TO:") else { return fail(.recipientSyntax) }
        let address: EmailAddress
        do throws(PathFault) {
            address = try PathGrammar.forwardPath(
                bytes, &at, end, limits.leniency, postmasterDomain: configuration.postmasterDomain)
        } catch {
            return fail(error == .notASCII ? .recipientNotASCII : .recipientAddressSyntax)
        }
        let parameters: RcptParameters
        do throws(ParameterFault) {
            parameters = try ParameterGrammar.recipient(bytes, &at, end, limits.leniency)
        } catch {
            return fail(reply(to: error))
        }
        // RFC 5321 §4.5.3.1.10: 452, and what was accepted stays accepted.
        guard transaction!.asked < limits.recipients else {
            transaction!.surplus += 1
            if transaction!.surplus > limits.surplusRecipients {
                self.end(saying: .standard(.tooManyErrors))
                return nil
            }
            pending.append(.reply(.standard(.tooManyRecipients)))
            return nil
        }
        transaction!.asked += 1
        pending.append(.recipient)
        return .ask(.recipient(address, parameters))
    }

    // data = "DATA" CRLF
    // Every answer of the transaction is here (`perform` has waited), so 354 needs no further question.
    mutating func data(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> SMTPServerAction? {
        guard hasNoArgument(bytes, argument, end) else { return fail(.argumentsNotAllowed) }
        guard let transaction else { return fail(.mailFirst) }
        guard transaction.asked > 0 else { return fail(.recipientFirst) }
        guard transaction.accepted > 0 else {
            // RFC 5321 §3.3; no mistake of a client that pipelines (RFC 2920 §3.1).
            pending.append(.reply(.standard(.noValidRecipients)))
            countRefusal()
            return nil
        }
        pending.append(.reply(.standard(.startContent)))
        pending.append(.openContent)
        phase = .content(ContentScanner(), octets: 0)
        return nil
    }

    /// Where the path begins; nil when the keyword is missing.
    private func path(
        _ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int, behind keyword: StaticString
    ) -> Int? {
        var at = argument
        for index in 0..<keyword.utf8CodeUnitCount {
            guard at < end, Verb.upper(bytes[at]) == keyword.utf8Start[index] else { return nil }
            at += 1
        }
        if configuration.limits.leniency.contains(.spaceAfterColon) {
            while at < end, bytes[at] == 0x20 { at += 1 }
        }
        return at
    }

    private func reply(to fault: ParameterFault) -> StandardReply {
        switch fault {
        case .unknown: .parameterUnknown
        case .syntax: .parameterSyntax
        case .twice: .parameterTwice
        }
    }
}

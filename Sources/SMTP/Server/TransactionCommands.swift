// MAIL, RCPT, DATA: each is checked here, then asked, and proceeds when the answer comes (`Answers.swift`).
import Mail

extension SMTPServerSession {
    // mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
    mutating func mail(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> SMTPServerAction? {
        let limits = configuration.limits
        guard hello != nil || limits.leniency.contains(.mailWithoutHello) else { return fail(.helloFirst) }
        guard transaction == nil else { return fail(.mailNested) }
        // RFC 9422 MAILMAX counts every transaction; 421 by RFC 5321 §3.8, since no later MAIL of this session could be
        // taken either.
        if let most = limits.transactions, transactionsBegun >= most {
            self.end(saying: .standard(.tooManyTransactions))
            return nil
        }
        guard var at = path(bytes, argument, end, behind: "FROM:") else { return fail(.mailSyntax) }
        let sender: SenderPath
        do throws(PathFault) {
            sender = try PathGrammar.reversePath(bytes, &at, end, limits.leniency, allowsUTF8: allowsUTF8)
        } catch {
            return fail(error == .notASCII ? .senderNotASCII : .senderAddressSyntax)
        }
        let pathEnd = at
        let parameters: MailParameters
        do throws(ParameterFault) {
            parameters = try parameterGrammar.mail(bytes, &at, end)
        } catch {
            return fail(reply(to: error))
        }
        guard parameters.isInternationalized || isASCII(bytes, argument, pathEnd) else { return fail(.senderNotASCII) }
        // RFC 1870 §6.1: refused before a byte of it is sent. Not a mistake of the client's.
        if let size = parameters.size, size > limits.messageSize {
            pending.append(.reply(.standard(.messageTooLarge)))
            countRefusal()
            return nil
        }
        transaction = Transaction(
            isBinary: parameters.body == .binaryMIME, isInternationalized: parameters.isInternationalized)
        transactionsBegun += 1
        chunkRefusal = nil
        pending.append(.sender)
        return .ask(.sender(sender, parameters))
    }

    // rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
    mutating func recipient(_ bytes: borrowing Span<UInt8>, _ argument: Int, _ end: Int) -> SMTPServerAction? {
        let limits = configuration.limits
        guard transaction != nil else { return fail(.mailFirst) }
        guard !transaction!.isChunked else { return fail(.chunkExpected) }
        guard var at = path(bytes, argument, end, behind: "TO:") else { return fail(.recipientSyntax) }
        let address: EmailAddress
        do throws(PathFault) {
            address = try PathGrammar.forwardPath(
                bytes, &at, end, limits.leniency, postmasterDomain: configuration.postmasterDomain,
                allowsUTF8: transaction!.isInternationalized)
        } catch {
            return fail(error == .notASCII ? .recipientNotASCII : .recipientAddressSyntax)
        }
        let parameters: RcptParameters
        do throws(ParameterFault) {
            parameters = try parameterGrammar.recipient(bytes, &at, end)
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
        if let refusal = refusalOfContent() { return fail(refusal) }
        guard !transaction!.isChunked else { return fail(.chunkExpected) }
        // RFC 3030 §3: only BDAT can carry what BODY=BINARYMIME has declared.
        guard !transaction!.isBinary else { return fail(.binaryNeedsChunks) }
        guard transaction!.accepted > 0 else {
            // RFC 5321 §3.3; no mistake of a client that pipelines (RFC 2920 §3.1).
            pending.append(.reply(.standard(noValidRecipients)))
            countRefusal()
            return nil
        }
        finalReplies = configuration.dialect == .lmtp ? transaction!.accepted : 1
        pending.append(.reply(.standard(.startContent)))
        pending.append(.openContent)
        phase = .content(ContentScanner(), octets: 0)
        return nil
    }

    /// Why no content may begin; nil when a transaction has recipients, accepted or not.
    func refusalOfContent() -> StandardReply? {
        guard let transaction else { return .mailFirst }
        return transaction.asked > 0 ? nil : .recipientFirst
    }

    /// RFC 2033 §4.2 wants 503 where RFC 5321 §3.3 has 554.
    var noValidRecipients: StandardReply {
        configuration.dialect == .lmtp ? .noValidRecipientsLMTP : .noValidRecipients
    }

    private var allowsUTF8: Bool { configuration.extensions.contains(.internationalized) }

    private var parameterGrammar: ParameterGrammar {
        ParameterGrammar(
            leniency: configuration.limits.leniency, extensions: configuration.extensions,
            allowsSubmitter: configuration.offersAuthentication)
    }

    /// RFC 6531 §3.5: only with SMTPUTF8 may a path hold more than ASCII. Looked at only where it could.
    private func isASCII(_ bytes: borrowing Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard allowsUTF8 else { return true }
        for index in start..<end where bytes[index] >= 0x80 { return false }
        return true
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

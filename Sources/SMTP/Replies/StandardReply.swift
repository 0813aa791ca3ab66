// Every reply that the server says by itself, in one table: code, enhanced status code, text, already as wire bytes.
// A reply that another room decides comes as `Reply` and is rendered by `ReplyWriter`.

/// A reply with a fixed text. The texts say what to do, never what the server knows.
package enum StandardReply: UInt8, CaseIterable, Sendable {
    case ok, senderOk, recipientOk, startContent, startTLS, goodbye, cannotVerify, authenticated
    case unknownCommand, notImplemented, lineTooLong, controlCharacter, bareLineFeed, bareLineEndInContent
    case nulInContent, argumentsNotAllowed, argumentsMissing, helloSyntax, mailSyntax, recipientSyntax
    case senderAddressSyntax, recipientAddressSyntax, senderNotASCII, recipientNotASCII
    case parameterUnknown, parameterSyntax, parameterTwice, messageTooLarge
    case helloFirst, mailFirst, mailNested, recipientFirst, noValidRecipients, tooManyRecipients
    case startTLSFirst, startTLSPipelined, alreadySecured, authenticationMechanism, authenticationMechanismSecured
    case authenticationSyntax, authenticationEncoding, authenticationLineTooLong, authenticationCancelled
    case authenticationInTransaction, alreadyAuthenticated, chunkSyntax, chunkExpected, binaryNeedsChunks
    case noValidRecipientsLMTP, useLHLO, clientFactsSyntax, clientFactsForbidden, inTransaction
    case sessionRefused, tooManyErrors, tooManyCommands, tooManyTransactions, timedOut, shuttingDown, localTrouble

    /// The whole line with its CRLF.
    package var wire: StaticString {
        switch self {
        // Codes 2yz and 3yz; RFC 3463 §3.2 for the subject digits, RFC 2034 §3: 354 carries none.
        case .ok: "250 2.0.0 Ok\r\n"
        case .senderOk: "250 2.1.0 Ok\r\n"
        case .recipientOk: "250 2.1.5 Ok\r\n"
        case .startContent: "354 End data with <CR><LF>.<CR><LF>\r\n"
        case .goodbye: "221 2.0.0 Bye\r\n"
        case .startTLS: "220 2.0.0 Ready to start TLS\r\n"
        case .authenticated: "235 2.7.0 Authentication successful\r\n"
        // RFC 5321 §3.5.3: 252 where the server does not tell who has a mailbox.
        case .cannotVerify: "252 2.0.0 Cannot verify, but will take mail and try to deliver it\r\n"
        default: refusal
        }
    }

    private var refusal: StaticString {
        switch self {
        case .unknownCommand: "500 5.5.2 Command not recognised\r\n"
        case .notImplemented: "502 5.5.1 Command not implemented\r\n"
        case .lineTooLong: "500 5.5.2 Line too long\r\n"
        case .controlCharacter: "500 5.5.2 Control character in command\r\n"
        case .bareLineFeed: "521 5.5.2 Bare <LF> received, lines end with <CR><LF>\r\n"
        case .bareLineEndInContent: "521 5.5.2 Bare <CR> or <LF> in message, lines end with <CR><LF>\r\n"
        case .nulInContent: "550 5.6.0 Message contains a NUL octet\r\n"
        case .argumentsNotAllowed: "501 5.5.4 This command takes no argument\r\n"
        case .argumentsMissing: "501 5.5.4 This command needs an argument\r\n"
        case .helloSyntax: "501 5.5.4 Syntax: EHLO hostname\r\n"
        case .mailSyntax: "501 5.5.4 Syntax: MAIL FROM:<address>\r\n"
        case .recipientSyntax: "501 5.5.4 Syntax: RCPT TO:<address>\r\n"
        case .senderAddressSyntax: "501 5.1.7 Bad sender address syntax\r\n"
        case .recipientAddressSyntax: "501 5.1.3 Bad recipient address syntax\r\n"
        // RFC 6531 §3.5: an address with non-ASCII octets without SMTPUTF8.
        case .senderNotASCII, .recipientNotASCII: "553 5.6.7 Address has non-ASCII characters\r\n"
        case .parameterUnknown: "555 5.5.4 Parameter not recognised\r\n"
        case .parameterSyntax: "501 5.5.4 Bad parameter value\r\n"
        case .parameterTwice: "501 5.5.4 Parameter given twice\r\n"
        default: refusalOfExtension
        }
    }

    private var refusalOfExtension: StaticString {
        switch self {
        // RFC 3207 §4.
        case .startTLSFirst: "530 5.7.0 Must issue a STARTTLS command first\r\n"
        case .startTLSPipelined: "554 5.5.1 Nothing may follow STARTTLS before TLS, closing\r\n"
        case .alreadySecured: "503 5.5.1 TLS is already active\r\n"
        // RFC 4954 §4 and §6.
        case .authenticationMechanism: "504 5.5.4 Authentication mechanism not offered\r\n"
        case .authenticationMechanismSecured: "504 5.5.4 Encryption required for this authentication mechanism\r\n"
        case .authenticationSyntax: "501 5.5.4 Syntax: AUTH mechanism [initial-response]\r\n"
        case .authenticationEncoding: "501 5.5.2 Cannot decode this as base64\r\n"
        case .authenticationLineTooLong: "500 5.5.6 Authentication exchange line is too long\r\n"
        case .authenticationCancelled: "501 5.7.0 Authentication cancelled\r\n"
        case .authenticationInTransaction: "503 5.5.1 AUTH is not allowed inside a mail transaction\r\n"
        case .alreadyAuthenticated: "503 5.5.1 Already authenticated\r\n"
        // RFC 3030 §2 and §3.
        case .chunkSyntax: "501 5.5.4 Syntax: BDAT size [LAST], closing\r\n"
        case .chunkExpected: "503 5.5.1 Mail content has begun with BDAT\r\n"
        case .binaryNeedsChunks: "503 5.5.1 BODY=BINARYMIME needs BDAT\r\n"
        // RFC 2033 §4.1 and §4.2.
        case .noValidRecipientsLMTP: "503 5.5.1 No valid recipients\r\n"
        case .useLHLO: "500 5.5.1 This is LMTP, send LHLO\r\n"
        case .clientFactsSyntax: "501 5.5.4 Bad XCLIENT attribute\r\n"
        case .clientFactsForbidden: "550 5.7.0 Not authorised to use XCLIENT\r\n"
        case .inTransaction: "503 5.5.1 Mail transaction in progress\r\n"
        default: refusalByState
        }
    }

    private var refusalByState: StaticString {
        switch self {
        case .messageTooLarge: "552 5.3.4 Message too large\r\n"
        case .helloFirst: "503 5.5.1 Send EHLO or HELO first\r\n"
        case .mailFirst: "503 5.5.1 Need MAIL command first\r\n"
        case .mailNested: "503 5.5.1 Nested MAIL command\r\n"
        case .recipientFirst: "503 5.5.1 Need RCPT command first\r\n"
        case .noValidRecipients: "554 5.5.1 No valid recipients\r\n"
        case .tooManyRecipients: "452 4.5.3 Too many recipients\r\n"
        case .sessionRefused: "503 5.5.1 Session was refused, only QUIT is possible\r\n"
        case .tooManyErrors: "421 4.7.0 Too many errors, closing\r\n"
        case .tooManyCommands: "421 4.7.0 Too many commands without mail, closing\r\n"
        case .tooManyTransactions: "421 4.7.0 Too many messages in one session, closing\r\n"
        case .timedOut: "421 4.4.2 Timed out, closing\r\n"
        case .shuttingDown: "421 4.3.2 Shutting down, closing\r\n"
        default: "451 4.3.0 Local trouble, try again later\r\n"
        }
    }

    /// RFC 5321 §4.2: the first three digits.
    package var code: UInt16 {
        let digits = wire.utf8Start
        return UInt16(digits[0] - 48) * 100 + UInt16(digits[1] - 48) * 10 + UInt16(digits[2] - 48)
    }
}

// What a POP3 client is told in one line.

/// A status line of RFC 1939 §3, with a response code of RFC 2449 §8 or RFC 3206 where one applies.
package struct POP3Reply: Equatable, Sendable {
    package var isPositive: Bool
    package var code: Code?
    /// Printable ASCII without line ends.
    package var text: String

    package enum Code: String, Sendable {
        /// RFC 2449 §8.1.2: another session holds the maildrop.
        case inUse = "IN-USE"
        /// RFC 2449 §8.1.1: the user's last login was a moment ago.
        case loginDelay = "LOGIN-DELAY"
        /// RFC 3206 §4: the credentials are wrong, nothing else.
        case auth = "AUTH"
        /// RFC 3206 §3: our trouble; trying again later may help.
        case temporary = "SYS/TEMP"
        /// RFC 3206 §3: our trouble; somebody has to repair something.
        case permanent = "SYS/PERM"
        /// RFC 6856 §5: the message is given only in UTF-8 mode.
        case utf8 = "UTF8"
    }

    package static func ok(_ text: String) -> POP3Reply { POP3Reply(isPositive: true, code: nil, text: text) }

    package static func error(_ text: String, _ code: Code? = nil) -> POP3Reply {
        POP3Reply(isPositive: false, code: code, text: text)
    }

    /// With its CRLF.
    package var line: String {
        if let code { return "\(isPositive ? "+OK" : "-ERR") [\(code.rawValue)] \(text)\r\n" }
        return isPositive ? "+OK \(text)\r\n" : "-ERR \(text)\r\n"
    }
}

/// Every fixed reply in one place.
extension POP3Reply {
    package static let goodbye = ok("Goodbye")
    package static let passwordNext = ok("Password next")
    package static let alive = ok("Still here")
    package static let beginTLS = ok("Begin TLS now")
    package static let utf8 = ok("UTF-8 from now on")

    /// The same words for every reason: strangers do not learn which names exist.
    package static let refused = error("Name or password is wrong", .auth)
    /// For who has proved a password: that there is no such mailbox is not said.
    package static let forbidden = error("This login may not open that mailbox", .auth)
    package static let unavailable = error("The mailbox cannot be reached now, try again later", .temporary)
    package static let inUse = error("The mailbox is open in another session", .inUse)
    package static let damaged = error("This message is damaged", .permanent)
    package static let unreadable = error("This message cannot be read now", .temporary)
    package static let notRemoved = error("some deleted messages not removed", .temporary)
    package static let tooManySessions = error("Too many sessions, try again later", .temporary)

    package static let lineTooLong = error("Line too long")
    package static let unknownCommand = error("Unknown command")
    package static let syntax = error("Syntax error in the arguments")
    package static let loginFirst = error("Log in first")
    package static let loggedIn = error("Already logged in")
    package static let nameFirst = error("USER first")
    /// RFC 2595 §2.3, RFC 8314 §3: better no login than a password that everybody reads.
    package static let encryptFirst = error("Passwords are taken only over TLS; connect to the port for POP3S", .auth)
    /// The same where STLS is offered.
    package static let secureFirst = error("Logging in is possible only over TLS; begin it with STLS", .auth)
    package static let alreadySecured = error("TLS is already active")
    package static let tlsPipelined = error("Nothing may follow STLS before TLS")
    /// RFC 6856 §2.1: UTF8 and then STLS is an error of the client.
    package static let tlsBeforeUTF8 = error("STLS comes before UTF8")
    package static let unknownMechanism = error("Unknown mechanism")
    package static let notBase64 = error("Not base64")
    package static let cancelled = error("Login cancelled")
    package static let tooSoon = error("Your last login was a moment ago, try again later", .loginDelay)
    package static let unknownLanguage = error("Unknown language")
    package static let needsUTF8 = error("This message is given only to clients that say UTF8 before they log in", .utf8)
    package static let tooManyCommands = error("Too many commands")
    package static let noSuchMessage = error("No such message")
    package static let deletedMessage = error("This message is deleted")
    package static let readOnly = error("This login may read the messages of this mailbox, not delete them", .permanent)
    package static let tooManyErrors = error("Too many errors")
    package static let tooManyLogins = error("Too many failed logins", .auth)

    /// Each with its CRLF.
    static func lines(_ lines: [String]) -> [UInt8] { Array(lines.map { $0 + "\r\n" }.joined().utf8) }
}

// [smtp] and [pop3]: how much a stranger may ask of the listener.

extension Settings {
    /// For the services smtp and submission.
    package struct SMTP: Sendable, Equatable {
        /// Text behind the host name in the greeting.
        package let banner: String
        /// Octets, as announced by SIZE (RFC 1870).
        package let maxMessageSize: Int
        package let maxRecipients: Int
        package let maxErrors: Int
        package let commandTimeout: Duration
        package let dataTimeout: Duration
        /// 0: what the machine allows.
        package let maxSessions: Int
        package let maxSessionsPerClient: Int
        /// 0: no limit.
        package let maxMessagesPerSession: Int
        package let maxHeaderSize: Int
        package let maxHeaderFields: Int
        /// Of clients that logged in.
        package let hideClient: Bool

        init(_ reading: Reading) {
            let table = reading.section("smtp", "Limits of the services smtp and submission.", rooms: [.listener])
            banner = table.value("banner", .banner, default: "ESMTP", "Text behind the host name in the greeting.")
            maxMessageSize = table.value(
                "max_message_size", .size(65_536...(2 << 30)), default: 50 << 20, rooms: [.listener, .router],
                "The largest message, counted as it comes over the line; announced by SIZE.")
            maxRecipients = table.value(
                "max_recipients", .number(100...100_000), default: 1_000,
                "Recipients of one message; the next is told to come in another one.")
            maxErrors = table.value(
                "max_errors", .number(1...1_000_000), default: 20,
                "Wrong commands since the last accepted message; then the session is closed.")
            commandTimeout = table.value(
                "command_timeout", .duration(.seconds(1)...(.seconds(86_400))), default: .seconds(300),
                "How long a client may take between two commands. Other servers rely on five minutes.")
            dataTimeout = table.value(
                "data_timeout", .duration(.seconds(1)...(.seconds(86_400))), default: .seconds(300),
                "How long a client may be silent inside a message.")
            maxSessions = table.value(
                "max_sessions", .number(0...1_000_000), default: 0,
                "Sessions at once at all ports of smtp, submission and lmtp; the next is told to come later. "
                    + "0: as many as this machine's memory and descriptors allow.")
            maxSessionsPerClient = table.value(
                "max_sessions_per_client", .number(1...1_000_000), default: 200,
                "Sessions at once from one address (IPv6: from one /64); the next is told to come later.")
            maxMessagesPerSession = table.value(
                "max_messages_per_session", .number(0...1_000_000), default: 0,
                "Messages that one session may hand in; 0 for no limit.")
            maxHeaderSize = table.value(
                "max_header_size", .size(16_384...(64 << 20)), default: 1 << 20, rooms: [.router],
                "The largest header of a message.")
            maxHeaderFields = table.value(
                "max_header_fields", .number(100...1_000_000), default: 2_000, rooms: [.router],
                "Fields in the header of a message.")
            hideClient = table.value(
                "hide_client", .truth, default: false, rooms: [.router],
                "Whether Received leaves out the address of a client that has logged in.")
        }
    }

    package struct POP3: Sendable, Equatable {
        package let banner: String
        /// Before login.
        package let loginTimeout: Duration
        /// After login, between two commands.
        package let idleTimeout: Duration
        package let maxErrors: Int
        package let maxRefusedLogins: Int
        /// 0: what the machine allows.
        package let maxSessions: Int
        package let maxSessionsPerClient: Int
        /// How UIDL names messages.
        package let uidlFormat: UIDLFormat
        /// Between two logins of an account; zero: none.
        package let loginDelay: Duration
        /// Of silence, until another session may have the mailbox; zero: none.
        package let takeOver: Duration

        /// The forms of servers whose mail can have moved here.
        package enum UIDLFormat: String, SettingWord { case postern, dovecot, courier }

        init(_ reading: Reading) {
            let table = reading.section("pop3", "Limits of the service pop3.", rooms: [.listener])
            banner = table.value("banner", .banner, default: "Postern is ready", "Text of the greeting.")
            loginTimeout = table.value(
                "login_timeout", .duration(.seconds(1)...(.seconds(3_600))), default: .seconds(180),
                "How long a client may take to log in.")
            idleTimeout = table.value(
                "idle_timeout", .duration(.seconds(1)...(.seconds(86_400))), default: .seconds(600),
                rooms: [.listener, .store],
                "How long a client may be silent after its login. RFC 1939 asks for at least ten minutes.")
            maxErrors = table.value(
                "max_errors", .number(1...1_000_000), default: 20, rooms: [.listener, .store],
                "Wrong commands one behind the other; then the session is closed.")
            maxRefusedLogins = table.value(
                "max_refused_logins", .number(1...1_000), default: 5, "Passwords that one session may try in vain.")
            maxSessions = table.value(
                "max_sessions", .number(0...1_000_000), default: 0,
                "Sessions at once; the next is turned away. 0: as many as this machine's memory and descriptors allow.")
            maxSessionsPerClient = table.value(
                "max_sessions_per_client", .number(1...1_000_000), default: 200,
                "Sessions at once from one address (IPv6: from one /64); the next is turned away.")
            loginDelay = table.value(
                "login_delay", .duration(.zero...(.seconds(86_400))), default: .zero, rooms: [.listener, .store],
                "How long a login waits between opening a mailbox by POP3 and opening the same one again; who comes earlier is "
                    + "told so. Announced as LOGIN-DELAY (RFC 2449). 0 for no time at all.")
            takeOver = table.value(
                "take_over", .duration(.zero...(.seconds(86_400))), default: .seconds(120), rooms: [.store],
                "After so long a silence of its client, a session is ended when its mailbox is to be opened again: for clients "
                    + "that lose their connection without a word. Nothing that it marked is deleted. 0: who comes second is told "
                    + "that the mailbox is in use.")
            uidlFormat = table.value(
                "uidl_format", .word, default: .postern, reload: false, rooms: [.store],
                "How UIDL names messages. Those of the server that the mail came from: clients that leave mail on the "
                    + "server fetch all of it again when the names change.")
        }
    }
}

extension Form where Value == String {
    static let banner = text("printable ASCII, at most 200 characters") { text in
        if text.utf8.count > 200 { return "is longer than 200 characters" }
        return text.utf8.allSatisfy { (0x20...0x7E).contains($0) } ? nil : "has a character that is not printable ASCII"
    }
}

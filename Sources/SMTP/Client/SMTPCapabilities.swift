// What a remote announced in its answer to EHLO (RFC 5321 §4.1.1.1), as far as we use it.

package struct SMTPCapabilities: Equatable, Sendable {
    package var pipelining = false
    package var eightBitMIME = false
    package var startTLS = false
    /// RFC 6531.
    package var internationalized = false
    /// RFC 3461.
    package var notifications = false
    /// RFC 1870: nil when not announced; 0 when without a limit.
    package var size: Int?
    /// RFC 4954 §3, upper case, in the remote's order.
    package var mechanisms: [String] = []

    package init() {}

    /// - Parameter text: The lines of the reply; the first is the greeting, the others a keyword with parameters.
    init(ehlo text: String) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst() {
            let words = line.split(separator: " ").map { $0.uppercased() }
            guard let keyword = words.first else { continue }
            switch keyword {
            case "PIPELINING": pipelining = true
            case "8BITMIME": eightBitMIME = true
            case "STARTTLS": startTLS = true
            case "SMTPUTF8": internationalized = true
            case "DSN": notifications = true
            case "SIZE": size = words.count > 1 ? Int(words[1]) ?? 0 : 0
            case "AUTH": mechanisms += words.dropFirst()
            // The form of the draft, still sent by old servers: AUTH=LOGIN PLAIN.
            case _ where keyword.hasPrefix("AUTH="): mechanisms += [String(keyword.dropFirst(5))] + words.dropFirst()
            default: break
            }
        }
    }
}

// Host names and addresses as settings write them. Text only: nothing is resolved here.

import Mail

enum HostName {
    /// Letters, digits, hyphens and dots (RFC 1123 §2.1), with underscores, which Windows networks have; one label is
    /// enough inside a network (T-19).
    static func isName(_ text: String) -> Bool {
        guard EmailAddress.isDomain(text), text.utf8.allSatisfy({ $0 < 0x80 }) else { return false }
        // Digits and dots alone are a mistyped address.
        return !text.utf8.allSatisfy { TOMLReader.isDigit($0) || $0 == UInt8(ascii: ".") }
    }

    /// `host`, `host:port`, `[v6]:port`, a bare IPv6 address.
    static func split(_ text: String) -> (host: String, port: UInt16?)? {
        if InternetAddress(text) != nil { return (text, nil) }
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            guard host.contains(":"), InternetAddress(host) != nil else { return nil }
            if rest.isEmpty { return (host, nil) }
            guard rest.first == ":", let port = port(rest.dropFirst()) else { return nil }
            return (host, port)
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return (text, nil)
        case 2: return port(parts[1]).map { (String(parts[0]), $0) }
        default: return nil
        }
    }

    private static func port(_ text: Substring) -> UInt16? {
        guard text.utf8.allSatisfy(TOMLReader.isDigit), let port = UInt16(text), port > 0 else { return nil }
        return port
    }
}

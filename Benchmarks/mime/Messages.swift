// The messages that are measured: what an office sends, and the worst that a stranger can.

enum Messages {
    private static let header = """
        Return-Path: <sender@example.org>\r
        Received: from client.example.org (client.example.org [192.0.2.7])\r
        \tby mail.example.test (Postern) with ESMTPS id 01HF3K7Q2M\r
        \tfor <recipient@example.test>; Sat, 21 Nov 2026 12:00:00 +0000\r
        DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org;\r
        \ts=mail; h=from:to:subject:date:message-id; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r
        \tb=JEgbLaGdUCOV5eNCa0NkWX/gpWjNqCTj2ZQYaQHh7Ts2WkXJ1fJ8RmJ0ZTrGdKbMDU6pxqYs\r
        From: "A Sender" <sender@example.org>\r
        To: A Recipient <recipient@example.test>\r
        Cc: Another <another@example.test>\r
        Subject: A message of ordinary kind\r
        Date: Sat, 21 Nov 2026 12:00:00 +0000\r
        Message-ID: <0123456789abcdef@client.example.org>\r
        User-Agent: An ordinary mail program, 128.0\r
        MIME-Version: 1.0\r

        """

    static func plain(octets: Int) -> [UInt8] {
        let opening = header + "Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        return Array(opening.utf8) + text(octets: max(0, octets - opening.utf8.count))
    }

    static func multipart(attachment: [UInt8], encoding: String) -> [UInt8] {
        let boundary = "------------0A1B2C3D4E5F60718293A4B5"
        let opening = """
            \(header)Content-Type: multipart/mixed; boundary="\(boundary)"\r
            \r
            This is a multi-part message in MIME format.\r
            --\(boundary)\r
            Content-Type: text/plain; charset=utf-8; format=flowed\r
            Content-Transfer-Encoding: 7bit\r
            \r
            See what I have attached.\r
            --\(boundary)\r
            Content-Type: application/pdf; name="scanned document.pdf"\r
            Content-Disposition: attachment; filename="scanned document.pdf"\r
            Content-Transfer-Encoding: \(encoding)\r
            \r

            """
        return Array(opening.utf8) + attachment + Array("\r\n--\(boundary)--\r\n".utf8)
    }

    /// So many octets before they are encoded.
    static func base64(octets: Int) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        return lines(octets / 57, "\r\n") { number in (0..<76).map { alphabet[($0 &* 31 &+ number &* 17) & 63] } }
    }

    static func text(octets: Int) -> [UInt8] {
        let words = Array("The quick brown fox jumps over the lazy dog while nobody looks at it. -- no!".utf8)
        return lines(octets / 78, "\r\n") { _ in words }
    }

    static func quoted(octets: Int) -> [UInt8] {
        let words = Array("Gr=C3=BC=C3=9Fe aus K=C3=B6ln an alle, die dies hier lesen und verstehen so=".utf8)
        return lines(octets / 77, "\r\n") { _ in words }
    }

    /// Multiparts in one another, and a body in which every line looks as if it were a delimiter.
    static func nested(depth: Int, octets: Int) -> [UInt8] {
        var message = "MIME-Version: 1.0\r\n"
        for level in 0..<depth {
            message += "Content-Type: multipart/mixed; boundary=\(level + 100)\r\n\r\n--\(level + 100)\r\n"
        }
        return Array((message + "\r\n").utf8) + lines(octets / 7, "\r\n") { _ in Array("--10x".utf8) }
    }

    private static func lines(_ count: Int, _ end: String, _ line: (Int) -> [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        for number in 0..<count {
            output += line(number)
            output += end.utf8
        }
        return output
    }
}

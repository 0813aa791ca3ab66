// Feeds both SMTP sessions with what nobody should send, and chooses the answers of the other side too. Deterministic:
// the same seed gives the same run. Fails when a machine does not stop, uses octets that it was not given, says
// something that is no reply, forgets a question, or keeps more than its limits allow.

import FuzzRun
import Mail
import SMTP

@main
struct Fuzzer {
    static func main() {
        Fuzzing.run("smtp-fuzz", counting: "messages") { random in
            random.below(4) == 3 ? ClientRun.play(&random) : ServerRun.play(&random)
        }
    }
}

enum Corpus {
    static let server: [String] = [
        "EHLO a.example\r\n", "HELO b\r\n", "MAIL FROM:<a@b.example>\r\n", "MAIL FROM:<> SIZE=10 BODY=8BITMIME\r\n",
        "MAIL FROM: <a@b>\r\n", "RCPT TO:<c@d.example>\r\n", "RCPT TO:<Postmaster>\r\n",
        "RCPT TO:<@x,@y:\"q q\"@[1.2.3.4]>\r\n",
        "DATA\r\n", "RSET\r\n", "NOOP\r\n", "QUIT\r\n", "VRFY x\r\n", "HELP\r\n", "STARTTLS\r\n", ".\r\n", "\r\n.\r\n",
        "\n.\n",
        "\r.\r", "\r\n", "\r", "\n", ".", "..", "Subject: x\r\n", "\0", " ", "<", ">", "@", "[IPv6:::1]", "\"", "\\",
        "=", "SIZE=",
        "LHLO c\r\n", "AUTH PLAIN\r\n", "AUTH LOGIN =\r\n", "auth plain AGEAYg==\r\n", "AUTH X Zh==\r\n", "AGEAYg==\r\n",
        "*\r\n", "BDAT 3\r\n", "BDAT 0 LAST\r\n", "BDAT 7 LAST\r\n", "BDAT 40\r\n", "BDAT 99999999999999999999\r\n",
        "BDAT 3000000\r\n", "BDAT x\r\n", "a\r\n", "MAIL FROM:<u\u{FC}@\u{FC}.example> SMTPUTF8\r\n",
        "MAIL FROM:<> BODY=BINARYMIME RET=HDRS ENVID=a+2B AUTH=<>\r\n", "RCPT TO:<\u{FC}@d.example>\r\n",
        "RCPT TO:<c@d> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c+40d\r\n", "XCLIENT NAME=h ADDR=192.0.2.1 PORT=25\r\n",
        "XCLIENT ADDR=[UNAVAILABLE] LOGIN=[TEMPUNAVAIL]\r\n", "NOTIFY=", "ORCPT=", "+", ";", ",", "\u{FC}",
        "AUTH PLAIN " + String(repeating: "QUFB", count: 1000) + "\r\n", String(repeating: "QUFB", count: 4000),
        "99999999999999999999", String(repeating: "x", count: 600), String(repeating: "y", count: 3000),
    ]
    static let client: [String] = [
        "220 hi\r\n", "250 ok\r\n",
        "250-x\r\n250-PIPELINING\r\n250-SIZE 100\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN CRAM-MD5\r\n250 STARTTLS\r\n",
        "354 go\r\n", "421 bye\r\n", "450 4.2.0 later\r\n", "550 5.1.1 no\r\n", "334 \r\n", "334 VXNlcg==\r\n",
        "235 in\r\n", "535 no\r\n",
        "221 bye\r\n", "250-a\r\n", "250", "-", "\r\n", "\n", "999 x\r\n", "2", "5", "0", "\0", " ",
        String(repeating: "z", count: 3000),
    ]
}

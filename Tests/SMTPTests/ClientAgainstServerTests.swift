// Our client and our server talk to each other through two byte streams, cut into reads of every kind.
import Mail
import Testing

@testable import SMTP

struct ClientAgainstServerTests {
    private final class Line {
        var client: SMTPClientSession
        var server: SMTPServerSession
        let readSize: Int
        var toServer: [UInt8] = []
        var toClient: [UInt8] = []
        var stored: [[UInt8]] = []
        var senders: [String] = []
        var recipients: [String] = []
        var outcomes: [[SMTPClientOutcome]] = []
        var isClosed = false
        var mails: [[UInt8]]
        private var inServer: [UInt8] = []
        private var inClient: [UInt8] = []
        private var content: [UInt8] = []

        init(limits: SMTPLimits, readSize: Int, mails: [[UInt8]]) {
            client = SMTPClientSession(SMTPClientConfiguration(helloName: "client.example", tls: .wanted))
            server = SMTPServerSession(SMTPServerConfiguration(hostname: "mail.example.test", limits: limits))
            server.greet()
            self.readSize = readSize
            self.mails = mails
        }

        func run() {
            for _ in 0..<200_000 where !isClosed {
                inServer += toServer.prefix(readSize)
                toServer.removeFirst(min(readSize, toServer.count))
                pullServer()
                inClient += toClient.prefix(readSize)
                toClient.removeFirst(min(readSize, toClient.count))
                pullClient()
            }
        }

        private func pullServer() {
            while true {
                var offset = 0
                let bytes = inServer
                let action = server.next(in: bytes.span, from: &offset)
                if case .content(let range) = action { content += bytes[range] }
                inServer.removeFirst(offset)
                switch action {
                case .reply(let reply): reply.append(to: &toClient)
                case .ask(.sender(let sender, _)):
                    senders.append("\(sender)")
                    server.receive(.accepted)
                case .ask(.recipient(let address, _)):
                    recipients.append("\(address)")
                    server.receive(
                        address.localPart == "nobody" ? .replied(Reply(550, "5.1.1", "No such user")) : .accepted)
                case .endContent:
                    stored.append(content)
                    content = []
                    server.receive(.queued(SpoolID(rawValue: UInt64(stored.count))))
                case .abortTransaction: content = []
                case .openContent, .content: break
                case .needsInput, .waits, .close: return
                case .ask, .startTLS, .cancelAuthentication: Issue.record("\(action)")
                }
            }
        }

        private func pullClient() {
            while true {
                var offset = 0
                let bytes = inClient
                let action = client.next(in: bytes.span, from: &offset)
                inClient.removeFirst(offset)
                switch action {
                case .send(let bytes): toServer += bytes
                case .openContent: sendContent()
                case .finished(let outcomes):
                    self.outcomes.append(outcomes)
                    mails.removeFirst()
                case .ready:
                    if let mail = mails.first { begin(mail) } else { client.quit() }
                case .close:
                    isClosed = true
                    return
                case .needsInput, .waits: return
                case .sendSecret, .startTLS, .failed, .abandonContent:
                    Issue.record("\(action)")
                    isClosed = true
                    return
                }
            }
        }

        private func begin(_ mail: [UInt8]) {
            let names = ["alice", "nobody", "with space", "b\"ob"]
            client.begin(
                SMTPClientMessage(
                    sender: outcomes.count % 2 == 0
                        ? .null : .mailbox(EmailAddress(localPart: "s", domain: "from.example")),
                    recipients: names.map { EmailAddress(localPart: $0, domain: "example.test") }, size: mail.count,
                    isEightBit: mail.contains { $0 > 127 }))
        }

        private func sendContent() {
            let mail = mails[0]
            for start in stride(from: 0, to: mail.count, by: readSize) {
                let chunk = Array(mail[start..<min(mail.count, start + readSize)])
                var offset = 0
                while let piece = client.contentPiece(of: chunk.span, from: &offset) {
                    switch piece {
                    case .octets(let range): toServer += chunk[range]
                    case .insertion(let octet): toServer.append(octet)
                    }
                }
            }
            client.endContent()
        }
    }

    @Test(arguments: [1, 3, 7, 4096])
    func severalMessages(readSize: Int) {
        let mails = [
            "Subject: a\r\n\r\n.\r\n..\r\n.x\r\n", "", "\r\n",
            "\u{FC}.\r\n" + String(repeating: "long ", count: 400) + "\r\n",
        ]
        .map { Array($0.utf8) }
        let line = Line(limits: SMTPLimits(), readSize: readSize, mails: mails)
        line.run()
        #expect(line.isClosed && line.outcomes.count == mails.count)
        #expect(line.stored == mails)
        #expect(line.senders == ["", "s@from.example", "", "s@from.example"])
        #expect(
            line.recipients.prefix(4) == [
                "alice@example.test", "nobody@example.test", "\"with space\"@example.test", "\"b\\\"ob\"@example.test",
            ])
        for outcomes in line.outcomes {
            guard case .delivered(let reply) = outcomes[0], case .failed(let failure) = outcomes[1],
                case .delivered = outcomes[2], case .delivered = outcomes[3]
            else {
                Issue.record("\(outcomes)")
                continue
            }
            #expect(reply.text.hasPrefix("2.0.0 Queued as 000000000000000"))
            #expect(failure.reply?.text == "5.1.1 No such user")
        }
    }

    @Test(arguments: [1, 3, 7, 4096])
    func sloppyContentBecomesStrict(readSize: Int) {
        let sloppy = Array("a\n.\n\rb\r\r\n.\n".utf8)
        let line = Line(limits: SMTPLimits(), readSize: readSize, mails: [sloppy])
        line.run()
        #expect(line.stored.map { String(decoding: $0, as: UTF8.self) } == ["a\r\n.\r\n\r\nb\r\n\r\n.\r\n"])
    }

    @Test func theServersLimitIsSeenBeforehand() {
        var limits = SMTPLimits()
        limits.messageSize = 100
        let line = Line(limits: limits, readSize: 7, mails: [Array(repeating: 120, count: 101)])
        line.run()
        guard case .failed(let failure)? = line.outcomes.first?.first else {
            Issue.record("not failed")
            return
        }
        #expect(failure.reason == .messageTooLarge && line.senders.isEmpty)
    }
}

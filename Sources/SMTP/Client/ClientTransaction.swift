// One message on its way: the lines of its envelope, which of them are sent and answered, and what became of whom.
import Mail

struct ClientTransaction {
    enum Step: Equatable { case reset, sender, recipient(Int), data }

    let message: SMTPClientMessage
    private(set) var outcomes: [SMTPClientOutcome?]
    private let steps: [Step]
    private var sent = 0
    private var answered = 0
    var accepted = 0
    var isSenderRefused = false

    init(_ message: SMTPClientMessage, _ capabilities: SMTPCapabilities, afterReset: Bool) {
        self.message = message
        let allowsUTF8 = message.isInternational && capabilities.internationalized
        let isSenderSendable = Self.isSendable(message.sender.description, allowsUTF8)
        let isMessageSendable = allowsUTF8 || !message.isInternational
        outcomes = message.recipients.map { recipient in
            isMessageSendable && isSenderSendable && Self.isSendable(recipient.description, allowsUTF8)
                ? nil : .failed(Self.unsendable)
        }
        let recipients = outcomes.indices.filter { [outcomes] in outcomes[$0] == nil }
        steps = (afterReset ? [.reset] : []) + [.sender] + recipients.map { .recipient($0) } + [.data]
    }

    /// Everybody has an outcome before the first line is sent.
    var isHopeless: Bool { outcomes.allSatisfy { $0 != nil } }

    /// Line ends in an address would be commands, and octets above 127 need SMTPUTF8 (RFC 6531 §3.2).
    private static func isSendable(_ address: String, _ allowsUTF8: Bool) -> Bool {
        address.utf8.allSatisfy { (0x20...0x7E).contains($0) || allowsUTF8 && $0 >= 0x80 }
    }

    private static let unsendable = AttemptFailure(
        .recipientRejected, while: .recipient,
        text: "The message or an address needs SMTPUTF8, which the other server does not offer")

    /// The step whose reply comes next.
    var current: Step { steps[min(answered, steps.count - 1)] }
    var hasUnanswered: Bool { answered < sent }

    var attemptPhase: AttemptPhase {
        switch current {
        case .reset, .sender: .sender
        case .recipient: .recipient
        case .data: .data
        }
    }

    mutating func answeredCurrent() { answered += 1 }

    /// The lines to send now: all of them when the remote pipelines (RFC 2920), one otherwise.
    mutating func lines(_ capabilities: SMTPCapabilities) -> [UInt8] {
        var output: [UInt8] = []
        repeat {
            guard sent < steps.count else { break }
            append(steps[sent], capabilities, to: &output)
            sent += 1
        } while capabilities.pipelining
        return output
    }

    mutating func settle(_ index: Int, _ outcome: SMTPClientOutcome) {
        if outcomes[index] == nil { outcomes[index] = outcome }
    }

    mutating func settleRest(_ outcome: SMTPClientOutcome) {
        for index in outcomes.indices { settle(index, outcome) }
    }

    private func append(_ step: Step, _ capabilities: SMTPCapabilities, to output: inout [UInt8]) {
        switch step {
        case .reset: output += "RSET\r\n".utf8
        case .sender:
            output += "MAIL FROM:<\(message.sender)>".utf8
            if capabilities.size != nil { output += " SIZE=\(message.size)".utf8 }
            if capabilities.eightBitMIME, message.isEightBit { output += " BODY=8BITMIME".utf8 }
            if message.isInternational { output += " SMTPUTF8".utf8 }
            if capabilities.notifications { output += DSNParameters.mail(message.returns, message.envelopeID).utf8 }
            output += [13, 10]
        case .recipient(let index):
            output += "RCPT TO:<\(message.recipients[index])>".utf8
            if capabilities.notifications, index < message.wishes.count {
                output += DSNParameters.rcpt(message.wishes[index]).utf8
            }
            output += [13, 10]
        case .data: output += "DATA\r\n".utf8
        }
    }
}

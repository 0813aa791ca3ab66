// One transaction's conversation with the router: questions and content out, answers back to the connection that began
// it. Whatever happens to the road, the client hears 451 and nothing worse.

import IPC
import Mail
import NIOCore
import SMTP

final class SMTPTransaction {
    private let conversation: Conversation<ListenerToRouter>
    private let timeouts: SessionTimeouts
    /// nil when the connection has given the transaction up or it is over: nobody listens to its answers any more. Strong,
    /// as are the closures below: weak references would make every count of the session's dear.
    private var connection: SMTPConnection?
    /// Small pieces of content, gathered: a message full of stuffed dots must not become a frame per line.
    private var gathered = ByteBuffer()
    private var isWhole = false

    /// From here on a piece of content is passed on as it is.
    private static let piece = 512
    private static let gatheredLimit = 16 << 10

    init(_ conversation: Conversation<ListenerToRouter>, _ connection: SMTPConnection, _ timeouts: SessionTimeouts) {
        self.conversation = conversation
        self.connection = connection
        self.timeouts = timeouts
        conversation.onWritable = { [self] in self.connection?.wake() }
        conversation.onFailure = { [self] error in self.connection?.lostContent(.router(error)) }
    }

    func ask(_ question: ListenerToRouter.Question) {
        conversation.ask(question, last: false, deadline: timeouts.verdict) { [self] in receive($0) }
    }

    /// Whether the router takes more content now; when not, the connection is woken when it does.
    var isWritable: Bool { conversation.isWritable }

    func content(_ bytes: ByteBuffer) {
        if bytes.readableBytes >= Self.piece {
            passOn()
            conversation.send(bytes)
        } else {
            gathered.writeImmutableBuffer(bytes)
            if gathered.readableBytes >= Self.gatheredLimit { passOn() }
        }
    }

    /// Sends what was gathered.
    func passOn() {
        guard gathered.readableBytes > 0 else { return }
        conversation.send(gathered)
        gathered = ByteBuffer()
    }

    func deliver() {
        passOn()
        isWhole = true
        conversation.ask(.deliver, last: true, deadline: timeouts.receipt) { [self] in receive($0) }
    }

    /// The client has given it up: the router shall forget it. A whole message goes its way even when the client has left
    /// without waiting for the receipt, as careless senders do.
    func cancel() {
        connection = nil
        if !isWhole { conversation.cancel() }
    }

    private func receive(_ result: Result<ListenerToRouter.Answer, IPCError>) {
        guard let connection else { return }
        switch result {
        case .success(.verdict(.accepted)): connection.receive(.accepted)
        case .success(.verdict(.refused(let refusal))): connection.receive(.refused(refusal))
        case .success(.receipt(.accepted(let spool))): connection.settled(.queued(spool))
        case .success(.receipt(.refused(let refusal))): connection.settled(.refused(refusal))
        case .success: connection.lost(.local("the router's answer makes no sense"))
        case .failure(let error): connection.lost(.router(error))
        }
    }
}

extension Refusal {
    /// Our own trouble: never for ever (RFC 3463 §3.4, X.3.0).
    static func local(_ because: String) -> Refusal {
        Refusal(Reply(451, "4.3.0", "Local trouble, try again later"), because: because)
    }

    static func router(_ error: IPCError) -> Refusal { .local("the router: \(error)") }
}

// STLS and AUTH of a POP3 client before its login (RFC 2595 §4, RFC 5034).

import IPC
import Mail
import NIOCore
import POP3

/// What a login needs to know of TLS.
package struct LoginSecurity: Sendable {
    /// Of the certificate that was shown at the start; nil without TLS.
    var channelBinding: [UInt8]?
    /// Begins TLS, as `Encryption.secure`; nil where STLS is not offered.
    var begin: (@Sendable (any Channel) -> EventLoopFuture<[UInt8]?>)?

    package init(
        channelBinding: [UInt8]? = nil, begin: (@Sendable (any Channel) -> EventLoopFuture<[UInt8]?>)? = nil
    ) {
        self.channelBinding = channelBinding
        self.begin = begin
    }
}

extension LoginConnection {
    /// RFC 2595 §4: what was received in clear and not used is never looked at.
    func startTLS(_ context: ChannelHandlerContext) {
        flush(context)
        inbox = ByteBuffer()
        guard let begin = security.begin else { return context.close(promise: nil) }
        isSecuring = true
        let secured = begin(context.channel)
        if isHoldingRead {
            isHoldingRead = false
            context.read()
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        secured.assumeIsolated().whenComplete { result in
            let (login, context) = bound.value
            login.secured(result, context)
        }
    }

    private func secured(_ result: Result<[UInt8]?, any Error>, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        isSecuring = false
        switch result {
        case .success(let binding):
            channelBinding = binding
            facts.isEncrypted = true
            session.secured()
            prepare(context.channel)
            pull(context)
        case .failure(let error):
            log(.notSecured(facts, because: "\(error)"))
            context.close(promise: nil)
        }
    }

    func go(on exchange: POP3Exchange, _ context: ChannelHandlerContext) {
        switch exchange {
        case .begin(let mechanism, let initial): begin(mechanism, initial, context)
        case .response(let response):
            guard let talk else { return session.receive(.unavailable) }
            talk.respond(response)
        }
    }

    private func begin(_ mechanism: String, _ initial: Secret?, _ context: ChannelHandlerContext) {
        endTalk()
        // Where channel binding is not offered, a client that could have used it is no sign of an attack (RFC 5802 §6).
        let binds = facts.isEncrypted && session.mechanismsOffered.contains("SCRAM-SHA-256-PLUS")
        let opening = SASLOpening(
            facts: facts, mechanism: mechanism, initial: initial, channelBinding: binds ? channelBinding : nil)
        let asked = NIODeadline.now()
        do {
            talk = SASLTalk(try router.open(), deadline: limits.authentication, opening) { [self] news in
                switch news {
                case .challenge(let octets):
                    session.receive(.challenge(octets))
                    pull(context)
                case .ended(let answer):
                    talk = nil
                    answered(.success(answer), asked: asked, context)
                }
            }
        } catch {
            answered(.failure(error), asked: asked, context)
        }
    }

    /// No news of it comes any more.
    func endTalk() {
        talk?.cancel()
        talk = nil
    }
}

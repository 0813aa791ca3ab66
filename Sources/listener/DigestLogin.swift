// APOP (RFC 1939 §7): the moment that the greeting names, and the road that an answer to it takes, which is that of AUTH.

import IPC
import Mail
import NIOCore
import POP3

enum POP3Timestamp {
    /// A message id that no other connection has: 128 random bits. Nobody can have its answer ready.
    static func make(_ hostname: String) -> String {
        let number = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined(separator: ".")
        // A greeting has 512 octets, and a host name may have 253.
        return "<\(number)@\(hostname.utf8.count <= 100 && !hostname.isEmpty ? hostname : "localhost")>"
    }
}

extension LoginConnection {
    func verify(_ login: POP3DigestLogin, _ context: ChannelHandlerContext) {
        endTalk()
        let digits = login.digest.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let opening = SASLOpening(
            facts: facts, mechanism: "APOP", initial: Secret("\(login.timestamp) \(digits) \(login.user)"),
            channelBinding: nil)
        let asked = NIODeadline.now()
        do {
            talk = SASLTalk(try router.open(), deadline: limits.authentication, opening) { [self] news in
                switch news {
                // There is nothing to challenge: the client has answered already.
                case .challenge:
                    endTalk()
                    answered(.failure(LoginRouter.WrongAnswer()), asked: asked, context)
                case .ended(let answer):
                    talk = nil
                    answered(.success(answer), asked: asked, context)
                }
            }
        } catch {
            answered(.failure(error), asked: asked, context)
        }
    }
}

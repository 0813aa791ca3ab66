// What an SMTP session asks, in the words of the edge to the router, and the facts that go along.

import IPC
import Mail
import NIOCore
import SMTP

extension SMTPConnection {
    func ask(_ question: SMTPQuestion) {
        switch question {
        case .sender(let path, let parameters): begin(path, parameters)
        case .recipient(let address, let parameters):
            // Without a transaction the road was lost before, and all its questions have been answered.
            guard let transaction else { return session.receive(.refused(.local("the transaction was lost"))) }
            transaction.ask(.recipient(address, RecipientParameters(parameters)))
        case .authentication(let mechanism, let initial): logIn(mechanism, initial)
        case .authenticationResponse(let response):
            guard let login else { return session.receive(.replied(SMTPConnection.loginTrouble)) }
            login.respond(Secret(response))
        case .clientFacts(let client): take(client)
        }
    }

    private func begin(_ path: SenderPath, _ parameters: MailParameters) {
        loop.figures.transactions.add()
        facts.greeting = session.hello?.name ?? ""
        facts.isExtended = session.hello?.isExtended ?? false
        var sender: EmailAddress?
        if case .mailbox(let address) = path { sender = address }
        do {
            // One whose sender was refused stays open until here: its recipients had to be answered.
            transaction?.cancel()
            let transaction = SMTPTransaction(try loop.router.open(), self, loop.settings.timeouts)
            self.transaction = transaction
            transaction.ask(.sender(facts, sender, SenderParameters(parameters)))
        } catch {
            let refusal = Refusal.local("the router: \(error)")
            fail(refusal.because)
            session.receive(.refused(refusal))
        }
    }

    private func logIn(_ mechanism: String, _ initial: [UInt8]?) {
        login?.cancel()
        // Where channel binding is not offered, a client that could have used it is no sign of an attack (RFC 5802 §6).
        let offers = loop.settings.configuration(of: plan, client: facts.client).securedMechanisms
        let binds = facts.isEncrypted && offers.contains("SCRAM-SHA-256-PLUS")
        let opening = SASLOpening(
            facts: facts, mechanism: mechanism, initial: initial.map { Secret($0) },
            channelBinding: binds ? channelBinding : nil)
        do {
            login = SASLTalk(try loop.router.open(), deadline: loop.settings.timeouts.verdict, opening) { [self] news in
                hear(news, of: mechanism)
            }
        } catch {
            fail("the router: \(error)")
            session.receive(.replied(SMTPConnection.loginTrouble))
        }
    }

    /// RFC 4954 §4.7.
    private static let loginTrouble = Reply(454, "4.7.0", "Temporary authentication failure, try again later")

    private func hear(_ news: SASLTalk.News, of mechanism: String) {
        if case .ended = news { login = nil }
        switch news {
        case .challenge(let challenge): receive(.challenge(challenge))
        case .ended(.granted(let grant)):
            facts.login = grant.ticket
            loop.log(.loggedIn(facts, mechanism: mechanism, user: grant.name))
            receive(.authenticated(Reply(235, "2.7.0", "Authentication successful")))
        case .ended(.refused), .ended(.forbidden): receive(.replied(Reply(535, "5.7.8", "Authentication credentials invalid")))
        case .ended(.unavailable(let because)):
            fail("login: \(because)")
            receive(.replied(SMTPConnection.loginTrouble))
        }
    }

    /// XCLIENT from somebody whom the settings allow it; the session has asked no one else.
    private func take(_ client: XClient) {
        if case .known(let address) = client.address { facts.client = address }
        if case .known(let port) = client.port { facts.clientPort = port }
        if case .known(let address) = client.destinationAddress { facts.local = address }
        if case .known(let port) = client.destinationPort { facts.localPort = port }
        // A login at the proxy is none here: nobody has proved anything to the store.
        facts.login = nil
        session.receive(.accepted)
        beginAgain()
    }
}

extension SenderParameters {
    fileprivate init(_ said: MailParameters) {
        let body: ContentForm =
            switch said.body {
            case nil, .sevenBit: .sevenBit
            case .eightBitMIME: .eightBit
            case .binaryMIME: .binary
            }
        self.init(
            declaredSize: said.size.map { UInt64($0) }, body: body, isInternational: said.isInternationalized,
            envelopeID: said.envelopeID?.text, returns: said.reportReturns.map { $0 == .full ? .full : .header })
    }
}

extension RecipientParameters {
    fileprivate init(_ said: RcptParameters) {
        self.init(
            notify: said.notify.map { NotifyWishes(rawValue: $0.rawValue) },
            original: said.originalRecipient.map { "\($0.type);\($0.address.text)" })
    }
}

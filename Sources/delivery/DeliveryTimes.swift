// How long a remote server may take for what.

import NIOCore
import SMTP

/// RFC 5321 §4.5.3.2, where it names a time; the others are as Postfix has them.
struct DeliveryTimes: Sendable {
    var connect = TimeAmount.seconds(30)
    /// §4.5.3.2.1.
    var greeting = TimeAmount.minutes(5)
    var hello = TimeAmount.minutes(5)
    var tls = TimeAmount.minutes(1)
    var login = TimeAmount.minutes(5)
    /// §4.5.3.2.2: MAIL.
    var sender = TimeAmount.minutes(5)
    /// §4.5.3.2.3: RCPT, all of one message. Four times the RFC's five minutes for one of them.
    var recipients = TimeAmount.minutes(20)
    /// §4.5.3.2.4: DATA's 354.
    var data = TimeAmount.minutes(2)
    /// §4.5.3.2.5: between two blocks of content.
    var content = TimeAmount.minutes(3)
    /// §4.5.3.2.6: the final dot.
    var endOfContent = TimeAmount.minutes(10)
    var quit = TimeAmount.seconds(5)
    /// How exact all of this is.
    var tick = TimeAmount.seconds(5)

    init() {}

    /// The same time for everything, and looked at ten times as often.
    init(each limit: TimeAmount) {
        (connect, greeting, hello, tls, login) = (limit, limit, limit, limit, limit)
        (sender, recipients, data, content, endOfContent, quit) = (limit, limit, limit, limit, limit, limit)
        tick = .nanoseconds(limit.nanoseconds / 10)
    }

    func limit(for phase: AttemptPhase) -> TimeAmount {
        switch phase {
        case .resolving, .connecting: connect
        case .greeting: greeting
        case .hello, .plainHello: hello
        case .startTLS: tls
        case .authenticating: login
        case .idle, .sender: sender
        case .recipient: recipients
        case .data: data
        case .content: content
        case .endOfContent: endOfContent
        case .quit: quit
        }
    }
}

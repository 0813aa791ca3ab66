// AAAA and A answers become one.

import DNS
import Mail
import Testing

@Suite struct ResolverTests {
    static let six = [InternetAddress("2001:db8::1")!, InternetAddress("2001:db8::2")!]
    static let four = [InternetAddress("192.0.2.1")!]
    static let trouble = Answer<InternetAddress>.temporaryFailure(because: "SERVFAIL")

    static let rows: [(Answer<InternetAddress>, Answer<InternetAddress>, Answer<InternetAddress>)] = [
        (.records(six), .records(four), .records([six[0], four[0], six[1]])),
        (.noData, .records(four), .records(four)),
        (.records(six), .noData, .records(six)),
        // RFC 4074: a broken server's answer about AAAA must not hide the A record.
        (trouble, .records(four), .records(four)),
        (.noSuchDomain, .records(four), .records(four)),
        (trouble, .noData, trouble),
        (.noData, trouble, trouble),
        (.noSuchDomain, trouble, trouble),
        (.noData, .noData, .noData),
        (.noSuchDomain, .noData, .noData),
        (.noSuchDomain, .noSuchDomain, .noSuchDomain),
    ]

    @Test(arguments: rows)
    func merges(six: Answer<InternetAddress>, four: Answer<InternetAddress>, both: Answer<InternetAddress>) {
        #expect(Answer.merging(six, four) == both)
    }
}

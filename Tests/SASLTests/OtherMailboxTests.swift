// Asking for the mailbox of somebody else: an authorization identity (RFC 4422 §2), or the name OTHER*LOGIN. T-27.

import Mail
import SASL
import SASLClients
import Testing

@Suite struct OtherMailboxTests {
    static let alice = "alice@example.org"
    static let info = "info@example.org"

    private static func house(_ namesOthers: Bool = true) -> House {
        var house = House()
        house.users = [alice: "s3cret"]
        house.surroundings.namesOthers = namesOthers
        return house
    }

    /// Each mechanism with this name and this authorization identity; nil where it has none.
    private static func ways(_ house: House, _ user: String, _ other: String?) -> [(String, Ending)] {
        let plain = SASLClients.plain(user: user, password: "s3cret", authorization: other ?? "")
        var ways = [("PLAIN", house.play(.plain, initial: plain))]
        for (mechanism, digest) in [(SASLMechanism.scramSHA1, SCRAMClient.Digest.sha1), (.scramSHA256, .sha256)] {
            var client = SCRAMClient(digest, user: user, password: "s3cret")
            if let other { client.header = "n,a=\(other)," }
            ways.append((mechanism.rawValue, house.play(mechanism, initial: client.first, { client.final(answering: $0) })))
        }
        guard other == nil else { return ways }
        let apop = SASLClients.apop(user: user, password: "s3cret", timestamp: "<1.2@x>")
        ways.append(("LOGIN", house.play(.login, initial: nil, { _ in Array(user.utf8) }, { _ in Array("s3cret".utf8) })))
        ways.append(
            (
                "CRAM-MD5",
                house.play(.cramMD5, initial: nil, { SASLClients.cram(user: user, password: "s3cret", challenge: $0) })
            ))
        ways.append(("APOP", house.play(.apop, initial: apop)))
        let windows = NTLMClient(user: user, domain: "", ntHash: House.ntHash("s3cret"))
        ways.append(("NTLM", house.playNTLM(windows)))
        return ways
    }

    /// Name, authorization identity, whom it asked for.
    static let asked: [(user: String, other: String?, authorization: String?)] = [
        (alice, nil, nil), (alice, alice, alice), (alice, info, info), ("\(info)*\(alice)", nil, info),
        // Clients that say their name twice, and one that cannot decide: what is said apart counts.
        ("\(info)*\(alice)", "\(info)*\(alice)", info), ("\(info)*\(alice)", "sales@example.org", "sales@example.org"),
        // Who that is is not asked here.
        (alice, "nobody", "nobody"),
    ]

    @Test("where it is allowed: the login's own password, and whom it asked for", arguments: asked)
    func named(row: (user: String, other: String?, authorization: String?)) {
        let ways = Self.ways(Self.house(), row.user, row.other)
        #expect(ways.count == (row.other == nil ? 7 : 3))
        for (mechanism, ending) in ways {
            guard case .succeeded(Self.alice, row.authorization, _) = ending else {
                Issue.record("\(mechanism): \(ending)")
                continue
            }
        }
    }

    @Test(
        "where it is not: nobody but oneself",
        arguments: [(alice, info as String?), ("\(info)*\(alice)", nil), ("\(info)*\(alice)", info)])
    func notNamed(row: (user: String, other: String?)) {
        for (mechanism, ending) in Self.ways(Self.house(false), row.user, row.other) {
            #expect(!ending.isSuccess, "\(mechanism)")
        }
    }

    @Test("the other's password is of no use, and a name that cannot be is none") func refused() {
        var house = Self.house()
        house.users[Self.info] = "0ther"
        let wrong = SASLClients.plain(user: Self.alice, password: "0ther", authorization: Self.info)
        #expect(!house.play(.plain, initial: wrong).isSuccess)
        #expect(!house.play(.plain, initial: SASLClients.plain(user: "\(Self.info)*\(Self.alice)", password: "0ther")).isSuccess)
        for octets in [[7] as [UInt8], [0xFF], [UInt8](repeating: 0x61, count: 321)] {
            #expect(!house.play(.plain, initial: octets + [0] + Array("\(Self.alice)\0s3cret".utf8)).isSuccess)
        }
    }

    /// An unknown user shows one salt, whatever mailbox it asks for, as a known one does.
    @Test("whether there is such a login is not told by its salt") func decoys() {
        func salt(_ user: String) -> Substring {
            var exchange = Self.house().exchange(.scramSHA256)
            let client = SCRAMClient(.sha256, user: user, password: "x")
            guard case .challenged(let message) = Self.house().settle(exchange.begin(client.first), &exchange) else { return "" }
            return String(decoding: message, as: UTF8.self).split(separator: ",")[1]
        }
        for user in [Self.alice, "nobody@example.org"] {
            let own = salt(user)
            #expect(own.hasPrefix("s="))
            for other in [Self.info, "sales@example.org"] { #expect(salt("\(other)*\(user)") == own) }
        }
        #expect(salt("\(Self.info)*nobody@example.org") != salt("\(Self.info)*noone@example.org"))
    }
}

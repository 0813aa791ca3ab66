// APOP (RFC 1939 §7): the RFC's own example, and everything that is not it.

import Mail
import SASLClients
import Testing

@testable import SASL

@Suite struct APOPTests {
    private static let house: House = {
        var house = House()
        house.users["mrose"] = "tanstaaf"
        house.users["m rose"] = "grün"
        return house
    }()
    private static let timestamp = "<1896.697170952@dbc.mtview.ca.us>"

    @Test("the example of the RFC comes in") func example() {
        let said = Array("\(Self.timestamp) c4c9334bac560ecc979e58001b3e22fb mrose".utf8)
        #expect(Self.house.play(.apop, initial: said) == .succeeded(user: "mrose", authorization: nil, final: nil))
    }

    @Test("a name with spaces, a password beyond ASCII") func spaces() {
        let said = SASLClients.apop(user: "m rose", password: "grün", timestamp: Self.timestamp)
        #expect(Self.house.play(.apop, initial: said).isSuccess)
    }

    @Test(
        "anything else does not",
        arguments: [
            "<1896.697170953@dbc.mtview.ca.us> c4c9334bac560ecc979e58001b3e22fb mrose",
            "<1896.697170952@dbc.mtview.ca.us> c4c9334bac560ecc979e58001b3e22fc mrose",
            "<1896.697170952@dbc.mtview.ca.us> C4C9334BAC560ECC979E58001B3E22FB mrose",
            "<1896.697170952@dbc.mtview.ca.us> c4c9334bac560ecc979e58001b3e22fb alice",
            "<1896.697170952@dbc.mtview.ca.us> c4c9334bac560ecc979e58001b3e22fb nobody",
            "<1896.697170952@dbc.mtview.ca.us> c4c9334bac560ecc979e58001b3e22fb ", "", " ", "  ",
            "<1896.697170952@dbc.mtview.ca.us> c4c9334bac560ecc979e58001b3e22fb",
            "<1896.697170952@dbc.mtview.ca.us> c4c9334bac560ecc979e58001b3e22 mrose",
        ])
    func refused(said: String) {
        #expect(!Self.house.play(.apop, initial: Array(said.utf8)).isSuccess)
    }

    @Test("a verifier of another kind proves nothing") func otherKind() {
        var exchange = Self.house.exchange(.apop)
        _ = exchange.begin(SASLClients.apop(user: "mrose", password: "tanstaaf", timestamp: Self.timestamp))
        guard case .failed = exchange.found(Self.house.verifier("mrose", .cramMD5)) else {
            Issue.record("let in")
            return
        }
    }
}

// What other people's programs said, played again.

import Mail
import SASL
import SASLClients
import Testing

/// One login of a program to `House`'s surroundings. The user's password is the one that the store knows.
struct Recorded: CustomTestStringConvertible {
    let peer: String
    let mechanism: SASLMechanism
    let user: String
    let password: String
    /// The channel was bound to the octets 0 to 31.
    let isBound: Bool
    let text: String

    init(peer: String, _ mechanism: SASLMechanism, user: String, password: String, isBound: Bool, _ text: String) {
        (self.peer, self.mechanism, self.user, self.password) = (peer, mechanism, user, password)
        (self.isBound, self.text) = (isBound, text)
    }

    var testDescription: String { "\(peer), \(mechanism.rawValue), \(user)" }
}

@Suite struct RecordedTests {
    @Test("D8, T-23: the logins of gsasl, curl, swaks and scramp", arguments: Recorded.logins)
    func logins(recorded: Recorded) { replay(recorded) }

    @Test("P-16: the logins of curl, pyspnego, ntlm-auth and impacket by NTLM", arguments: Recorded.ntlm)
    func ntlm(recorded: Recorded) { replay(recorded) }

    private func replay(_ recorded: Recorded) {
        var house = House()
        house.users = [recorded.user: recorded.password]
        house.surroundings.channelBinding = recorded.isBound ? Array(0..<32) : nil
        var exchange = house.exchange(recorded.mechanism)
        var said: House.Progress?
        for line in recorded.text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            switch (words[0], words[1]) {
            case ("C:", "-"): said = house.settle(exchange.begin(nil), &exchange)
            case ("C:", "I"): said = house.settle(exchange.begin(Base64Text.octets(words[2])), &exchange)
            case ("C:", let octets): said = house.settle(exchange.respond(Base64Text.octets(octets)), &exchange)
            case ("S:", "C"): #expect(said == .challenged(words.count > 2 ? Base64Text.octets(words[2]) : []))
            case ("S:", "OK"):
                let final = words[4] == "-" ? nil : String(decoding: Base64Text.octets(words[4]), as: UTF8.self)
                let authorization = words[3] == "-" ? nil : words[3]
                #expect(said == .ended(.succeeded(user: words[2], authorization: authorization, final: final)))
            default:
                guard case .ended(.failed) = said else {
                    Issue.record("\(line) was expected, not \(String(describing: said))")
                    return
                }
            }
        }
    }
}

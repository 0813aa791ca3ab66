// The addresses that one attempt may connect to, in their order, found while they are needed.

import DNS
import Mail
import NIOCore
import SMTP
import TLS

/// One address of one host.
struct Candidate: Sendable {
    let host: String
    let address: InternetAddress
    let port: UInt16

    var description: String { host == "\(address)" ? "[\(address)]:\(port)" : "\(host)[\(address)]:\(port)" }
}

/// The walk over hosts and their addresses. Ends after `limit` addresses, whatever the DNS says.
struct Candidates: Sendable {
    private let port: UInt16
    private var hosts: ArraySlice<String>
    private var addresses: ArraySlice<InternetAddress> = []
    private var host = ""
    private var left: Int
    /// Whether a host without an address is a reason to give the message up: not with a smart host, whose name is a
    /// setting of ours.
    private let isNameFinal: Bool
    /// Why hosts had no address.
    private(set) var trouble: Fate?

    init(hosts: [String], port: UInt16, limit: Int, isNameFinal: Bool) {
        self.hosts = hosts[...]
        self.port = port
        self.isNameFinal = isNameFinal
        left = limit
    }

    mutating func next(_ resolver: any DNS.Resolver) async -> Candidate? {
        while left > 0 {
            if let address = addresses.popFirst() {
                left -= 1
                return Candidate(host: host, address: address, port: port)
            }
            guard let next = hosts.popFirst() else { return nil }
            host = next
            await look(resolver)
        }
        return nil
    }

    private mutating func look(_ resolver: any DNS.Resolver) async {
        if let literal = InternetAddress(host) {
            addresses = [literal]
            return
        }
        switch await resolver.addresses(host) {
        case .records(let found): addresses = found[...]
        case .temporaryFailure(let because):
            note(Fate(.deferred, AttemptFailure(.nameServerTrouble, while: .resolving, text: because)))
        case .noData: missing("The host \(host) has no address")
        case .noSuchDomain: missing("The host \(host) does not exist")
        }
    }

    private mutating func missing(_ text: String) {
        note(Fate(isNameFinal ? .failed : .deferred, .noExchange, status: isNameFinal ? "5.4.4" : "4.4.4", text: text))
    }

    /// What may pass stays in mind: as long as one host may come back, nothing is final.
    private mutating func note(_ fate: Fate) {
        if trouble == nil || fate.kind == .deferred { trouble = fate }
    }
}

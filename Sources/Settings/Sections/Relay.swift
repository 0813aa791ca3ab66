// [relay]: from whom mail for strangers is taken.

import Mail

/// An entry of `relay.trusted`.
package enum TrustedNetwork: Sendable, Hashable {
    case loopback
    /// The private subnets that this machine has an address in; never a public one (T-09).
    case privateSubnets
    case range(AddressRange)

    static let words: [(word: String, network: TrustedNetwork)] = [
        ("loopback", .loopback), ("private-subnets", .privateSubnets),
    ]

    /// As it is written in the file.
    package var text: String {
        switch self {
        case .range(let range): range.description
        default: TrustedNetwork.words.first { $0.network == self }?.word ?? ""
        }
    }
}

extension Settings {
    package struct Relay: Sendable, Equatable {
        package enum Policy: String, Sendable, CaseIterable, SettingWord {
            case closed, open
        }

        /// What a login is worth (A-13 … A-16).
        package enum Authentication: String, Sendable, CaseIterable, SettingWord {
            case accepted, required, off
        }

        package enum Accounts: String, Sendable, CaseIterable, SettingWord {
            case any, single
        }

        /// Whether mail for others is taken at all (A-03).
        package let enabled: Bool
        package let policy: Policy
        package let authentication: Authentication
        package let accounts: Accounts
        /// The single login of A-16.
        package let user: String?
        package let passwordFile: String?
        /// Whether `trusted` restricts also those who logged in (A-17).
        package let rangeControl: Bool
        package let blockOwn: Bool
        package let allowOwn: Bool
        /// The administrator has said in so many words that an open relay at a public address is wanted (D1).
        package let acceptsOpenRelay: Bool
        package let trusted: [TrustedNetwork]
        package let safe: [AddressRange]

        init(_ reading: Reading, _ listen: [ListenService]) {
            let table = reading.section(
                "relay", "From whom mail for other servers is taken. Mail for our own domains is taken from everybody.",
                rooms: [.router])
            policy = table.value(
                "policy", .word, default: .closed,
                "closed: only from those listed here and from users who logged in. open: from the whole world.")
            acceptsOpenRelay = table.value(
                "i_accept_open_relay", .truth, default: false,
                "Needed for policy = \"open\" when a port is reachable from outside. "
                    + "Spammers find such a server within hours."
            )
            trusted = table.value(
                "trusted", .list(of: .trusted, count: 0...1_000), default: [.loopback, .privateSubnets],
                "Who may relay. loopback is this machine; private-subnets are the private networks it has an "
                    + "address in. What is written here replaces the default.")
            safe = table.value(
                "safe", .list(of: .range, count: 0...1_000), default: [],
                "Who may relay whatever any restriction says. Keep it as small as you can.")
            enabled = table.value(
                "enabled", .truth, default: true, rooms: [.listener, .router],
                "Whether mail for other servers is taken at all. Off: only mail for our own addresses.")
            authentication = table.value(
                "authentication", .word, default: .accepted, rooms: [.listener, .router],
                "accepted: who logged in may relay, and so may those in trusted. required: only who logged in. "
                    + "off: a login gives no right to relay.")
            accounts = table.value(
                "accounts", .word, default: .any,
                "any: every account may log in to relay. single: only relay.user, and no account.")
            user = table.optional(
                "user", .userName, example: "relay", rooms: [.store, .router],
                "The name of the single login, which has no mailbox.")
            passwordFile = table.optional(
                "password_file", .path, example: "/etc/postern/secrets/relay", rooms: [.store],
                "A file with the password of relay.user in its first line.")
            rangeControl = table.value(
                "range_control", .truth, default: false,
                "Whether trusted is also a restriction: who is not in it may not relay, logged in or not, and is "
                    + "disconnected at once at a port with role = \"outgoing\".")
            blockOwn = table.value(
                "block_own", .truth, default: false, "Whether the addresses of this machine itself may not relay.")
            allowOwn = table.value(
                "allow_own", .truth, default: false,
                "Whether the addresses of this machine itself are safe: they may relay whatever any restriction says.")
            checkLogin(table)
            guard policy == .open else { return }
            let reachable = listen.first {
                ($0.service == .smtp || $0.service == .submission) && !$0.isDisabled && !Relay.isInside($0.address)
            }
            if let reachable, !acceptsOpenRelay {
                table.report(
                    "policy",
                    "an open relay on \(reachable.isEveryAddress ? "every address" : reachable.address), port "
                        + "\(reachable.port), needs relay.i_accept_open_relay = true")
            } else {
                table.report(
                    "policy", "OPEN RELAY: everybody may send to everybody through this server", isWarning: true)
            }
        }

        private func checkLogin(_ table: Section) {
            if accounts == .single, user == nil || passwordFile == nil {
                table.report("accounts", "\"single\" needs relay.user and relay.password_file")
            }
            if blockOwn, allowOwn {
                table.report("block_own", "relay.allow_own is on too, and wins", isWarning: true)
            }
        }

        /// Whether a port's address can only be reached from this machine or from private networks.
        private static func isInside(_ text: String) -> Bool {
            guard let address = InternetAddress(text) else { return false }
            return address.isLoopback || PrivateNetworks.contains(address)
        }
    }
}

extension Form where Value == AddressRange {
    static var range: Form {
        let allowed = "an address, \"10.0.0.0/8\", \"10.0.0.5-10.0.0.9\", \"192.168.1.%\", \"2001:db8::/32\""
        return Form(type: "range", allowed: allowed, write: { tomlText($0.description) }) { node in
            guard case .text(let text) = node.value else { return .failure(.kind("text in quotation marks", node)) }
            return AddressRange(text).map { .success($0) } ?? .failure(.notARange(text))
        }
    }
}

extension Form where Value == TrustedNetwork {
    static var trusted: Form {
        let words = TrustedNetwork.words.map { $0.word }
        let allowed = (words.map(tomlText) + [Form<AddressRange>.range.allowed]).joined(separator: ", ")
        return Form(type: "range", allowed: allowed, write: { tomlText($0.text) }) { node in
            guard case .text(let text) = node.value else { return .failure(.kind("text in quotation marks", node)) }
            if let known = TrustedNetwork.words.first(where: { $0.word == text }) { return .success(known.network) }
            if let range = AddressRange(text) { return .success(.range(range)) }
            guard text.utf8.contains(where: { (UInt8(ascii: "g")...UInt8(ascii: "z")).contains($0 | 0x20) }) else {
                return .failure(.notARange(text))
            }
            return .failure(
                FormError(
                    message: "\(tomlText(text)) is neither a word nor a range",
                    nearest: Nearest.word(to: text, among: words)))
        }
    }
}

extension FormError {
    static func notARange(_ text: String) -> FormError {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, InternetAddress(parts[0]) != nil, let length = Int(parts[1]), length >= 0,
            length <= (parts[0].contains(":") ? 128 : 32)
        {
            return FormError(message: "\(tomlText(text)) has bits set behind the prefix")
        }
        return FormError(message: "\(tomlText(text)) is not an address or a range of addresses")
    }
}

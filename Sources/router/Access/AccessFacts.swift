// What the access decision looks at: facts of a session that change from client to client, and the settings that do not.

/// What is known about a client at one of our ports. Made anew for every recipient, so that an address which is taken off
/// a list loses its right at the next RCPT (E-15a).
struct AccessFacts: Hashable, Sendable {
    /// What the port is for.
    enum Role: String, Hashable, Sendable, CaseIterable {
        /// Mail for us and mail through us.
        case both
        /// Mail for us only.
        case incoming
        /// Mail through us only: a port of its own for submission.
        case outgoing
    }

    /// Who has logged in during the session.
    enum Login: Hashable, Sendable {
        case none
        /// A hosted account, by its name.
        case account(String)
        /// The stand-alone login for relaying, which has no mailbox.
        case single
    }

    /// What becomes of recipients that are neither ours nor relayed (D2).
    enum Accept: String, Hashable, Sendable, CaseIterable {
        case local, any
    }

    var role: Role
    var accept: Accept
    /// Whether strangers can connect to the port: it is not bound to loopback or a private network only (D1).
    var isReachableFromOutside: Bool
    /// Safe IPs: settings and run-time list together.
    var isSafeListed: Bool
    /// The client's address is one of this machine's.
    var isOwnAddress: Bool
    /// Trusted hosts (T-10), authorised IPs (E-07) and IP ranges are one list.
    var isInTrustedList: Bool
    var login: Login

    init(
        role: Role = .both, accept: Accept = .local, isReachableFromOutside: Bool = true, isSafeListed: Bool = false,
        isOwnAddress: Bool = false, isInTrustedList: Bool = false, login: Login = .none
    ) {
        self.role = role
        self.accept = accept
        self.isReachableFromOutside = isReachableFromOutside
        self.isSafeListed = isSafeListed
        self.isOwnAddress = isOwnAddress
        self.isInTrustedList = isInTrustedList
        self.login = login
    }
}

/// What the directory says a recipient is.
enum RecipientKind: Hashable, Sendable, CaseIterable {
    /// It exists here, or a domain of ours sends it on: an alias, a domain transport, a catch-all.
    case local
    /// The domain is ours, the address does not exist.
    case localUnknown
    /// The domain is not ours.
    case foreign
}

extension RecipientKind {
    init(_ rule: Classification.Rule) {
        self =
            switch rule {
            case .foreign: .foreign
            case .unresolved(.unknown): .localUnknown
            case .receiveRule, .processor, .user, .folder, .alias, .transport, .catchAll, .postmaster, .unresolved: .local
            }
    }
}

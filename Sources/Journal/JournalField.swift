// The names of the fields of a line. A name means the same in every event.

package enum JournalField: String, Sendable, CaseIterable {
    // Who and what.
    case trace
    case service
    case client
    case clientPort = "client-port"
    case address
    case port
    case greeting
    case user
    case mechanism
    case account
    case owner
    case mailbox

    // A message and its envelope.
    case message
    case sender
    case recipient
    case recipients
    case size
    case destination

    // What became of it.
    case code
    case status
    case reply
    case reason
    case rule
    case outcome
    case category
    case remote
    case attempt
    case retryAfter = "retry-after"
    case lease

    // The house.
    case release
    case edge
    case peer
    case pid
    case uid
    case path
    case file
    case key
    case wall
    case instance

    // Figures.
    case count
    case messages
    case octets
    case milliseconds = "ms"
    case label
    case text
    case detail

    /// For the documentation.
    package var meaning: String {
        switch self {
        case .trace: "follows one session and its messages through all rooms: 32 hexadecimal digits"
        case .service: "smtp, submission, lmtp, pop3"
        case .client: "the stranger's address"
        case .clientPort: "the stranger's port"
        case .address: "an address of ours, or of a server that we called"
        case .port: "the port at that address"
        case .greeting: "the argument of HELO or EHLO"
        case .user: "the name given at a login, or the user that a room runs as"
        case .mechanism: "how a client has logged in, as IANA names it"
        case .account: "the account's number in the directory"
        case .owner: "whose limit it is: an account's address, or a domain"
        case .mailbox: "the address of the account whose mailbox a login opens, where it has asked for one"
        case .message: "the message's number in the store, as in \"Queued as\": 16 hexadecimal digits"
        case .sender: "the envelope's sender; empty for the null sender"
        case .recipient: "one recipient of the envelope"
        case .recipients: "how many recipients"
        case .size: "octets of a message"
        case .destination: "the domain or the host that a message goes to"
        case .code: "the SMTP reply's code"
        case .status: "the enhanced status code"
        case .reply: "what the stranger was told"
        case .reason: "why, for the administrator; never told to strangers"
        case .rule: "the rule that decided"
        case .outcome: "delivered, deferred, failed"
        case .category: "the class of an attempt's end: docs/rooms/delivery.md"
        case .remote: "the other server's name and address"
        case .attempt: "the attempt's number, from 1"
        case .retryAfter: "seconds until the next attempt"
        case .lease: "the lease's number"
        case .release: "the program's version"
        case .edge: "the road between two rooms, such as listener-router"
        case .peer: "the room at the other end"
        case .pid: "a process's number"
        case .uid: "a user's number"
        case .path: "a file or a socket"
        case .file: "a segment or a message's own file"
        case .key: "a setting"
        case .wall: "a wall of the sandbox"
        case .instance: "which of several processes of a room"
        case .count: "how many"
        case .messages: "how many messages"
        case .octets: "how many octets"
        case .milliseconds: "how long it took, in milliseconds"
        case .label: "the library that speaks"
        case .text: "the library's words, or the other server's"
        case .detail: "more of the same"
        }
    }
}

// Tickets: proof of a login that the listener carries and cannot make. One for a mailbox is good once, for seconds; one for
// sending is good for a day, again and again, since a session shows it with every message.

import Crypto
import IPC
import Mail
import NIOCore
import Synchronization

package final class Tickets: Sendable {
    /// Milliseconds from the login on.
    package static let mailboxLifetime: Int64 = 30_000
    package static let sendingLifetime: Int64 = 86_400_000
    /// Tickets for mailboxes that are out at once; beyond it the oldest are no good any more.
    private static let outstanding = 100_000

    private struct State {
        var open: Set<UInt64> = []
        var order = CircularBuffer<(number: UInt64, until: Int64)>()
        var next: UInt64 = 0

        /// Forgets what has expired, and the oldest beyond the limit.
        mutating func add(_ number: UInt64, until: Int64, now: Int64) {
            while let first = order.first, first.until <= now || order.count >= Tickets.outstanding {
                open.remove(first.number)
                order.removeFirst()
            }
            open.insert(number)
            order.append((number, until))
        }
    }

    /// What a ticket is good for.
    private enum Purpose: UInt8 {
        case mailbox = 1
        case sending = 2

        init(_ service: ServiceName) {
            switch service {
            case .pop3: self = .mailbox
            case .smtp, .submission, .lmtp: self = .sending
            }
        }
    }

    /// What a ticket of ours says.
    struct Content {
        var resident: Directory.Resident
        /// Whose INBOX it is for: the login's own, unless it was issued for another.
        var maildrop: AccountID
        var mayRemove: Bool
    }

    // Version 3: version (1), purpose (1), account (8), generation (4), expiry (8), number (8), the maildrop's account (8),
    // whether messages may be removed from it (1), name (the rest, UTF-8), and HMAC-SHA256 of these (32).
    private static let version: UInt8 = 3
    private static let bodyLength = 39
    private static let longest = 512

    private let key = SymmetricKey(size: .bits256)
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())

    /// The key lives as long as the process: a restart makes every ticket worthless.
    package init(now: @escaping @Sendable () -> Int64) { self.now = now }

    /// - Parameters:
    ///   - end: no ticket is good from this time on; nil: only its own lifetime ends it.
    ///   - maildrop: nil: the login's own.
    func issue(
        _ resident: Directory.Resident, for service: ServiceName, until end: Int64? = nil, maildrop: ChosenMaildrop? = nil
    ) -> Ticket {
        let time = now()
        let purpose = Purpose(service)
        let until = min(time + (purpose == .mailbox ? Self.mailboxLifetime : Self.sendingLifetime), end ?? .max)
        let number = state.withLock { state in
            state.next += 1
            if purpose == .mailbox { state.add(state.next, until: until, now: time) }
            return state.next
        }
        var body: [UInt8] = [Self.version, purpose.rawValue]
        body.append(resident.account.rawValue)
        body.append(resident.generation)
        body.append(until)
        body.append(number)
        body.append(maildrop?.account.rawValue ?? resident.account.rawValue)
        body += [maildrop?.mayRemove == false ? 0 : 1]
        body += resident.name.utf8
        return Ticket(bytes: body + HMAC<SHA256>.authenticationCode(for: body, using: key))
    }

    /// What it proves, if the ticket is ours, for this service, and still good. Whether these accounts are still there is not
    /// known here.
    func redeem(_ ticket: Ticket, for service: ServiceName) -> Content? {
        let length = ticket.bytes.count - SHA256.byteCount
        guard (Self.bodyLength...Self.longest).contains(length), ticket.bytes[0] == Self.version else { return nil }
        let body = ticket.bytes[..<length]
        guard HMAC<SHA256>.isValidAuthenticationCode(ticket.bytes[length...], authenticating: body, using: key) else {
            return nil
        }
        let purpose = Purpose(service)
        guard body[1] == purpose.rawValue, body.number(at: 14) as Int64 > now() else { return nil }
        if purpose == .mailbox {
            let number: UInt64 = body.number(at: 22)
            guard state.withLock({ $0.open.remove(number) }) != nil else { return nil }
        }
        let resident = Directory.Resident(
            account: AccountID(rawValue: body.number(at: 2)),
            name: String(decoding: body[Self.bodyLength...], as: UTF8.self), generation: body.number(at: 10))
        return Content(
            resident: resident, maildrop: AccountID(rawValue: body.number(at: 30)), mayRemove: body[38] == 1)
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }
}

extension ArraySlice<UInt8> {
    fileprivate func number<Number: FixedWidthInteger>(at offset: Int) -> Number {
        self[(startIndex + offset)..<(startIndex + offset + Number.bitWidth / 8)].reduce(0) {
            $0 << 8 | Number(truncatingIfNeeded: $1)
        }
    }
}

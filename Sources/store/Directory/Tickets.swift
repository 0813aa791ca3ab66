// Tickets: proof of a login that the listener carries and cannot make. Good once, for one service, for seconds.

import Crypto
import IPC
import Mail
import NIOCore
import Synchronization

package final class Tickets: Sendable {
    /// Milliseconds from the login on.
    package static let lifetime: Int64 = 30_000
    /// Tickets that are out at once; beyond it the oldest are no good any more.
    private static let outstanding = 100_000

    private struct State {
        var open: Set<UInt64> = []
        var order = CircularBuffer<(number: UInt64, until: Int64)>()
        var next: UInt64 = 0

        /// Forgets what has expired, and the oldest beyond the limit.
        mutating func add(until: Int64, now: Int64) -> UInt64 {
            while let first = order.first, first.until <= now || order.count >= Tickets.outstanding {
                open.remove(first.number)
                order.removeFirst()
            }
            next += 1
            open.insert(next)
            order.append((next, until))
            return next
        }
    }

    // Version 1: version (1), account (8), service (1), expiry (8), number (8), HMAC-SHA256 of these (32).
    private static let version: UInt8 = 1
    private static let bodyLength = 26

    private let key = SymmetricKey(size: .bits256)
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())

    /// The key lives as long as the process: a restart makes every ticket worthless.
    package init(now: @escaping @Sendable () -> Int64) { self.now = now }

    package func issue(_ account: AccountID, for service: ServiceName) -> Ticket {
        let time = now()
        let until = time + Self.lifetime
        let number = state.withLock { $0.add(until: until, now: time) }
        var body: [UInt8] = [Self.version]
        body.append(UInt64(bitPattern: account.rawValue))
        body.append(Self.mark(service))
        body.append(UInt64(bitPattern: until))
        body.append(number)
        return Ticket(bytes: body + HMAC<SHA256>.authenticationCode(for: body, using: key))
    }

    /// The account, if the ticket is ours, for this service, still good, and shown for the first time.
    package func redeem(_ ticket: Ticket, for service: ServiceName) -> AccountID? {
        guard ticket.bytes.count == Self.bodyLength + SHA256.byteCount, ticket.bytes[0] == Self.version else { return nil }
        let body = ticket.bytes[..<Self.bodyLength]
        let code = ticket.bytes[Self.bodyLength...]
        guard HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: body, using: key) else { return nil }
        guard body[9] == Self.mark(service), Int64(bitPattern: body.number(at: 10)) > now() else { return nil }
        let number = body.number(at: 18)
        guard state.withLock({ $0.open.remove(number) }) != nil else { return nil }
        return AccountID(rawValue: Int64(bitPattern: body.number(at: 1)))
    }

    private static func mark(_ service: ServiceName) -> UInt8 {
        switch service {
        case .smtp: 1
        case .submission: 2
        case .pop3: 3
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ number: UInt64) { Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) } }
}

extension ArraySlice<UInt8> {
    fileprivate func number(at offset: Int) -> UInt64 {
        self[(startIndex + offset)..<(startIndex + offset + 8)].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

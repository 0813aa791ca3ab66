// Passwords that were right a moment ago, as keyed hashes in memory: a program that logs in every minute does not cost a slow
// hash each time. An account's generation is hashed with its password, so whatever ends one of its passwords ends this too.

import Crypto
import Mail
import Synchronization

final class RememberedPasswords: Sendable {
    /// Milliseconds.
    static let time: Int64 = 300_000
    private static let limit = 100_000

    private struct Known {
        let password: StoredPassword
        let until: Int64
    }

    private let key = SymmetricKey(size: .bits256)
    /// By codes, of which nobody can make one without the key: how long a look takes tells nothing of them.
    private let known = Mutex<[[UInt8]: Known]>([:])

    /// Which password of the account it is; nil: not known. Whether it is still good for something is not looked at.
    func find(_ password: Secret, of resident: Directory.Resident, at now: Int64) -> StoredPassword? {
        let code = code(password, resident)
        guard let known = known.withLock({ $0[code] }), known.until > now else { return nil }
        return known.password
    }

    func add(_ password: Secret, _ stored: StoredPassword, of resident: Directory.Resident, at now: Int64) {
        let code = code(password, resident)
        known.withLock { known in
            if known.count >= Self.limit { known = known.filter { $0.value.until > now } }
            if known.count < Self.limit { known[code] = Known(password: stored, until: now + Self.time) }
        }
    }

    private func code(_ password: Secret, _ resident: Directory.Resident) -> [UInt8] {
        var hash = HMAC<SHA256>(key: key)
        withUnsafeBytes(of: resident.account.rawValue) { hash.update(data: $0) }
        withUnsafeBytes(of: resident.generation) { hash.update(data: $0) }
        hash.update(data: password.bytes)
        return Array(hash.finalize())
    }
}

// Hashes of passwords by the system's libcrypt, on threads of their own: a hash is meant to take long.

import CCrypt
import Glibc
import Mail
import NIOPosix
import SASL
import Synchronization

/// Makes and checks hashes. The work that waits is bounded: a flood of wrong passwords must not eat the memory.
package final class PasswordHashes: Sendable {
    package struct Limits: Sendable {
        package var threads = 1
        /// Checks that wait at once.
        package var waiting = 256
        /// yescrypt's cost, 1 to 11: each step doubles time or memory. 5 is Debian's.
        package var cost: UInt = 5
        /// Of SCRAM verifiers that are made.
        package var iterations = SCRAMKeys.defaultIterations

        package init() {}
    }

    package enum Failure: Error, Sendable, Equatable {
        /// More checks wait than there may.
        case busy
        /// libcrypt cannot do it, or the password cannot be hashed (too long, with a NUL).
        case impossible(String)
    }

    let limits: Limits
    /// nil: no password is kept that must be had again.
    let vault: PasswordVault?
    private let threads: NIOThreadPool
    private let waiting = Mutex(0)
    /// The hash of a password that nobody has: who does not exist takes as long as who does.
    private let nobody = Mutex<String?>(nil)

    package init(_ limits: Limits, vault: PasswordVault? = nil) {
        self.limits = limits
        self.vault = vault
        threads = NIOThreadPool(numberOfThreads: limits.threads)
        threads.start()
        // Made before the first stranger comes, who would otherwise wait for it.
        threads.submit { [self] _ in _ = try? nobodysHash() }
    }

    package func stop() { try? threads.syncShutdownGracefully() }

    /// The place of the hash that is the password's, of a kind that libcrypt or `MadePassword` knows; nil: none is. Without
    /// one that libcrypt knows it takes the time of one.
    package func check(
        _ password: Secret, against hashes: [String], _ done: @escaping @Sendable (Result<Int?, Failure>) -> Void
    ) {
        if let made = hashes.firstIndex(where: { MadePassword.isRight(password, $0) }) { return done(.success(made)) }
        run(done) { [self] () throws(Failure) -> Int? in
            var isHashed = false
            for (index, hash) in hashes.enumerated() where !MadePassword.isHash(hash) {
                guard let again = Self.crypt(password, setting: hash) else { continue }
                isHashed = true
                if Self.isSame(again, hash) { return index }
            }
            if !isHashed { _ = Self.crypt(password, setting: try nobodysHash()) }
            return nil
        }
    }

    func run<Value: Sendable>(
        _ done: @escaping @Sendable (Result<Value, Failure>) -> Void,
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) {
        let isTaken = waiting.withLock { waiting in
            guard waiting < limits.waiting else { return false }
            waiting += 1
            return true
        }
        guard isTaken else { return done(.failure(.busy)) }
        threads.submit { [self] state in
            waiting.withLock { $0 -= 1 }
            guard case .active = state else { return done(.failure(.busy)) }
            do throws(Failure) { done(.success(try body())) } catch { done(.failure(error)) }
        }
    }

    private func nobodysHash() throws(Failure) -> String {
        if let known = nobody.withLock({ $0 }) { return known }
        let made = try Self.hash(Secret((0..<16).map { _ in UInt8.random(in: 1...255) }), cost: limits.cost)
        nobody.withLock { $0 = made }
        return made
    }
}

// libcrypt.
extension PasswordHashes {
    /// A new hash with a salt of the system's randomness.
    static func hash(_ password: Secret, cost: UInt) throws(Failure) -> String {
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        guard crypt_gensalt_rn("$y$", cost, nil, 0, &setting, Int32(setting.count)) != nil else {
            throw .impossible("libcrypt makes no yescrypt setting of cost \(cost) (errno \(errno))")
        }
        let text = String(decoding: setting.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let hash = crypt(password, setting: text) else {
            throw .impossible("the password cannot be hashed: it is empty, too long, or has an octet 0")
        }
        return hash
    }

    /// nil: libcrypt does not know the setting, or does not take the password.
    private static func crypt(_ password: Secret, setting: String) -> String? {
        let longest = Int(CRYPT_MAX_PASSPHRASE_SIZE)
        guard !password.bytes.isEmpty, password.bytes.count < longest, !password.bytes.contains(0) else { return nil }
        let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        memset(data, 0, MemoryLayout<crypt_data>.size)
        defer {
            explicit_bzero(data, MemoryLayout<crypt_data>.size)
            data.deallocate()
        }
        var phrase = password.bytes.map { CChar(bitPattern: $0) } + [0]
        defer { explicit_bzero(&phrase, phrase.count) }
        let size = Int32(MemoryLayout<crypt_data>.size)
        guard let hash = crypt_rn(phrase, setting, data, size), hash.pointee != CChar(UInt8(ascii: "*")) else {
            return nil
        }
        return String(cString: hash)
    }

    /// In a time that does not tell where they differ.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

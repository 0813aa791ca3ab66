// A new password as it is kept: libcrypt's hash, and a verifier for each mechanism that never shows the password.

import Mail
import SASL

extension PasswordHashes {
    /// Made for everybody: whoever reads these cannot log in with them.
    private static let always: [VerifierKind] = [.scramSHA256, .scramSHA1]

    /// - Parameter more: kinds beside SCRAM. Whoever reads such a verifier can log in with it: only where it was asked for.
    package func keep(
        _ password: Secret, more: Set<VerifierKind> = [], _ done: @escaping @Sendable (Result<KeptPassword, Failure>) -> Void
    ) {
        run(done) { [self] () throws(Failure) -> KeptPassword in
            guard let prepared = Preparation.password(password.bytes) else { throw Self.unusable }
            let kinds = Self.always + more.subtracting(Self.always).sorted { $0.rawValue < $1.rawValue }
            var verifiers: [Verifier] = []
            for kind in kinds { verifiers.append(try seal(try Self.verifier(kind, of: password, limits.iterations))) }
            return KeptPassword(hash: try Self.hash(prepared, cost: limits.cost), verifiers: verifiers)
        }
    }

    /// For a start or a reload, where there is nothing else to do. Blocks.
    func keepAndWait(_ password: Secret, more: Set<VerifierKind>) -> Result<KeptPassword, Failure> {
        blocking { keep(password, more: more, $0) }
    }

    /// A hash alone: of a password that no verifier is made of.
    func hash(_ password: Secret, _ done: @escaping @Sendable (Result<String, Failure>) -> Void) {
        run(done) { [limits] () throws(Failure) -> String in
            guard let prepared = Preparation.password(password.bytes) else { throw Self.unusable }
            return try Self.hash(prepared, cost: limits.cost)
        }
    }

    /// What would be the password itself is kept sealed.
    private func seal(_ verifier: Verifier) throws(Failure) -> Verifier {
        guard case .apop(let password) = verifier else { return verifier }
        guard let vault else { throw .impossible("this password cannot be kept for APOP") }
        do throws(StoreFault) { return .apop(try vault.seal(password)) } catch { throw .impossible(error.description) }
    }

    private static func verifier(
        _ kind: VerifierKind, of password: Secret, _ iterations: Int
    ) throws(Failure) -> Verifier {
        let salt = (0..<SCRAMKeys.usualSaltCount).map { _ in UInt8.random(in: 0...255) }
        do throws(Verifier.Unusable) {
            return try Verifier.make(kind, password: password, salt: salt, iterations: iterations)
        } catch {
            throw error == .password ? unusable : .impossible("no \(kind.rawValue) verifier can be made: \(error)")
        }
    }

    private static var unusable: Failure {
        .impossible(
            "the password is empty, longer than \(Preparation.passwordLimit) octets, not UTF-8, or holds control characters: "
                + "choose another")
    }
}

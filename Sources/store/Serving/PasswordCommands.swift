// The administrator's words about the passwords that a user has beside the own one.

import IPC
import Mail
import SASL

extension DirectoryCommands {
    /// - Returns: false for what is not about them.
    func changePasswords(
        _ question: CommandToStore.Question, _ answer: @escaping Answering
    ) throws(FormFault) -> Bool {
        switch question {
        case .addPassword(let address, let new): try add(new, to: address, answer)
        case .removePassword(let address, let name):
            make(.removePassword(address, name: name), "the password \"\(name)\" of \(address) is gone", answer)
        case .setPasswordScopes(let address, let scopes):
            let scopes = try DirectoryForm.scopes(scopes)
            let what = "the own password of \(address) is good for \(scopes?.text ?? "everything")"
            make(.setPasswordScopes(address, scopes), what, answer)
        default: return false
        }
        return true
    }

    private func add(
        _ new: NewPassword, to address: EmailAddress, _ answer: @escaping Answering
    ) throws(FormFault) {
        var stored = StoredPassword(name: try DirectoryForm.passwordName(new.name), hash: "")
        stored.scopes = try DirectoryForm.scopes(new.scopes)
        stored.expiresAt = new.expiresAt
        let what = "\(address) has a password \"\(new.name)\" for \(stored.scopes?.text ?? "everything")"
        guard let given = new.password else {
            let made = MadePassword.make()
            stored.hash = MadePassword.hash(made)
            return make(.addPassword(address, stored), what) { result in
                if case .done = result { answer(.madePassword(made)) } else { answer(result) }
            }
        }
        hashes.hash(given) { [stored] result in
            switch result {
            case .success(let hash):
                var stored = stored
                stored.hash = hash
                make(.addPassword(address, stored), what, answer)
            case .failure(let failure): answer(.refused(failure.sentence))
            }
        }
    }

    func passwords(of address: EmailAddress) async -> CommandToStore.Answer {
        guard let account = directory.resident(address)?.account else { return .refused("there is no account \(address)") }
        do throws(DatabaseError) {
            var entries: [PasswordEntry] = []
            for password in try await database.passwords(of: account) where !password.hash.isEmpty {
                var kinds: Set<VerifierKind> = []
                for kind in VerifierKind.allCases where password.name == nil {
                    if try await database.verifier(kind, of: account) != nil { kinds.insert(kind) }
                }
                let mechanisms = SASLMechanism.satisfied(by: kinds, hasPassword: true).map(\.rawValue)
                entries.append(PasswordEntry(password, mechanisms: mechanisms))
            }
            return .passwords(entries)
        } catch { return .refused("the index cannot be read: \(error)") }
    }
}

extension DirectoryForm {
    static func passwordName(_ name: String) throws(FormFault) -> String {
        guard NewPassword.isName(name) else {
            throw FormFault("a password's name has 1 to 64 octets without control characters: choose another, such as phone")
        }
        return name
    }

    /// nil: everything.
    static func scopes(_ scopes: [PasswordScope]?) throws(FormFault) -> Set<PasswordScope>? {
        guard let scopes else { return nil }
        guard !scopes.isEmpty else {
            throw FormFault("a password must be good for something: name submission, pop3, imap, or all")
        }
        return Set(scopes)
    }
}

extension PasswordEntry {
    fileprivate init(_ password: StoredPassword, mechanisms: [String]) {
        self.init(
            name: password.name, scopes: password.scopes.map { scopes in PasswordScope.allCases.filter(scopes.contains) },
            mechanisms: mechanisms, madeAt: password.madeAt, expiresAt: password.expiresAt, usedOn: password.usedOn)
    }
}

extension PasswordHashes.Failure {
    /// For the administrator.
    var sentence: String {
        switch self {
        case .busy: "too many passwords wait to be hashed: try again"
        case .impossible(let because): because
        }
    }
}

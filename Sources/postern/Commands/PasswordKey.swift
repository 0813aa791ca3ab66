// What doctor says about APOP, for which passwords are kept so that they can be read: of what use that is, and who can.

import Glibc
import Mail
import Settings

/// The key that these passwords are sealed with, as it lies in the store's directory.
enum PasswordKey: Equatable {
    case missing
    /// With its permissions.
    case there(mode: UInt32)

    static func path(_ state: String) -> String { "\(state)/store/passwords.key" }

    /// nil: whoever runs this may not look.
    init?(state: String) {
        var status = stat()
        if lstat(Self.path(state), &status) == 0 {
            self = .there(mode: status.st_mode & 0o7777)
        } else if errno == ENOENT {
            self = .missing
        } else {
            return nil
        }
    }
}

extension Diagnosis {
    /// What can be read is kept for a use only, and shown to nobody.
    static func apop(_ settings: Settings, _ house: HouseFacts) -> [Symptom] {
        var symptoms: [Symptom] = []
        let key = PasswordKey.path(settings.server.state)
        if case .there(let mode) = house.passwordKey, mode & 0o077 != 0 {
            symptoms.append(
                Symptom(
                    severity: .error, about: key, finding: "others than the store can read or change the key of APOP's passwords",
                    fix: "chmod 600 \(key), and give these accounts new passwords"))
        }
        guard let count = house.apopAccounts, count > 0 else { return symptoms }
        let accounts = count == 1 ? "the password of 1 account is" : "the passwords of \(count) accounts are"
        if house.passwordKey == .missing {
            symptoms.append(
                Symptom(
                    severity: .error, about: key,
                    finding: "\(accounts) kept for APOP, and the key that would open them is missing",
                    fix: "bring it back from a backup and restart, or set these passwords again (postern account password)"))
        }
        if !settings.listen.contains(where: \.takesAPOP) {
            symptoms.append(
                Symptom(
                    severity: .warning, about: "listen",
                    finding: "\(accounts) kept for APOP so that it can be read, and no port of POP3 takes APOP",
                    fix: "set them again without --legacy apop (postern account password); or let a port with service = \"pop3\" "
                        + "have auth and CRAM-MD5 among its mechanisms, which APOP goes with"))
        }
        return symptoms
    }
}

extension ListenService {
    fileprivate var takesAPOP: Bool { service == .pop3 && !isDisabled && auth && mechanisms.contains(.cramMD5) }
}

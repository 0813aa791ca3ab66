// postern doctor: findings with fixes, from the settings and from the running rooms.

import ArgumentParser
import Glibc
import IPC
import Mail
import Settings
import TLS

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look for what is wrong or dangerous, and say what helps.",
        discussion: "Exit status 1 when there are errors, 0 with nothing but warnings.")
    @OptionGroup var settings: SettingsOption
    @OptionGroup var form: JSONOption

    func run() async throws {
        let symptoms = await symptoms()
        if form.json {
            try sayJSON(symptoms)
        } else {
            say(Doctor.text(symptoms))
        }
        if symptoms.contains(where: { $0.severity == .error }) { throw ExitCode(1) }
    }

    static func text(_ symptoms: [Symptom]) -> String {
        symptoms.isEmpty ? "nothing found" : symptoms.map { $0.text }.joined(separator: "\n")
    }

    private func symptoms() async -> [Symptom] {
        do {
            let all = try Settings.load(settingsPath(settings))
            var facts = await Doctor.examine(settings)
            facts.passwordKey = PasswordKey(state: all.server.state)
            return Diagnosis.symptoms(all, facts) + Doctor.certificates(all)
        } catch {
            // Without settings nobody knows where the rooms are.
            return Diagnosis.findings(error.findings)
        }
    }

    /// what clients will object to, and files that cannot be used, as who runs this command may read them.
    static func certificates(_ settings: Settings) -> [Symptom] {
        guard settings.tls.hasCertificate, let part = try? ListenerSettings(settings) else { return [] }
        let sources = part.certificates.map { certificate -> CertificateSource in
            switch certificate.files {
            case .pem(let chain, let key): .pem(chain: chain, key: key)
            case .pfx(let path, _): .pfx(file: path, password: certificate.password)
            }
        }
        let (tls, faults) = ServerTLS.load(sources, profiles: [.modern])
        let findings = CertificateFindings(now: time(nil)).all(in: tls.certificates, names: [settings.server.hostname])
        return part.troubles.map { Symptom(severity: .error, about: $0.key, finding: $0.message, fix: "correct the file") }
            + faults.map { Symptom(severity: .error, about: $0.file, finding: "\($0)", fix: $0.fix) }
            + findings.map {
                Symptom(
                    severity: $0.severity == .error ? .error : .warning, about: $0.file ?? "tls", finding: "\($0)",
                    fix: $0.fix)
            }
    }

    static func examine(_ settings: SettingsOption) async -> HouseFacts {
        var facts = HouseFacts()
        let calls = RoomCalls(settings)
        for room in RoomName.rooms {
            do {
                guard case .status(let status) = try await calls.ask(room, .status) else {
                    throw Failure.misfit(room.rawValue)
                }
                facts.missingWalls += status.missingWalls.map { (room, $0) }
                if room == .store { try await examine(StoreCall(settings), &facts) }
            } catch {
                facts.silent.append((room, "\(error)"))
            }
        }
        return facts
    }

    private static func examine(_ call: StoreCall, _ facts: inout HouseFacts) async throws {
        let accounts = try await call.accounts()
        facts.users = accounts.count { $0.kind == .user }
        facts.apopAccounts = accounts.count { $0.mechanisms.contains("APOP") }
        facts.trusted = try await call.ranges(.trusted)
        facts.safe = try await call.ranges(.safe)
        guard case .audit(let audit) = try await call.ask(.audit, seconds: 60) else { throw Failure.misfit("store") }
        facts.unaccounted = audit.unaccounted
    }
}

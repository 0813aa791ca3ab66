// What doctor makes of the settings and of what the running house says. No question is asked here: facts in, symptoms out.

import IPC
import Mail
import Settings

/// Something that an administrator should do something about.
struct Symptom: Encodable, Equatable {
    enum Severity: String, Encodable { case error, warning }

    var severity: Severity
    /// A setting, a room, a list or a file with its line.
    var about: String
    var finding: String
    var fix: String

    var text: String { printable("\(severity.rawValue): \(about): \(finding)") + "\n  fix: " + printable(fix) }
}

/// What the rooms answered.
struct HouseFacts {
    var silent: [(room: RoomName, reason: String)] = []
    var missingWalls: [(room: RoomName, wall: String)] = []
    /// Accounts that somebody logs in to; nil: the store did not say, here and below.
    var users: Int?
    /// Accounts whose password is kept for APOP, so that it can be read.
    var apopAccounts: Int?
    /// nil: we may not look at it.
    var passwordKey: PasswordKey?
    var trusted: [AddressRange] = []
    var safe: [AddressRange] = []
    var unaccounted: Int64?
}

enum Diagnosis {
    static func symptoms(_ settings: Settings, _ house: HouseFacts) -> [Symptom] {
        let all =
            findings(Settings.findings(of: settings)) + openRelay(settings) + ranges(settings, house)
            + ports(settings) + outgoing(settings) + logins(settings, house) + apop(settings, house)
            + rooms(house)
        return all.filter { $0.severity == .error } + all.filter { $0.severity == .warning }
    }

    /// What `check` says, each with the key to look at.
    static func findings(_ findings: [Finding]) -> [Symptom] {
        // An open relay is more than a warning to a doctor.
        findings.filter { !($0.isWarning && $0.key == "relay.policy") }.map { finding in
            let place = "\(finding.file):\(finding.line)" + (finding.key.isEmpty ? "" : ": \(finding.key)")
            return Symptom(
                severity: finding.isWarning ? .warning : .error, about: place, finding: finding.message,
                fix: fix(finding.key))
        }
    }

    /// `listen[2].port` is described as `listen.port`, and a key that nobody knows by its table.
    private static func fix(_ path: String) -> String {
        let parts = path.split(separator: ".").map { String($0.prefix { $0 != "[" }) }
        let keys = [parts, parts.dropLast()].map { $0.joined(separator: ".") }
        let known = keys.first { !$0.isEmpty && !Settings.described(beginning: $0).isEmpty }
        return "change it in the settings; postern describe\(known.map { " " + $0 } ?? "")"
    }

    /// D1.
    private static func openRelay(_ settings: Settings) -> [Symptom] {
        guard settings.relay.policy == .open else { return [] }
        return [
            Symptom(
                severity: .error, about: "relay.policy",
                finding: "OPEN RELAY: everybody may send to everybody through this server",
                fix: "set it to \"closed\", and name those who may relay: postern trusted add RANGE, or let them log in")
        ]
    }

    /// A-23.
    private static func ranges(_ settings: Settings, _ house: HouseFacts) -> [Symptom] {
        let written = settings.relay.trusted.compactMap { network -> AddressRange? in
            if case .range(let range) = network { range } else { nil }
        }
        let relay = settings.relay
        return ranges(relay.safe, .safe, relay, "relay.safe", "write smaller ranges there")
            + ranges(house.safe, .safe, relay, "safe list", "postern safe remove RANGE, then add smaller ones")
            + ranges(written, .trusted, relay, "relay.trusted", "write smaller ranges there, or let these clients log in")
            + ranges(
                house.trusted, .trusted, relay, "trusted list", "postern trusted remove RANGE, or let these clients log in")
    }

    private static func ranges(
        _ ranges: [AddressRange], _ list: AccessList, _ relay: Settings.Relay, _ about: String, _ fix: String
    ) -> [Symptom] {
        ranges.compactMap { range in
            RangeDanger(range, in: list, relay).map { danger in
                Symptom(
                    severity: danger.isOpenRelay ? .error : .warning, about: about, finding: "\(range) \(danger.words)",
                    fix: fix.replacing("RANGE", with: range.description))
            }
        }
    }

    /// A-01: the world sends to port 25 and to no other.
    private static func ports(_ settings: Settings) -> [Symptom] {
        let facing = settings.listen.filter(isMXFacing)
        guard !facing.contains(where: { $0.port == 25 }) else { return [] }
        return facing.map { service in
            Symptom(
                severity: .warning, about: "\(service.path).port",
                finding: "mail from other servers is awaited at port \(service.port), and they send to port 25",
                fix: "set it to 25, or have the router in front forward its port 25 to this machine's port \(service.port)")
        }
    }

    /// A port where servers of strangers are expected: not behind a proxy or on loopback, where something else hears them.
    private static func isMXFacing(_ service: ListenService) -> Bool {
        service.service == .smtp && service.role != .outgoing && service.tls != .implicit && !service.isDisabled
            && service.proxies.isEmpty && InternetAddress(service.address)?.isLoopback != true
    }

    /// A-04.
    private static func outgoing(_ settings: Settings) -> [Symptom] {
        guard !settings.delivery.enabled else { return [] }
        return [
            Symptom(
                severity: .warning, about: "delivery.enabled",
                finding: "the outgoing service is disabled: mail for other servers waits in the queue",
                fix: "set delivery.enabled = true and reload; relay.enabled = false refuses such mail instead")
        ]
    }

    private static func logins(_ settings: Settings, _ house: HouseFacts) -> [Symptom] {
        var symptoms: [Symptom] = []
        if settings.auth.plaintextWithoutTLS {
            symptoms.append(
                Symptom(
                    severity: .warning, about: "auth.plaintext_without_tls",
                    finding: "passwords may cross the network in the clear",
                    fix: "set tls.certificate and tls.key, give the ports TLS, and take this setting out"))
        }
        // E-20.
        let canRead = settings.listen.contains { [.pop3, .imap].contains($0.service) && !$0.isDisabled }
        if let users = house.users, users > 0, !canRead {
            let accounts = users == 1 ? "there is 1 account" : "there are \(users) accounts"
            symptoms.append(
                Symptom(
                    severity: .warning, about: "listen",
                    finding: "\(accounts), and no port at which their mail can be read",
                    fix: "add a [[listen]] with service = \"pop3\" to the settings, then restart"))
        }
        return symptoms
    }

    private static func rooms(_ house: HouseFacts) -> [Symptom] {
        var symptoms = house.silent.map { room, reason in
            Symptom(
                severity: .error, about: room.rawValue, finding: reason,
                fix: "see that the house runs, and ask as root or as a member of admin.group")
        }
        symptoms += house.missingWalls.map { room, wall in
            Symptom(
                severity: .warning, about: room.rawValue, finding: "a wall is missing: \(wall)",
                fix: "run a kernel that has it; sandbox.require = true refuses to start without")
        }
        if let count = house.unaccounted, count != 0 {
            symptoms.append(
                Symptom(
                    severity: .error, about: "ledger", finding: "\(count) recipients are unaccounted for",
                    fix: "postern verify, and report it with the store's journal"))
        }
        return symptoms
    }
}

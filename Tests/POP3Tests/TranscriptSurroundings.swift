// What a transcript says in its first lines: limits, and what the port offers.

import POP3

/// What a session is given besides its limits.
struct Surroundings {
    var offer = POP3Offer()
    var isSecured = false
    var isReadOnly = false
    var timestamp: String?
    var uidl = POP3UIDLFormat.usual

    mutating func depart(_ text: String) {
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1)
            let value = parts.count > 1 ? String(parts[1]) : ""
            switch parts[0] {
            case "tls": offer.tls = value == "required" ? .required : .offered
            case "clear": offer.mechanisms = value.split(separator: ",").map(String.init)
            case "mechanisms": offer.securedMechanisms = value.split(separator: ",").map(String.init)
            case "greeting": offer.greeting = value
            case "expiry": offer.expiry = Int(value).map { .days($0, varies: false) }
            case "expiry-varies": offer.expiry = .days(Int(value) ?? 0, varies: true)
            case "delay": offer.loginDelay = POP3LoginDelay(seconds: Int(value) ?? 0)
            case "delay-varies": offer.loginDelay = POP3LoginDelay(seconds: Int(value) ?? 0, varies: true)
            case "implementation": offer.implementation = value == "none" ? nil : value
            case "timestamp": timestamp = value
            case "secured": isSecured = true
            case "read-only": isReadOnly = true
            case "uidl": if let format = try? POP3UIDLFormat(value) { uidl = format }
            default: preconditionFailure("unknown offer \(word)")
            }
        }
    }
}

extension POP3Limits {
    mutating func depart(_ text: String) {
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "=")
            let value = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            switch parts[0] {
            case "errors": errors = value
            case "refused": refusedLogins = value
            case "commands": commands = value
            case "line": commandLine = value
            case "auth": authenticationLine = value
            case "swallowed": swallowedLine = value
            case "piece": listingPiece = value
            case "strict": leniency = .strict
            case "cleartext": takesPasswords = value != 0
            default: preconditionFailure("unknown limit \(word)")
            }
        }
    }
}

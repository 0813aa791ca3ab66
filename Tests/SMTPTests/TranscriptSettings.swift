// What the `@` lines of an SMTP transcript set, and how its `router?` lines write a question.
import Mail
import TranscriptFiles

@testable import SMTP

struct TranscriptSettings {
    var limits = SMTPLimits()
    var dialect = SMTPDialect.smtp
    var extensions = SMTPExtensions.usual
    var tls = TLSOffer.none
    var mechanisms: [String] = []
    var securedMechanisms: [String] = []
    var showsLegacyAuthentication = false
    var isSecured = false
    var allowsXClient = false
    var routerAccepts = false

    init(_ settings: [[String]]) throws {
        for setting in settings {
            guard setting.count >= 2 else { throw Transcript.Fault(description: "bad setting \(setting)") }
            if try !set(setting[0], setting.dropFirst().map { $0 }), try !limit(setting[0], setting[1]) {
                throw Transcript.Fault(description: "unknown setting \(setting)")
            }
        }
    }

    var configuration: SMTPServerConfiguration {
        SMTPServerConfiguration(
            hostname: "mail.example.test", limits: limits, dialect: dialect, extensions: extensions, tls: tls,
            mechanisms: mechanisms, securedMechanisms: securedMechanisms,
            showsLegacyAuthentication: showsLegacyAuthentication)
    }

    private mutating func set(_ name: String, _ values: [String]) throws -> Bool {
        switch (name, values[0]) {
        case ("router", "accepts"): routerAccepts = true
        case ("dialect", "lmtp"): dialect = .lmtp
        case ("tls", "offered"): tls = .offered
        case ("tls", "required"): tls = .required
        case ("session", "secured"): isSecured = true
        case ("session", "xclient"): allowsXClient = true
        case ("mechanisms", _): mechanisms = values
        case ("secured-mechanisms", _): securedMechanisms = values
        case ("auth-line", "legacy"): showsLegacyAuthentication = true
        case ("extensions", _): extensions = try values.reduce(into: []) { $0.formUnion(try Self.extension($1)) }
        case ("nul", "refused"): limits.refusesNUL = true
        case ("leniency", let value): limits.leniency = try Self.leniency(value)
        default: return false
        }
        return true
    }

    private mutating func limit(_ name: String, _ text: String) throws -> Bool {
        guard let value = Int(text) else { return false }
        switch name {
        case "recipients": limits.recipients = value
        case "size": limits.messageSize = value
        case "errors": limits.errors = value
        case "refusals": limits.refusals = value
        case "surplus-recipients": limits.surplusRecipients = value
        case "commands": limits.commandsWithoutMail = value
        case "in-flight": limits.questionsInFlight = value
        case "swallowed-line": limits.swallowedLine = value
        case "transactions": limits.transactions = value
        case "small-chunks": limits.smallChunks = value
        case "auth-failures": limits.authenticationFailures = value
        default: return false
        }
        return true
    }

    private static func leniency(_ name: String) throws -> SMTPLimits.Leniency {
        let names: [String: SMTPLimits.Leniency] = [
            "strict": .strict, "spaceAfterColon": .spaceAfterColon, "trailingSpace": .trailingSpace,
            "addressWithoutBrackets": .addressWithoutBrackets, "mailWithoutHello": .mailWithoutHello,
        ]
        guard let leniency = names[name] else { throw Transcript.Fault(description: "no leniency \(name)") }
        return leniency
    }

    private static func `extension`(_ name: String) throws -> SMTPExtensions {
        let names: [String: SMTPExtensions] = [
            "none": [], "usual": .usual, "all": .all, "size": .size, "eightBitMIME": .eightBitMIME,
            "pipelining": .pipelining, "enhancedStatusCodes": .enhancedStatusCodes, "chunking": .chunking,
            "binaryMIME": .binaryMIME, "internationalized": .internationalized, "deliveryStatus": .deliveryStatus,
            "limits": .limits,
        ]
        guard let value = names[name] else { throw Transcript.Fault(description: "no extension \(name)") }
        return value
    }
}

extension SMTPQuestion {
    /// As a transcript writes it.
    var words: String {
        switch self {
        case .sender(let sender, let parameters): "sender <\(sender)>\(parameters.words)"
        case .recipient(let address, let parameters): "recipient <\(address)>\(parameters.words)"
        case .authentication(let mechanism, let initial):
            "authentication \(mechanism)" + (initial.map { " \(Self.words($0))" } ?? "")
        case .authenticationResponse(let octets): "response \(Self.words(octets))"
        case .clientFacts(let facts): "client\(facts.words)"
        }
    }

    /// PLAIN's NUL is written as in content lines.
    private static func words(_ octets: [UInt8]) -> String {
        "[" + String(decoding: octets, as: UTF8.self).replacing("\0", with: "\\0") + "]"
    }
}

extension MailParameters {
    fileprivate var words: String {
        var words = size.map { " SIZE=\($0)" } ?? ""
        words += body.map { " BODY=\($0.rawValue)" } ?? ""
        words += isInternationalized ? " SMTPUTF8" : ""
        words += submitter.map { " AUTH=<\($0)>" } ?? ""
        words += reportReturns.map { " RET=\($0.rawValue)" } ?? ""
        return words + (envelopeID.map { " ENVID=\($0.original)=[\($0.text)]" } ?? "")
    }
}

extension RcptParameters {
    fileprivate var words: String {
        let orcpt = originalRecipient.map { " ORCPT=\($0.type);\($0.address.original)=[\($0.address.text)]" } ?? ""
        return (notify.map { " NOTIFY=\($0.words)" } ?? "") + orcpt
    }
}

extension RcptParameters.Notify {
    fileprivate var words: String {
        let names: [(RcptParameters.Notify, String)] = [(.success, "success"), (.failure, "failure"), (.delay, "delay")]
        return isEmpty ? "never" : names.filter { contains($0.0) }.map { $0.1 }.joined(separator: ",")
    }
}

extension XClient {
    fileprivate var words: String {
        var words = ""
        func add<Value>(_ name: String, _ fact: Fact<Value>?) {
            switch fact {
            case .known(let value)?: words += " \(name)=\(value)"
            case .unavailable?: words += " \(name)=none"
            case .temporarilyUnavailable?: words += " \(name)=unknown"
            case nil: break
            }
        }
        add("name", name)
        add("address", address)
        add("port", port)
        words += isExtended.map { " extended=\($0)" } ?? ""
        add("hello", hello)
        add("login", login)
        add("destination", destinationAddress)
        add("destination-port", destinationPort)
        return words
    }
}

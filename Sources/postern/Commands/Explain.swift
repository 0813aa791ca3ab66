// postern explain: what the router would decide about an envelope that nobody has sent, and why (F-2).

import ArgumentParser
import IPC
import Mail
import Settings

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What would become of a mail: every rule considered, and which one decides.",
        discussion: "Nothing is sent and nothing is counted. The exit status is 0 also when the answer is a refusal.")
    @OptionGroup var settings: SettingsOption
    @OptionGroup var form: JSONOption
    @Option(
        help: ArgumentHelp("The envelope's sender; <> is the null sender.", valueName: "address"),
        transform: Typed.reversePath)
    var from: Typed.ReversePath
    @Option(help: ArgumentHelp("The envelope's recipient.", valueName: "address"), transform: Typed.address)
    var to: EmailAddress
    @Option(help: ArgumentHelp("The address that the mail comes from.", valueName: "ip"), transform: Typed.client)
    var client: InternetAddress
    @Option(help: ArgumentHelp("Who has logged in; without it, nobody.", valueName: "name"), transform: Typed.user)
    var user: String?
    @Option(help: ArgumentHelp("Which [[listen]], from 1; without it, the first of smtp.", valueName: "number"))
    var listener: UInt16?

    func run() async throws {
        let port = try HypotheticalPort(listener, in: try read(settings).listen)
        let hypothesis = Hypothesis(
            client: client, listener: port.number, sender: from.address, recipient: to, login: user)
        guard case .explained(let explanation) = try await RouterCall(settings).ask(.explain(hypothesis)) else {
            throw Failure.misfit("router")
        }
        let shown = ShownExplanation(hypothesis, port, explanation)
        say(form.json ? try json(shown) : shown.text)
    }
}

/// The port that an envelope would come in by.
struct HypotheticalPort {
    /// Which `[[listen]]`, from 1; 0: a port that is there without any.
    let number: UInt16
    let words: String

    init(_ wanted: UInt16?, in listen: [ListenService]) throws {
        let services = listen.filter { $0.path != "listen" }
        guard !services.isEmpty else {
            guard (wanted ?? 0) == 0 else { throw Failure("the settings have no [[listen]]: leave --listener out") }
            (number, words) = (0, "port 25 (smtp)")
            return
        }
        let place = wanted.map { Int($0) - 1 } ?? services.firstIndex { $0.service == .smtp && !$0.isDisabled }
        guard let place else { throw Failure("no [[listen]] is one of smtp: name one with --listener") }
        guard services.indices.contains(place) else {
            throw Failure("there is no listen[\(place + 1)]: the settings have \(services.count), counted from 1")
        }
        let service = services[place]
        guard [.smtp, .submission, .lmtp].contains(service.service) else {
            throw Failure("\(service.path) is \(service.service.rawValue), by which no mail comes in")
        }
        number = UInt16(place + 1)
        let end = service.socketPath ?? "port \(service.port)"
        words = "\(end) (\(service.path), \(service.service.rawValue))"
    }
}

struct ShownExplanation: Encodable {
    struct Step: Row {
        static let heads = ["", "RULE", "FINDING"]
        var rule: String
        var finding: String
        var decides: Bool
        /// The rule that decided is marked.
        var cells: [String] { [decides ? "*" : "", rule, finding] }
    }

    struct ShownReply: Encodable {
        var code: UInt16
        var status: String?
        var text: String
    }

    var client: String
    var listener: UInt16
    var from: String
    var to: String
    var user: String?
    var steps: [Step]
    var outcome: String
    var reply: ShownReply
    private var port: String

    enum CodingKeys: CodingKey { case client, listener, from, to, user, steps, outcome, reply }

    init(_ hypothesis: Hypothesis, _ port: HypotheticalPort, _ explanation: Explanation) {
        client = "\(hypothesis.client)"
        listener = hypothesis.listener
        from = hypothesis.sender?.description ?? ""
        to = "\(hypothesis.recipient)"
        user = hypothesis.login
        steps = explanation.steps.map { Step(rule: $0.rule, finding: $0.finding, decides: $0.isDecisive) }
        outcome = explanation.outcome
        let reply = explanation.reply
        self.reply = ShownReply(code: reply.code, status: reply.status, text: reply.text)
        self.port = port.words
    }

    var text: String {
        let login = user.map { "logged in as \($0)" } ?? "not logged in"
        let head = ["<\(from)> to <\(to)>", "from \(client) at \(port), \(login)"].map(printable)
        let replies = reply.text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            printable((["\(reply.code)"] + (reply.status.map { [$0] } ?? []) + [String(line)]).joined(separator: " "))
        }
        let lines = head + ["", table(Step.heads, steps.map { $0.cells }), "", "outcome: \(printable(outcome))"]
        return (lines + replies.map { "reply: \($0)" }).joined(separator: "\n")
    }
}

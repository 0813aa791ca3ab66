// Plays the transcripts of Tests/Transcripts/smtp against the pure server session, cut into reads of 1, 3, 7 and 4096.
import Mail
import Testing
import TranscriptFiles

@testable import SMTP

struct TranscriptTests {
    static let transcripts: [Transcript] = (try? Transcript.all(in: "smtp")) ?? []

    @Test func thereAreEnough() throws { #expect(try Transcript.all(in: "smtp").count >= 40) }

    @Test(arguments: transcripts, [1, 3, 7, 4096])
    func plays(transcript: Transcript, readSize: Int) throws {
        var player = try TranscriptPlayer(transcript, readSize: readSize)
        if let difference = try player.play() {
            Issue.record("\(transcript.name) in reads of \(readSize): \(difference)")
        }
    }
}

/// The shell of a session whose router is the transcript.
private struct TranscriptPlayer: ~Copyable {
    private let transcript: Transcript
    private let readSize: Int
    private var session: SMTPServerSession
    private let routerAccepts: Bool
    /// What the session did and the transcript has not named yet.
    private var seen: [Transcript.Step] = []
    private var inbox: [UInt8] = []
    private var isClosed = false

    init(_ transcript: Transcript, readSize: Int) throws {
        self.transcript = transcript
        self.readSize = readSize
        let settings = try TranscriptSettings(transcript.settings)
        routerAccepts = settings.routerAccepts
        session = SMTPServerSession(
            settings.configuration, isSecured: settings.isSecured, allowsXClient: settings.allowsXClient)
    }

    /// - Returns: nil, or where the session and the transcript differ.
    mutating func play() throws -> String? {
        // A transcript that begins with another word than a greeting or a refusal is greeted as welcome.
        if case .call? = transcript.steps.first {
        } else if case .client? = transcript.steps.first {
        } else {
            session.greet()
        }
        pump([])
        var packet: [UInt8] = []
        for (index, step) in transcript.steps.enumerated() {
            if case .client(let bytes) = step {
                packet += bytes
                continue
            }
            pump(packet)
            packet = []
            if case .atOnce(let bytes) = step {
                inbox += bytes
                pull()
                continue
            }
            switch step {
            case .client, .atOnce: break
            case .answer(let text):
                let answer = try Self.answer(text)
                session.receive(answer)
            case .call(let text): try call(text)
            default:
                guard !seen.isEmpty else { return "step \(index): expected \(step), nothing came" }
                let next = seen.removeFirst()
                if next != step { return "step \(index): expected \(step), came \(next)" }
                continue
            }
            pump([])
        }
        pump(packet)
        return seen.isEmpty ? nil : "not in the transcript: \(seen)"
    }

    private mutating func call(_ text: String) throws {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        switch words.first {
        case "secured":
            inbox = []
            session.secured()
        case "timeout": session.timedOut()
        case "shutdown": session.shutDown()
        case "lost": session.refuseContent(Refusal(Reply(451, "4.3.0", "Try again later"), because: "router lost"))
        case "welcome": session.greet()
        case "drop": session.greet(.dropped)
        case "refuse":
            let reply = try Self.reply(words[1])
            session.greet(.refused(reply))
        default: throw Transcript.Fault(description: "unknown call \(text)")
        }
    }

    private static func answer(_ text: String) throws -> SMTPServerAnswer {
        if text == "accept" { return .accepted }
        if text.hasPrefix("challenge ") { return .challenge(Array(text.dropFirst(10).utf8)) }
        if text.hasPrefix("authenticated ") { return .authenticated(try reply(String(text.dropFirst(14)))) }
        if text.hasPrefix("queued "), let id = SpoolID(text.dropFirst(7)) { return .queued(id) }
        return .replied(try reply(text))
    }

    private static func reply(_ text: String) throws -> Reply {
        let words = text.split(separator: " ", maxSplits: 2).map(String.init)
        guard words.count == 3, let code = UInt16(words[0]) else { throw Transcript.Fault(description: "no reply") }
        return Reply(code, words[1] == "-" ? nil : words[1], words[2])
    }

    /// Feeds the packet in reads of `readSize`, pulling after each until the session wants more or waits.
    private mutating func pump(_ packet: [UInt8]) {
        var rest = packet[...]
        repeat {
            inbox += rest.prefix(readSize)
            rest = rest.dropFirst(readSize)
            pull()
        } while !rest.isEmpty
    }

    private mutating func pull() {
        while true {
            var offset = 0
            let bytes = inbox
            let action = session.next(in: bytes.span, from: &offset)
            if case .content(let range) = action { see(content: Array(bytes[range])) }
            inbox.removeFirst(offset)
            switch action {
            case .reply(let reply):
                var bytes: [UInt8] = []
                reply.append(to: &bytes)
                let lines = String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n").split(separator: "\n")
                seen += lines.map { .server(String($0)) }
            case .ask where routerAccepts: session.receive(.accepted)
            case .ask(let question): seen.append(.question(question.words))
            case .startTLS: seen.append(.signal("handshake"))
            case .cancelAuthentication: seen.append(.signal("cancel"))
            case .openContent: seen.append(.signal("open"))
            case .endContent: seen.append(.signal("end"))
            case .abortTransaction: seen.append(.signal("abort"))
            case .content: break
            case .needsInput, .waits: return
            case .close:
                if !isClosed { seen.append(.close) }
                isClosed = true
                return
            }
        }
    }

    private mutating func see(content bytes: [UInt8]) {
        if case .content(let before)? = seen.last {
            seen[seen.count - 1] = .content(before + bytes)
        } else {
            seen.append(.content(bytes))
        }
    }
}

// Plays a transcript against both pure sessions, as one client sees them: login first, then the maildrop.
//
//  # …                  why the transcript exists
//  limits: k=v …        departs from POP3Limits (errors, refused, commands, line, piece, strict …)
//  offer: k=v …         departs from POP3Offer; also timestamp=<…>, uidl=…, secured (TLS from the start), read-only
//  in step              the client cannot pipeline this: TLS begins in it
//  message: N text      a message with uid N, before the dialogue; message8: one that needs UTF8
//  C: line              the client's line; CRLF follows. C~ raw: no line end is added. C! raw: all of it in one read
//  S: line              ours, with CRLF
//  router? / router:    what the login session asks, what it is answered (granted, refused, too soon, challenge …)
//  router< cancel       an exchange is given up
//  startTLS / tls:      the handshake: secured, or open: it does not come to its end
//  store? / store:      the same for the maildrop; `store? read N` shows that bytes are read, `read N` = its uid
//  handOver, close      the last action of a session
// Escapes in text: \r \n \0 \\ \xNN \{n*text}

import Foundation
import POP3
import Testing

struct Transcript: Sendable, CustomTestStringConvertible {
    var name: String
    var lines: [String]
    var testDescription: String { name }

    static let all: [Transcript] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Transcripts/pop3")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".txt") }.sorted().map { name in
            let text = (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
            let lines = text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
            return Transcript(name: name, lines: lines.filter { !$0.hasPrefix("#") })
        }
    }()

    /// The dialogue without what stands before it.
    var dialogue: [String] {
        lines.filter { line in
            !["limits:", "offer:", "message:", "message8:", "in step"].contains { line.hasPrefix($0) }
        }
    }

    var isInStepOnly: Bool { lines.contains("in step") }
}

/// `\{300*a}` first, then the single escapes.
func unescaped(_ text: some StringProtocol) -> [UInt8] {
    var result: [UInt8] = []
    var rest = Substring(text)
    while let character = rest.first {
        rest.removeFirst()
        guard character == "\\", let kind = rest.first else {
            result += Array(String(character).utf8)
            continue
        }
        rest.removeFirst()
        switch kind {
        case "r": result.append(13)
        case "n": result.append(10)
        case "0": result.append(0)
        case "x":
            result.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
            rest.removeFirst(2)
        case "{":
            let end = rest.firstIndex(of: "}") ?? rest.endIndex
            let parts = rest[..<end].split(separator: "*", maxSplits: 1)
            for _ in 0..<(Int(parts[0]) ?? 0) { result += Array(parts[1].utf8) }
            rest = rest[rest.index(after: end)...]
        default: result += Array(String(kind).utf8)
        }
    }
    return result
}

/// One performance of a transcript.
struct TranscriptPlayer {
    private let transcript: Transcript
    private let readSize: Int
    private var limits = POP3Limits()
    private var surroundings = Surroundings()
    private var messages: [(uid: UInt32, bytes: [UInt8], needsUTF8: Bool)] = []
    private var isShakingHands = false
    private var client: [UInt8] = []
    private var inbox: [UInt8] = []
    private var wire: [UInt8] = []
    private var answers: [String]
    private(set) var log: [String] = []

    init(_ transcript: Transcript, readSize: Int) {
        self.transcript = transcript
        self.readSize = readSize
        answers = transcript.lines.filter { $0.hasPrefix("router:") || $0.hasPrefix("store:") || $0.hasPrefix("tls:") }
        for line in transcript.lines {
            if line.hasPrefix("limits: ") { limits.depart(String(line.dropFirst(8))) }
            if line.hasPrefix("offer: ") { surroundings.depart(String(line.dropFirst(7))) }
            if line.hasPrefix("message") {
                let parts = line.drop { $0 != " " }.dropFirst().split(separator: " ", maxSplits: 1)
                let bytes = parts.count > 1 ? unescaped(parts[1]) : []
                messages.append((UInt32(parts[0]) ?? 0, bytes, line.hasPrefix("message8")))
            }
        }
    }

    /// - Parameter pipelined: the client sends all it has at once and listens afterwards.
    mutating func play(pipelined: Bool) {
        let said = transcript.dialogue.filter { ["C: ", "C~ ", "C! "].contains($0.prefix(3)) || $0 == "C:" }
        var queue = said[...]
        if pipelined {
            for line in queue { client += bytes(of: line) }
            queue = []
        }
        var login = POP3LoginSession(
            limits: limits, offer: surroundings.offer, isSecured: surroundings.isSecured, timestamp: surroundings.timestamp)
        var maildrop: POP3MaildropSession?
        var isOver = false
        while !isOver {
            let needsInput = maildrop == nil ? step(&login, &maildrop, &isOver) : step(&maildrop!, &isOver)
            guard needsInput else { continue }
            if client.isEmpty {
                flush()
                guard let line = queue.popFirst() else { return }
                log.append(line)
                client += bytes(of: line)
                if line.hasPrefix("C! ") { (inbox, client) = (inbox + client, []) }
            }
            inbox += client.prefix(readSize)
            client.removeFirst(min(readSize, client.count))
        }
        flush()
    }

    private mutating func step(
        _ session: inout POP3LoginSession, _ maildrop: inout POP3MaildropSession?, _ isOver: inout Bool
    ) -> Bool {
        var offset = 0
        let action = session.next(in: inbox.span, from: &offset)
        inbox.removeFirst(offset)
        switch action {
        case .needsInput: return true
        case .waits:
            precondition(isShakingHands, "answers come at once here")
            return true
        case .reply(let reply): wire += Array(reply.line.utf8)
        case .write(let bytes): wire += bytes
        case .authenticate(let login):
            note("router? authenticate \(login.user) \(String(decoding: login.password.bytes, as: UTF8.self))")
            session.receive(routerAnswer())
        case .verifyDigest(let login):
            let digest = login.digest.bytes.map { hex($0).dropFirst(2).lowercased() }.joined()
            note("router? digest \(login.user) \(login.timestamp) \(digest)")
            session.receive(routerAnswer())
        case .exchange(let exchange):
            note("router? " + words(exchange))
            session.receive(routerAnswer())
        case .cancelExchange: note("router< cancel")
        case .startTLS:
            note("startTLS")
            // The shell throws away what it has read in clear.
            inbox = []
            isShakingHands = answer() != "tls: secured"
            if !isShakingHands { session.secured() }
        case .handOver:
            note(session.isUTF8 ? "handOver utf8" : "handOver")
            let list = messages.map {
                POP3Message(uid: $0.uid, size: UInt64($0.bytes.count), needsUTF8: $0.needsUTF8)
            }
            maildrop = POP3MaildropSession(
                uidValidity: 7, messages: list, limits: limits, offer: surroundings.offer, uidl: surroundings.uidl,
                isSecured: session.isSecured, isUTF8: session.isUTF8, isReadOnly: surroundings.isReadOnly)
        case .close:
            note("close")
            isOver = true
        }
        return false
    }

    private mutating func step(_ session: inout POP3MaildropSession, _ isOver: inout Bool) -> Bool {
        var offset = 0
        let action = session.next(in: inbox.span, from: &offset)
        inbox.removeFirst(offset)
        switch action {
        case .needsInput: return true
        case .waits: preconditionFailure("answers come at once here")
        case .reply(let reply): wire += Array(reply.line.utf8)
        case .write(let bytes): wire += bytes
        case .retrieve(let retrieval): retrieve(retrieval)
        case .remove(let uids):
            note("store? remove " + uids.map(String.init).joined(separator: " "))
            session.receive(answer() == "store: removed" ? .removed : .failed)
        case .close:
            note("close")
            isOver = true
        }
        return false
    }

    private mutating func retrieve(_ retrieval: POP3MaildropSession.Retrieval) {
        let message = messages[retrieval.index]
        note("store? read \(message.uid)")
        if answer() == "store: damaged" {
            wire += Array(POP3Reply.damaged.line.utf8)
            return
        }
        wire += Array(retrieval.opening.line.utf8)
        wire += stuffed(message.bytes, chunk: readSize, bodyLines: retrieval.bodyLines)
    }

    private mutating func note(_ event: String) {
        flush()
        log.append(event)
    }

    private func words(_ exchange: POP3Exchange) -> String {
        switch exchange {
        case .begin(let mechanism, nil): "begin \(mechanism)"
        case .begin(let mechanism, let initial?): "begin \(mechanism) \(shown(initial.bytes))"
        case .response(let response): "response \(shown(response.bytes))"
        }
    }

    private func shown(_ octets: [UInt8]) -> String {
        if octets.count > 64 { return "(\(octets.count) octets)" }
        return "[" + String(decoding: octets.map { $0 == 0 ? 0x7C : $0 }, as: UTF8.self) + "]"
    }

    private mutating func routerAnswer() -> POP3LoginSession.Answer {
        let answer = answer()
        switch answer {
        case "router: granted": return .granted
        case "router: refused": return .refused
        case "router: too soon": return .tooSoon
        case "router: forbidden": return .forbidden
        case _ where answer.hasPrefix("router: challenge"): return .challenge(unescaped(answer.dropFirst(18)))
        default: return .unavailable
        }
    }

    private mutating func answer() -> String {
        guard !answers.isEmpty else { return "" }
        log.append(answers[0])
        return answers.removeFirst()
    }

    private mutating func flush() {
        for line in wire.split(separator: 10, omittingEmptySubsequences: true) {
            let text = line.last == 13 ? line.dropLast() : line + Array("\\n".utf8)
            log.append("S: " + text.map { (0x20...0x7E).contains($0) ? String(UnicodeScalar($0)) : hex($0) }.joined())
        }
        wire = []
    }

    private func hex(_ octet: UInt8) -> String {
        "\\x" + (octet < 16 ? "0" : "") + String(octet, radix: 16, uppercase: true)
    }

    private func bytes(of line: String) -> [UInt8] {
        line.hasPrefix("C: ") || line == "C:" ? unescaped(line.dropFirst(3)) + [13, 10] : unescaped(line.dropFirst(3))
    }
}

/// A message as a shell sends it, read in chunks of the given size.
func stuffed(_ message: [UInt8], chunk size: Int, bodyLines: UInt32? = nil) -> [UInt8] {
    var wire: [UInt8] = []
    var stuffer = DotStuffer()
    var cutter = bodyLines.map { TopCutter(bodyLines: $0) }
    var start = 0
    while start < message.count {
        let chunk = Array(message[start..<min(start + size, message.count)])
        start += chunk.count
        let kept = Array(chunk[..<(cutter?.keep(of: chunk.span) ?? chunk.count)])
        var offset = 0
        while let piece = stuffer.next(in: kept.span, from: &offset) {
            wire += kept[piece.range]
            if piece.addsDot { wire.append(0x2E) }
        }
    }
    return wire + String(describing: stuffer.ending).utf8
}

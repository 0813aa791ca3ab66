// The transcripts of the pure SMTP session, played against the running house: what the client sends, and what it is
// answered to the octet. Those whose router says no, whose limits are others, or whose clock runs are left to the machine.

import Foundation
import Testing
import TranscriptFiles

@Suite struct LiveTranscriptTests {
    /// By the `@ extensions` of a transcript: what its port leaves out.
    private static let dialects: [(wanted: Set<String>, off: String)] = [
        (["usual"], "\"CHUNKING\", \"BINARYMIME\", \"SMTPUTF8\", \"DSN\", \"LIMITS\""),
        (["usual", "chunking", "binaryMIME"], "\"SMTPUTF8\", \"DSN\", \"LIMITS\""),
        (["usual", "deliveryStatus"], "\"CHUNKING\", \"BINARYMIME\", \"SMTPUTF8\", \"LIMITS\""),
        (["usual", "internationalized"], "\"CHUNKING\", \"BINARYMIME\", \"DSN\", \"LIMITS\""),
    ]

    @Test func theHouseSaysWhatTheMachineSays() throws {
        let ports = Self.dialects.map { _ in House.freePort() }
        let listeners = zip(ports, Self.dialects).map { port, dialect in
            """
            [[listen]]
            service = "smtp"
            address = "127.0.0.1"
            port = \(port)
            tls = "none"
            auth = false
            extensions_off = [\(dialect.off)]

            """
        }
        // Nobody calls out for the recipients elsewhere.
        let house = try House(
            House.Options(delivery: "enabled = false", extra: listeners.joined(), smtp: "banner = \"ESMTP Postern\""))
        defer { house.stop() }
        try House.expectSuccess(house.postern(["domain", "set", "example.test", "--catch-all", "alice@example.test"]))
        let transcripts = try Transcript.all(in: "smtp")
        var played = 0
        for transcript in transcripts where Self.isForAHouse(transcript) {
            let wanted = Set(transcript.settings.first?.dropFirst() ?? ["usual"])
            guard let index = Self.dialects.firstIndex(where: { $0.wanted == wanted }) else { continue }
            played += 1
            do { try play(transcript, at: ports[index]) } catch { Issue.record("\(transcript.name): \(error)") }
        }
        #expect(played >= 50, "of \(transcripts.count)")
    }

    private static func isForAHouse(_ transcript: Transcript) -> Bool {
        transcript.settings.allSatisfy { $0.first == "extensions" }
            && transcript.steps.allSatisfy { step in
                switch step {
                case .call, .signal("handshake"): false
                case .answer(let answer): answer == "accept" || answer.hasPrefix("queued ")
                default: true
                }
            }
    }

    private func play(_ transcript: Transcript, at port: UInt16) throws {
        let wire = try Wire(port: port)
        for step in transcript.steps {
            switch step {
            case .client(let bytes), .atOnce(let bytes): try wire.send(bytes)
            case .server(let wanted):
                let said = try wire.line() ?? "the end"
                // The number is the store's.
                let same = wanted.hasPrefix("250 2.0.0 Queued as ") ? said.hasPrefix("250 2.0.0 Queued as ") : said == wanted
                guard same else { throw WireError(description: "said \(said), not \(wanted)") }
            case .close:
                // A reset is an end as well.
                guard ((try? wire.line()) ?? nil) == nil else { throw WireError(description: "it did not close") }
            default: break
            }
        }
    }
}

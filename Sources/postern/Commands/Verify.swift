// postern verify

import ArgumentParser
import IPC
import Mail

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read every stored message again, or a sample of them, and compare its checksum.")
    @Option(
        help: "Read only so many percent of the messages, drawn anew each time, such as 5 or 0.5.",
        transform: Typed.thousandths)
    var sample: UInt16 = 1_000
    @OptionGroup var settings: SettingsOption
    @OptionGroup var form: JSONOption

    func run() async throws {
        let call = StoreCall(settings)
        var result = Found()
        var next: SpoolID?
        var line = ProgressLine(ProgressLine.form(isQuiet: form.json, elsewhere: .silent))
        repeat {
            guard case .verified(let page) = try await call.ask(.verify(after: next, sample: sample), seconds: 120) else {
                throw Failure.misfit("store")
            }
            result.checked += page.checked
            result.octets += page.octets
            result.damaged += page.damaged
            next = page.next
            line.show { _ in "\(result.checked) messages, \(octets(result.octets))" }
        } while next != nil
        line.end()
        if form.json {
            try sayJSON(result)
        } else {
            say("\(result.checked) messages, \(octets(result.octets)), \(result.damaged.count) damaged")
            for line in result.damaged { say("  \(printable(line))") }
        }
        if !result.damaged.isEmpty { throw ExitCode(1) }
    }

    private struct Found: Encodable {
        var checked: UInt64 = 0
        var octets: UInt64 = 0
        var damaged: [String] = []
    }
}

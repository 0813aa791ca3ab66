// What it costs to look at content as it passes: CPU of one thread, and allocations.
//
//   mime-bench [--check]   run it in release; with --check, exit 1 when a budget is not kept
import Glibc
import MIME

@main
struct Bench {
    static func main() {
        var isKept = true
        let attachment = InspectionLimits(attachment: 20 << 20)
        let plain = Messages.plain(octets: 5_000)
        let figure = Figure(plain, piece: plain.count, attachment)
        isKept = figure.nanoseconds <= 1_000 && figure.allocations <= 8
        print("message                                   a message     GB/s  allocations")
        figure.report("5 KB, plain")
        Figure(Messages.plain(octets: 50_000), piece: 65_536, attachment).report("50 KB, plain")
        let mixed = Messages.multipart(attachment: Messages.base64(octets: 45_000), encoding: "base64")
        Figure(mixed, piece: 65_536, attachment).report("50 KB, multipart, base64")
        Figure(mixed, piece: 1_460, attachment).report("50 KB, the same in pieces of 1,460")
        let bulk: [(String, [UInt8])] = [
            ("20 MB, base64 attachment", Messages.multipart(attachment: Messages.base64(octets: 20 << 20), encoding: "base64")),
            ("20 MB, text attachment", Messages.multipart(attachment: Messages.text(octets: 20 << 20), encoding: "8bit")),
            ("20 MB, text body", Messages.plain(octets: 20 << 20)),
        ]
        for (name, message) in bulk {
            let figure = Figure(message, piece: 65_536, attachment)
            isKept = isKept && figure.gigabytes >= 3
            figure.report(name)
        }
        let quoted = Messages.multipart(attachment: Messages.quoted(octets: 20 << 20), encoding: "quoted-printable")
        Figure(quoted, piece: 65_536, attachment).report("20 MB, quoted-printable attachment")
        var lines = attachment
        lines.line = 998
        Figure(bulk[0].1, piece: 65_536, lines).report("20 MB, base64, line length held to 998")
        Figure(Messages.nested(depth: 100, octets: 1 << 20), piece: 65_536, attachment).report("1 MB, hyphens below 100 levels")
        if CommandLine.arguments.contains("--check"), !isKept { exit(1) }
    }
}

// How fast the road is between two processes: round trips, streamed content, a lone question, the coder by itself.
//
//   ipc-bench [--check] [--seconds N] [--coder]     --check: exit 1 under a threshold; --coder: only the coder
import Glibc
import IPC
import Mail
import NIOCore
import NIOPosix

@main
struct Bench {
    static func main() async throws {
        var arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "serve" { return try serve(path: arguments[1]) }
        var seconds = 2.0
        if let place = arguments.firstIndex(of: "--seconds"), place + 1 < arguments.count {
            seconds = Double(arguments[place + 1]) ?? seconds
            arguments.removeSubrange(place...place + 1)
        }
        if arguments.contains("--coder") { return report(Measures.coder(), check: arguments.contains("--check")) }
        let path = "/tmp/postern-ipc-bench-\(getpid())"
        let child = try spawn(path)
        let measured = try await Measures(path: path, seconds: seconds, server: child).run()
        kill(child, SIGTERM)
        waitpid(child, nil, 0)
        unlink(path)
        report(measured, check: arguments.contains("--check"))
    }

    private static func report(_ measures: [Measure], check: Bool) {
        for measure in measures { print(measure.line) }
        if check && !measures.allSatisfy(\.passes) { exit(1) }
    }

    /// The other process.
    private static func serve(path: String) throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = Server(
            BenchEdge.self, listening: try UnixSocket.listen(path: path, mode: 0o600),
            identity: Identity(room: .router, release: "bench"), rule: PeerRule(uids: [getuid()]), on: group,
            log: { _ in }, conversation: { _, _ in BenchServing() })
        let parent = getppid()
        try server.start().wait()
        while getppid() == parent { sleep(1) }
    }

    private static func spawn(_ path: String) throws -> pid_t {
        var child: pid_t = 0
        let words: [UnsafeMutablePointer<CChar>?] = [strdup("ipc-bench"), strdup("serve"), strdup(path), nil]
        defer { for word in words { free(word) } }
        let failed = posix_spawn(&child, "/proc/self/exe", nil, nil, words, environ)
        guard failed == 0 else { throw SystemCallError("posix_spawn", failed) }
        return child
    }
}

/// One line of the report.
struct Measure {
    let name: String
    let value: Double
    let unit: String
    /// What `--check` demands; nil is only reported.
    var least: Double?
    var most: Double?

    var passes: Bool { value >= least ?? value && value <= most ?? value }

    var line: String {
        var text = name.padded(to: 44) + rounded.padded(to: 12, left: true) + " " + unit
        if let least { text += "   (at least \(Int(least)))" }
        if let most { text += "   (at most \(Int(most)))" }
        return passes ? text : text + "   UNDER THE THRESHOLD"
    }

    private var rounded: String {
        value >= 100 ? "\(Int(value))" : "\((value * 100).rounded() / 100)"
    }
}

extension String {
    fileprivate func padded(to width: Int, left: Bool = false) -> String {
        let spaces = String(repeating: " ", count: max(0, width - count))
        return left ? spaces + self : self + spaces
    }
}

// The running house of a test: `postern run` with settings of its own on free loopback ports, ended with the test.

import Foundation
import Synchronization

/// Started by `init`, stopped by `stop` (each test defers it). Not shared between tests.
final class House: @unchecked Sendable {
    let folder: String
    /// In a folder of its own, so that rooms may look for it there again.
    let settingsPath: String
    let smtpPort: UInt16
    let pop3Port: UInt16
    let submissionPort: UInt16
    let submissionsPort: UInt16
    let pop3sPort: UInt16
    private(set) var process: Process
    private let output: OutputLog

    struct Options {
        var delivery = ""
        var dnsPort: UInt16?
        var extra = ""
        var smtp = ""
        var accounts = ["alice", "bob"]
        /// Verifiers that accounts get beside the usual ones: `CRAM-MD5`, `NTLM`.
        var legacy: [String] = []
        /// A certificate for the house, and the ports submission (STARTTLS), submissions and pop3s (TLS from the start).
        var tls = false
        /// Behind the keys of the port of SMTP.
        var smtpPort = ""
        /// Size of a file system of its own for the state, as tmpfs takes it; nil: in the temporary folder.
        var stateSize: String?
    }

    static let password = "correct horse"

    init(_ options: Options = Options()) throws {
        folder = "/var/tmp/postern-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        settingsPath = folder + "/etc/postern.toml"
        try FileManager.default.createDirectory(
            atPath: folder + "/etc", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        if let size = options.stateSize {
            try FileManager.default.createDirectory(
                atPath: folder + "/state", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            let mount = try House.command(
                "/usr/bin/mount", ["-t", "tmpfs", "-o", "size=\(size),mode=755", "tmpfs", folder + "/state"])
            guard mount.status == 0 else { throw WireError(description: "mount: \(mount.error)") }
        }
        (smtpPort, pop3Port) = (House.freePort(), House.freePort())
        (submissionPort, submissionsPort, pop3sPort) = (House.freePort(), House.freePort(), House.freePort())
        if options.tls { try Certificates.make(in: folder + "/etc") }
        let ports = options.tls ? House.securePorts(folder, submissionPort, submissionsPort, pop3sPort) : ""
        try (House.settings(folder, smtpPort, pop3Port, options) + ports).write(
            toFile: settingsPath, atomically: true, encoding: .utf8)
        output = OutputLog()
        process = try House.launch(settingsPath, output)
        try waitUntilReady()
        let legacy = options.legacy.flatMap { ["--legacy", $0] }
        for account in options.accounts {
            try House.expectSuccess(
                postern(
                    ["account", "add", "\(account)@example.test", "--password-file", "-"] + legacy, input: House.password))
        }
    }

    private static func securePorts(_ folder: String, _ submission: UInt16, _ submissions: UInt16, _ pop3s: UInt16) -> String {
        """

        [tls]
        certificate = "\(folder)/etc/chain.pem"
        key = "\(folder)/etc/key.pem"

        [[listen]]
        service = "submission"
        address = "127.0.0.1"
        port = \(submission)
        tls = "starttls"

        [[listen]]
        service = "submission"
        address = "127.0.0.1"
        port = \(submissions)
        tls = "implicit"

        [[listen]]
        service = "pop3"
        address = "127.0.0.1"
        port = \(pop3s)
        tls = "implicit"

        """
    }

    private static func settings(_ folder: String, _ smtp: UInt16, _ pop3: UInt16, _ options: Options) -> String {
        let dns = options.dnsPort.map { "[dns]\nservers = [\"127.0.0.1:\($0)\"]\n" } ?? ""
        return """
            [server]
            hostname = "mail.example.test"
            state = "\(folder)/state"

            [[listen]]
            service = "smtp"
            address = "127.0.0.1"
            port = \(smtp)
            \(options.tls ? "tls = \"starttls\"" : "tls = \"none\"")
            \(options.smtpPort)

            [[listen]]
            service = "pop3"
            address = "127.0.0.1"
            port = \(pop3)
            tls = "\(options.tls ? "starttls" : "none")"

            \(options.smtp.isEmpty ? "" : "[smtp]\n\(options.smtp)\n")
            \(options.delivery.isEmpty ? "" : "[delivery]\n\(options.delivery)\n")
            \(dns)\(options.extra)
            """
    }

    /// Waits until the house says that every port answers.
    func waitUntilReady(seconds: Double = 30) throws {
        try wait(seconds, for: "ready") {
            guard process.isRunning else { throw WireError(description: "the house ended: \(output.text.suffix(2_000))") }
            return output.contains("postern: ready")
        }
        if !FileManager.default.fileExists(atPath: folder + "/domain") {
            try House.expectSuccess(postern(["domain", "add", "example.test"]))
            _ = FileManager.default.createFile(atPath: folder + "/domain", contents: nil)
        }
    }

    func stop() {
        if process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        _ = try? House.command("/usr/bin/umount", ["-q", folder + "/state"])
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Ends the whole house with -9, parent and rooms, and starts it again on the same state.
    func crashAndRestart() throws {
        let rooms = ["listener", "router", "store", "delivery"].compactMap { try? pid(of: $0) }
        for victim in [process.processIdentifier] + rooms { kill(victim, SIGKILL) }
        process.waitUntilExit()
        for room in rooms { try wait(10, for: "the end of \(room)") { kill(room, 0) != 0 } }
        try start()
    }

    /// After the house has ended: again, on the same state.
    func start() throws {
        output.clear()
        process = try House.launch(settingsPath, output)
        try waitUntilReady()
    }

    /// The process number of a room, from the parent's children.
    func pid(of room: String) throws -> pid_t {
        let children = try String(
            contentsOfFile: "/proc/\(process.processIdentifier)/task/\(process.processIdentifier)/children",
            encoding: .utf8)
        for child in children.split(separator: " ").compactMap({ pid_t($0) }) {
            let name = (try? String(contentsOfFile: "/proc/\(child)/cmdline", encoding: .utf8)) ?? ""
            if name.hasPrefix("\(House.programs)/postern-\(room)") { return child }
        }
        throw WireError(description: "the \(room) does not run")
    }

    /// Kills a room with -9 and gives its old process number.
    @discardableResult
    func kill9(_ room: String) throws -> pid_t {
        let victim = try pid(of: room)
        kill(victim, SIGKILL)
        return victim
    }

    /// Waits until a room runs under another number than this and answers its control socket.
    func waitForReturn(of room: String, after old: pid_t) throws {
        try wait(20, for: "the return of the \(room)") {
            guard let now = try? self.pid(of: room), now != old else { return false }
            return (try? self.figures()[room]) != nil
        }
    }

    /// The figures of every room that answers `postern status --json`.
    func figures() throws -> [String: [String: Int]] {
        let result = try postern(["status", "--json"])
        guard let all = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any],
            let rooms = all["rooms"] as? [[String: Any]]
        else { throw WireError(description: "status: \(result.output)\(result.error)") }
        var figures: [String: [String: Int]] = [:]
        for room in rooms {
            guard let name = room["room"] as? String, let list = room["figures"] as? [String: Int] else { continue }
            figures[name] = list
        }
        return figures
    }

    func unaccounted() throws -> Int {
        let result = try postern(["status", "--json"])
        guard let all = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any],
            let ledger = all["ledger"] as? [String: Int], let count = ledger["unaccounted"]
        else { throw WireError(description: "status: \(result.output)\(result.error)") }
        return count
    }

    // MARK: Mail

    /// An SMTP connection after EHLO.
    func smtp(timeout: Double = 20) throws -> Wire {
        let wire = try Wire(port: smtpPort, timeout: timeout)
        guard try wire.reply()?.hasPrefix("220") == true else { throw WireError(description: "no greeting") }
        _ = try wire.ask("EHLO client.test")
        return wire
    }

    /// Sends one message; gives the reply to the end of data, or the first refusal before it.
    @discardableResult
    func send(
        from sender: String = "sender@remote.test", to recipients: [String], _ content: String, over given: Wire? = nil
    ) throws -> String {
        let wire = try given ?? smtp()
        for command in ["MAIL FROM:<\(sender)>"] + recipients.map({ "RCPT TO:<\($0)>" }) {
            let reply = try wire.ask(command)
            guard reply.hasPrefix("250") else { return reply }
        }
        let go = try wire.ask("DATA")
        guard go.hasPrefix("354") else { return go }
        return try wire.ask(content + "\r\n.")
    }

    /// A connection behind EHLO of a client at this address, by way of a load balancer.
    func smtp(from client: String) throws -> Wire {
        let wire = try Wire(port: smtpPort)
        try wire.send(House.proxy(client))
        guard let banner = try wire.reply(), banner.hasPrefix("220") else {
            throw WireError(description: "\(client) was not greeted")
        }
        _ = try wire.ask("EHLO client.test")
        return wire
    }

    /// Version 1 of the PROXY protocol.
    static func proxy(_ client: String) -> String { "PROXY TCP4 \(client) 192.0.2.1 40000 25\r\n" }

    /// A POP3 connection after login.
    func pop3(_ account: String, password: String = House.password) throws -> Wire {
        let wire = try Wire(port: pop3Port)
        _ = try wire.line()
        try wire.send("USER \(account)@example.test\r\n")
        _ = try wire.line()
        try wire.send("PASS \(password)\r\n")
        guard let answer = try wire.line(), answer.hasPrefix("+OK") else {
            throw WireError(description: "login refused")
        }
        return wire
    }

    /// Removes these messages of an account by POP3.
    func remove(_ numbers: ClosedRange<Int>, of account: String) throws {
        let wire = try pop3(account)
        for command in numbers.map({ "DELE \($0)" }) + ["QUIT"] {
            try wire.send(command + "\r\n")
            guard try wire.line()?.hasPrefix("+OK") == true else { throw WireError(description: "\(command) refused") }
        }
    }

    /// Every message of an account, read by POP3.
    func mailbox(_ account: String) throws -> [[String]] {
        let wire = try pop3(account)
        try wire.send("STAT\r\n")
        let count = Int(try wire.line()?.split(separator: " ")[1] ?? "") ?? -1
        guard count > 0 else { return [] }
        var messages: [[String]] = []
        for number in 1...count {
            try wire.send("RETR \(number)\r\n")
            guard try wire.line()?.hasPrefix("+OK") == true else {
                throw WireError(description: "RETR \(number) refused")
            }
            messages.append(try wire.multiline())
        }
        try wire.send("QUIT\r\n")
        _ = try wire.line()
        return messages
    }

    // MARK: Commands

    struct Result {
        var status: Int32
        var output: String
        var error: String
    }

    func postern(_ arguments: [String], input: String? = nil) throws -> Result {
        try House.command(
            "\(House.programs)/postern", arguments + ["--config", settingsPath], input: input)
    }

    func log() -> String { output.text }

    static func expectSuccess(_ result: Result) throws {
        guard result.status == 0 else {
            throw WireError(description: "exit \(result.status): \(result.output)\(result.error)")
        }
    }

    static func command(_ program: String, _ arguments: [String], input: String? = nil) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let (output, error, feed) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        process.standardInput = feed
        try process.run()
        if let input { feed.fileHandleForWriting.write(Data(input.utf8)) }
        try feed.fileHandleForWriting.close()
        let errors = OutputLog()
        errors.follow(error.fileHandleForReading)
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        errors.finish()
        return Result(
            status: process.terminationStatus, output: String(decoding: text, as: UTF8.self), error: errors.text)
    }

    /// The folder of the built programs: the test bundle lies in it.
    static let programs: String = {
        var folder = Bundle.main.bundleURL
        while folder.path != "/", !FileManager.default.fileExists(atPath: folder.appendingPathComponent("postern").path) {
            folder.deleteLastPathComponent()
        }
        return folder.path
    }()

    private static func launch(_ settings: String, _ output: OutputLog) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: programs + "/postern")
        process.arguments = ["run", "--config", settings]
        let pipe = Pipe()
        process.standardError = pipe
        process.standardOutput = pipe
        try process.run()
        output.follow(pipe.fileHandleForReading)
        return process
    }

    /// Never the same twice in a run, and below the ports that the kernel gives to connections: a house whose port somebody
    /// else has, or whose settings name one port twice, does not become ready.
    static func freePort() -> UInt16 {
        while true {
            let port = nextPort.withLock { next in
                defer { next = next < 31_999 ? next + 1 : 15_000 }
                return next
            }
            if isFree(port) { return port }
        }
    }

    private static let nextPort = Mutex(UInt16.random(in: 15_000...31_999))

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Waits for something that another process does: asks again and again, and fails after the limit.
func wait(_ seconds: Double, for what: String, until condition: () throws -> Bool) throws {
    let end = Date().addingTimeInterval(seconds)
    while try !condition() {
        guard Date() < end else { throw WireError(description: "\(what) did not come within \(seconds) s") }
        usleep(20_000)
    }
}

/// Collects what a process prints, on a thread of its own.
final class OutputLog: @unchecked Sendable {
    private let lock = NSLock()
    private var data = Data()
    private let done = DispatchSemaphore(value: 0)

    func follow(_ handle: FileHandle) {
        Thread.detachNewThread { [self] in
            while case let chunk = handle.availableData, !chunk.isEmpty { lock.withLock { data.append(chunk) } }
            done.signal()
        }
    }

    func finish() { done.wait() }
    func clear() { lock.withLock { data = Data() } }
    var text: String { lock.withLock { String(decoding: data, as: UTF8.self) } }
    func contains(_ word: String) -> Bool { lock.withLock { data.range(of: Data(word.utf8)) != nil } }
}

// Real clients against login, splice and session socket: poplib, curl, mpop, fetchmail, getmail, and a strict reader of
// our own with 2,000 awkward messages, byte for byte. E-10, T-27.

import Foundation
import IPC
import Mail
import POP3House
import Testing

@testable import listener

@Suite(.serialized) struct LoginPeersTests {
    static let one = AccountID(rawValue: 1)

    /// Octets that mail should not have and sometimes has. Always the same.
    static func awkward(_ number: Int) -> [UInt8] {
        var random = SplitMix(state: UInt64(number))
        let header = Array("Subject: awkward \(number)\r\nFrom: a@b.example\r\n\r\n".utf8)
        switch number % 16 {
        case 0: return []
        case 1: return header
        case 2: return header + Array(".\r\n".utf8)
        case 3: return header + Array("..\r\n.\r\n...\r\n. \r\n.a\r\n".utf8)
        case 4: return header + Array("no line end".utf8)
        case 5: return header + Array("dot at the end\r\n.".utf8)
        case 6: return header + [UInt8](repeating: 0x78, count: 4_000 + number) + [13, 10]
        case 7: return header + (0...255).map { UInt8($0) } + [13, 10]
        case 8: return header + [0, 0, 0, 13, 10, 0x2E, 0, 13, 10]
        case 9: return header + Array("lone\rreturns\r\r\n.\r\n\r".utf8)
        case 10: return header + Array("lone\nfeeds\n.\n\n.x\r\n.\r\n\n".utf8)
        case 11: return Array(".\r\n".utf8)
        case 12: return [13]
        case 13: return [10]
        case 14:
            let alphabet: [UInt8] = Array("\r\n..\r\n.ab\n\r".utf8) + [0, 0xFF]
            return (0..<Int.random(in: 0...3_000, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
        default:
            let length = Int.random(in: 0...(number % 100 == 15 ? 150_000 : 4_000), using: &random)
            let line = (0..<77).map { _ in UInt8.random(in: 0x20...0x7E, using: &random) } + [13, 10]
            return header + Array(repeating: line, count: length / 79).flatMap { $0 }
        }
    }

    /// As a client that ends lines at LF reads it and writes lines with LF.
    static func ordinary(_ number: Int) -> [UInt8] {
        let body = (0..<number % 90).map { $0 % 5 == 0 ? ".\($0)" : $0 % 7 == 0 ? "." : "line \($0)" }
        let lines =
            [
                "From: a@b.example", "To: alice@example.test", "Subject: number \(number)",
                "Message-ID: <\(number)@b.example>", "Date: Sat, 21 Nov 2026 10:00:00 +0000", "",
            ] + body
        return Array(lines.map { $0 + "\r\n" }.joined().utf8)
    }

    @Test func twoThousandAwkwardMessagesByteForByte() async throws {
        let messages = (0..<2_000).map(Self.awkward)
        let (login, store) = try await LoginConnectionTests.houses(messages)
        try await onThread {
            for isPipelined in [true, false] {
                let client = try SocketClient(port: login.port)
                try client.send("USER alice\r\nPASS secret\r\n")
                #expect(try client.text() == "+OK Postern ready")
                #expect(try client.text() == "+OK Password next")
                #expect(try client.text() == "+OK 2000 messages")
                if isPipelined { try client.send((1...2_000).map { "RETR \($0)\r\n" }.joined()) }
                for (index, message) in messages.enumerated() {
                    if !isPipelined { try client.send("RETR \(index + 1)\r\n") }
                    #expect(try client.text() == "+OK \(message.count) octets")
                    let hasEnd = message.isEmpty || message.suffix(2) == [13, 10]
                    let isSame = try client.body() == (hasEnd ? message : message + [13, 10])
                    #expect(isSame, "message \(index)")
                }
                #expect(try client.say("QUIT") == "+OK Goodbye")
                #expect(try client.isAtEnd())
            }
        }
        try await LoginConnectionTests.stop(login, store)
    }

    @Test func pythonsPoplib() async throws {
        let messages = (0..<200).map(Self.ordinary)
        let (login, store) = try await LoginConnectionTests.houses(messages)
        let script = """
            import poplib, sys
            p = poplib.POP3('127.0.0.1', \(login.port), timeout=20)
            assert b'Postern' in p.getwelcome()
            assert 'UIDL' in p.capa() and p.capa()['EXPIRE'] == ['NEVER'], p.capa()
            try:
                p.user('alice'); p.pass_('wrong'); sys.exit('let in')
            except poplib.error_proto as e:
                assert b'[AUTH]' in e.args[0]
            p.user('alice'); p.pass_('secret')
            count, size = p.stat()
            assert count == 200, count
            assert len(p.list()[1]) == 200 and len(set(p.uidl()[1])) == 200
            total = 0
            for n in range(1, count + 1):
                reply, lines, _ = p.retr(n)
                data = b''.join(l + b'\\r\\n' for l in lines)
                assert len(data) == int(reply.split()[1]), n
                assert int(p.list(n).split()[2]) == len(data)
                total += len(data)
                top = p.top(n, 2)[1]
                assert top == lines[:len(top)] and len(top) <= 8, n
            assert total == size
            try:
                p.retr(201); sys.exit('found')
            except poplib.error_proto: pass
            for n in range(1, 101): p.dele(n)
            assert p.stat()[0] == 100
            p.rset()
            assert p.stat()[0] == 200
            p.dele(200)
            assert p.quit().startswith(b'+OK')
            """
        let result = try await Program.run("python3", ["-c", script])
        #expect(result.status == 0, "\(result.text)")
        #expect(store.maildrops.account(Self.one).messages.count == 199)
        try await LoginConnectionTests.stop(login, store)
    }

    @Test(.enabled(if: Program.exists("curl"))) func curl() async throws {
        let messages = (0..<40).map(Self.ordinary) + [Self.awkward(3), Self.awkward(10), Self.awkward(8)]
        let (login, store) = try await LoginConnectionTests.houses(messages)
        for number in [1, 20, 41, 42, 43] {
            let url = "pop3://127.0.0.1:\(login.port)/\(number)"
            let result = try await Program.run("curl", ["-s", "-S", "-m", "20", "-u", "alice:secret", url])
            #expect(result.status == 0, "\(result.text)")
            let message = messages[number - 1]
            let isSame = result.output == (message.suffix(2) == [13, 10] ? message : message + [13, 10])
            #expect(isSame, "message \(number)")
        }
        let list = try await Program.run(
            "curl", ["-s", "-S", "-m", "20", "-u", "alice:secret", "pop3://127.0.0.1:\(login.port)/"])
        #expect(list.status == 0)
        #expect(String(decoding: list.output, as: UTF8.self).hasPrefix("1 \(messages[0].count)\r\n"))
        let wrong = try await Program.run(
            "curl", ["-s", "-m", "20", "-u", "alice:guess", "pop3://127.0.0.1:\(login.port)/1"])
        // CURLE_LOGIN_DENIED
        #expect(wrong.status == 67)
        try await LoginConnectionTests.stop(login, store)
    }

    @Test(.enabled(if: Program.exists("mpop"))) func mpop() async throws {
        let (login, store) = try await LoginConnectionTests.houses((0..<100).map(Self.ordinary))
        let folder = try Program.folder()
        try Program.write(
            """
            account default
            host 127.0.0.1
            port \(login.port)
            tls off
            auth user
            user alice
            passwordeval echo secret
            uidls_file \(folder)/uidls
            delivery mbox \(folder)/mbox
            keep off
            """, to: folder + "/mpoprc")
        let result = try await Program.run("mpop", ["-C", folder + "/mpoprc", "-Q"], home: folder)
        #expect(result.status == 0, "\(result.text)")
        try expectMessages(folder + "/mbox", count: 100)
        #expect(store.maildrops.account(Self.one).messages.isEmpty)
        try await LoginConnectionTests.stop(login, store)
    }

    @Test(.enabled(if: Program.exists("fetchmail"))) func fetchmail() async throws {
        let (login, store) = try await LoginConnectionTests.houses((0..<100).map(Self.ordinary))
        let folder = try Program.folder()
        try Program.write(
            """
            poll 127.0.0.1 proto pop3 port \(login.port) auth password user "alice" password "secret" \
            fetchall nokeep sslproto "" mda "cat >> \(folder)/mbox; echo >> \(folder)/mbox"
            """, to: folder + "/fetchmailrc")
        let result = try await Program.run(
            "fetchmail", ["-f", folder + "/fetchmailrc", "--pidfile", folder + "/pid", "-i", folder + "/ids"],
            home: folder)
        #expect(result.status == 0, "\(result.text)")
        try expectMessages(folder + "/mbox", count: 100)
        #expect(store.maildrops.account(Self.one).messages.isEmpty)
        try await LoginConnectionTests.stop(login, store)
    }

    @Test(.enabled(if: Program.exists("getmail"))) func getmail() async throws {
        let (login, store) = try await LoginConnectionTests.houses((0..<100).map(Self.ordinary))
        let folder = try Program.folder()
        try Program.write(
            """
            [retriever]
            type = SimplePOP3Retriever
            server = 127.0.0.1
            port = \(login.port)
            username = alice
            password = secret
            [destination]
            type = MDA_external
            path = /bin/sh
            arguments = ("-c", "cat >> \(folder)/mbox; echo >> \(folder)/mbox")
            allow_root_commands = true
            [options]
            delete = true
            """, to: folder + "/getmailrc")
        let result = try await Program.run("getmail", ["-g", folder, "-r", folder + "/getmailrc"], home: folder)
        #expect(result.status == 0, "\(result.text)")
        try expectMessages(folder + "/mbox", count: 100)
        #expect(store.maildrops.account(Self.one).messages.isEmpty)
        try await LoginConnectionTests.stop(login, store)
    }

    /// Every message's subject, and its last lines, are in what the client wrote.
    private func expectMessages(_ path: String, count: Int) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8).replacingOccurrences(of: "\r\n", with: "\n")
        #expect(text.components(separatedBy: "\nSubject: number ").count == count + 1)
        // 88 lines, of which 86 is the last ordinary one.
        #expect(text.contains("\n.85\nline 86\nline 87\n"))
    }
}

/// Programs of the machine, run to their end with a time-out.
enum Program {
    struct Result: Sendable {
        var status: Int32
        var output: [UInt8]
        var text: String
    }

    static func exists(_ name: String) -> Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/\(name)") }

    static func folder() throws -> String {
        let path = NSTemporaryDirectory() + "pop3-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return path
    }

    static func write(_ text: String, to path: String) throws {
        try (text + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    static func run(_ name: String, _ arguments: [String], home: String? = nil) async throws -> Result {
        try await onThread {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
            process.arguments = ["60", name] + arguments
            var environment = ProcessInfo.processInfo.environment
            environment["LC_ALL"] = "C.UTF-8"
            if let home {
                environment["HOME"] = home
                environment["XDG_CONFIG_HOME"] = home
            }
            process.environment = environment
            let (output, errors) = (Pipe(), Pipe())
            process.standardOutput = output
            process.standardError = errors
            process.standardInput = FileHandle.nullDevice
            try process.run()
            let heard = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
            let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return Result(status: process.terminationStatus, output: heard, text: said)
        }
    }
}

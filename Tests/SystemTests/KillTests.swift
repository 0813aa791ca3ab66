// Every room is killed with -9 under load: each message that got 250 is there exactly once, and the ledger closes.

import Foundation
import Testing

@Suite struct KillTests {
    /// How many messages the storm sends; POSTERN_STORM makes it longer.
    static let storm = Int(ProcessInfo.processInfo.environment["POSTERN_STORM"] ?? "") ?? 10_000

    @Test(.timeLimit(.minutes(10)))
    func everyAnsweredMessageIsThereOnce() throws {
        let house = try House(House.Options(smtp: "max_sessions_per_client = 1000"))
        defer { house.stop() }
        let senders = Storm(house: house, messages: Self.storm, sessions: 100)
        senders.start()
        var kills = 0
        let rooms = ["store", "router", "listener", "delivery"]
        while !senders.isDone {
            let answered = senders.answered
            let room = rooms[kills % rooms.count]
            let old = try house.kill9(room)
            kills += 1
            try house.waitForReturn(of: room, after: old)
            try wait(60, for: "messages after the return of the \(room)") {
                senders.isDone || senders.answered >= answered + 200
            }
        }
        senders.join()
        #expect(senders.wrongReplies.isEmpty, "our own trouble is 4xx")
        #expect(kills >= rooms.count, "the storm was over after \(kills) kills")
        try house.crashAndRestart()

        var seen: [String: Int] = [:]
        for message in try house.mailbox("alice") {
            guard let subject = message.first(where: { $0.hasPrefix("Subject: storm-") }) else { continue }
            seen[String(subject.dropFirst(9)), default: 0] += 1
        }
        let answered = senders.answeredNames
        #expect(answered.count == Self.storm)
        #expect(answered.filter { seen[$0] == nil }.isEmpty, "messages that got 250 are missing")
        #expect(seen.values.allSatisfy { $0 == 1 }, "messages are there more than once")
        #expect(try house.unaccounted() == 0)
        let verify = try house.postern(["verify", "--json"])
        #expect(verify.status == 0, "\(verify.output)\(verify.error)")
    }

    /// The router goes away: SMTP clients are told to come back, an open POP3 session goes on, nothing else restarts.
    @Test func theRouterComesBackAlone() throws {
        let house = try House()
        defer { house.stop() }
        try house.send(to: ["alice@example.test"], "Subject: before\r\n\r\nx")
        let maildrop = try house.pop3("alice")
        let smtp = try house.smtp()
        #expect(try smtp.ask("MAIL FROM:<s@remote.test>").hasPrefix("250"))
        let others = try ["listener", "store", "delivery"].map { try house.pid(of: $0) }
        let router = try house.pid(of: "router")
        kill(router, SIGSTOP)
        try smtp.send("RCPT TO:<alice@example.test>\r\n")
        kill(router, SIGKILL)
        let answer = try #require(try smtp.reply())
        #expect(answer.hasPrefix("451") || answer.hasPrefix("421"), "\(answer)")
        try maildrop.send("RETR 1\r\n")
        #expect(try maildrop.line()?.hasPrefix("+OK") == true)
        #expect(try maildrop.multiline().contains("Subject: before"))
        try house.waitForReturn(of: "router", after: router)
        try wait(10, for: "mail after the return") {
            (try? house.send(to: ["alice@example.test"], "Subject: after\r\n\r\nx").hasPrefix("250")) == true
        }
        #expect(try ["listener", "store", "delivery"].map { try house.pid(of: $0) } == others)
    }
}

/// Many sessions that send numbered messages and try again until each got its 250.
final class Storm: @unchecked Sendable {
    private let house: House
    private let sessions: Int
    private let lock = NSLock()
    private var remaining: Int
    private var number = 0
    private var names: [String] = []
    /// A refusal for ever while a room is away must not be.
    private(set) var wrongReplies: [String] = []
    private let group = DispatchGroup()

    init(house: House, messages: Int, sessions: Int) {
        self.house = house
        self.sessions = sessions
        remaining = messages
    }

    var answered: Int { lock.withLock { names.count } }
    var answeredNames: [String] { lock.withLock { names } }
    var isDone: Bool { lock.withLock { remaining == 0 && running == 0 } }
    private var running = 0

    func start() {
        lock.withLock { running = sessions }
        for _ in 0..<sessions {
            group.enter()
            Thread.detachNewThread { [self] in
                session()
                lock.withLock { running -= 1 }
                group.leave()
            }
        }
    }

    func join() { group.wait() }

    private func session() {
        let filler = String(repeating: String(repeating: "x", count: 70) + "\r\n", count: 60)
        var wire: Wire?
        while lock.withLock({ remaining > 0 }) {
            guard lock.withLock({ take() }) else { return }
            // A name is used for one try only: what is lost with the connection may be there or not, and is sent
            // again under another name.
            while true {
                let name = lock.withLock { () -> String in
                    number += 1
                    return "storm-\(number)"
                }
                do {
                    let open = try wire ?? house.smtp()
                    wire = open
                    let reply = try house.send(
                        to: ["alice@example.test"], "Subject: \(name)\r\n\r\n\(filler)", over: open)
                    if reply.hasPrefix("250") {
                        lock.withLock { names.append(name) }
                        break
                    }
                    if !reply.hasPrefix("4") { lock.withLock { wrongReplies.append(reply) } }
                    wire = nil
                } catch {
                    wire = nil
                }
                usleep(20_000)
            }
        }
    }

    private func take() -> Bool {
        guard remaining > 0 else { return false }
        remaining -= 1
        return true
    }
}

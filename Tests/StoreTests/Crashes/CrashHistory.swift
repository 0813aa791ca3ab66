// What a store has acknowledged, written down outside of it line by line, and held against what the store has after a crash.
//
//  B n              every number below n was given out in an earlier life; those that are there have an A line
//  A n spool        message n was acknowledged
//  r n              the removal of n was asked for; it may be there or not
//  R n              the removal was acknowledged
//  S entry          an outcome of a queue entry was acknowledged

import Glibc
import IPC
import Mail
import Testing

@testable import store

/// The store broke its word.
struct BrokenWord: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

final class CrashHistory: Sendable {
    private let path: String
    private let file: OpenFile

    init(_ folder: String) throws {
        path = "\(folder)/history"
        file = try OpenFile(path, flags: O_RDWR | O_CREAT | O_APPEND)
    }

    /// One call of the system: a kill leaves a line or none.
    func note(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        precondition(write(file.descriptor, bytes, bytes.count) == bytes.count)
    }

    struct Known {
        var base = 1
        var accepted: [Int: SpoolID] = [:]
        var perhaps: Set<Int> = []
        var removed: Set<Int> = []
        var settled: Set<UInt64> = []
    }

    func read() throws -> Known {
        var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
        guard pread(file.descriptor, &bytes, bytes.count, 0) == bytes.count else { throw BrokenWord("no history") }
        var known = Known()
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 1, let number = Int(words[1]) else { throw BrokenWord("a history of '\(line)'") }
            switch words[0] {
            case "B": known.base = number
            case "A": known.accepted[number] = SpoolID(words[2])
            case "r": known.perhaps.insert(number)
            case "R": known.removed.insert(number)
            default: known.settled.insert(UInt64(number))
            }
        }
        return known
    }

    /// A new life begins with what is there.
    func begin(with present: [Int: SpoolID], base: Int) throws {
        let new = try OpenFile(path + ".new", flags: O_WRONLY | O_CREAT | O_TRUNC)
        let text = "B \(base)\n" + present.map { "A \($0.key) \($0.value)\n" }.joined()
        let bytes = Array(text.utf8)
        guard write(new.descriptor, bytes, bytes.count) == bytes.count, rename(path + ".new", path) == 0 else {
            throw BrokenWord("the history cannot be written")
        }
    }

    /// The messages of a size that depends on the number: most are small, every eleventh gets a file of its own.
    static func text(_ number: Int) -> String {
        let size = number % 11 == 0 ? 40_000 : number % 3 * 9_000 + 200
        let line = "message \(number) of the crash test\r\n"
        return "Subject: \(number)\r\n\r\n" + String(repeating: line, count: size / line.utf8.count + 1)
    }

    static func number(_ text: String) throws -> Int {
        guard let start = text.range(of: "Subject: ")?.upperBound, let number = Int(text[start...].prefix { $0.isNumber })
        else { throw BrokenWord("a message without its number") }
        guard text.hasSuffix(Self.text(number)) else { throw BrokenWord("message \(number) has other bytes") }
        return number
    }
}

// After a crash.
extension CrashHistory {
    /// Throws what is not as it was said. Returns what is there by number, and the first number that was never given out.
    func check(_ store: TestStore, _ account: AccountID) async throws -> (present: [Int: SpoolID], next: Int) {
        let known = try read()
        let damaged = try store.verify()
        guard damaged.isEmpty else { throw BrokenWord("damaged: \(damaged[0])") }
        let wrong = try store.recount()
        guard wrong.isEmpty else { throw BrokenWord("figures: \(wrong[0])") }
        let audit = try await store.audit()
        guard audit.unaccounted == 0 else { throw BrokenWord("unaccounted: \(audit)") }
        let maildrop = try await store.house.inboxes.openMaildrop(account)
        defer { store.house.inboxes.closeMaildrop(account) }
        var present: [Int: SpoolID] = [:]
        for message in maildrop.messages {
            let number = try Self.number(String(buffer: try await store.house.inboxes.read(message.spool)))
            guard present.updateValue(message.spool, forKey: number) == nil else {
                throw BrokenWord("message \(number) is there twice")
            }
        }
        try compare(present, known)
        try await checkQueue(store, known)
        return (present, max(known.base, (present.keys.max() ?? 0) + 1, (known.accepted.keys.max() ?? 0) + 1))
    }

    private func compare(_ present: [Int: SpoolID], _ known: Known) throws {
        for (number, spool) in known.accepted where !known.perhaps.contains(number) && !known.removed.contains(number) {
            guard let found = present[number] else { throw BrokenWord("message \(number) was acknowledged and is lost") }
            guard found == spool else { throw BrokenWord("message \(number) is \(found) and was acknowledged as \(spool)") }
        }
        for number in present.keys {
            if known.removed.contains(number) { throw BrokenWord("message \(number) was removed and is there") }
            // What was under way and not acknowledged may be there; its number is new.
            if number < known.base, known.accepted[number] == nil { throw BrokenWord("message \(number) came back") }
        }
    }

    private func checkQueue(_ store: TestStore, _ known: Known) async throws {
        let entries = try await store.house.database.queue(after: nil, limit: 10_000)
        for entry in entries where known.settled.contains(entry.entry) {
            throw BrokenWord("entry \(entry.entry) was settled and is open")
        }
    }
}

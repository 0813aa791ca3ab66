// The same changes in the same groups, made by chance: SQLite and the plain model say the same to each of them, tell the same
// news, and show the same afterwards.

import Testing

@testable import store

@Suite struct DifferentialTests {
    /// What is said in a run at least: otherwise it was no trial.
    private static let answers: Set<Substring> = [
        "done", "repeated", "overQuota", "rejected", "failed", "purged", "settled", "entries", "mailbox", "directory",
        "account", "domain",
    ]

    @Test("both engines do, tell and show the same", arguments: [1, 2, 3] as [UInt64])
    func changes(seed: UInt64) async throws {
        let trial = try Trial()
        var maker = ChangeMaker(seed: seed)
        var changes = ChangeMaker.beginning.map { Change.directory($0, at: maker.now) }
        for number in 0..<60 {
            if let difference = try await trial.differ(after: changes, number) {
                Issue.record("group \(number), \(difference)")
                break
            }
            if number % 20 == 18 { try trial.restart() }
            changes = maker.group(trial.model)
        }
        #expect(Self.answers.isSubset(of: trial.words), "missing: \(Self.answers.subtracting(trial.words))")
        try await trial.close()
    }
}

// Which engine a test's store has. `@Suite(.bothEngines)` runs every test below it with SQLite and then with memory; what a
// failure says ends with the engine's name.

import Testing

@testable import store

enum TestEngine: String, CaseIterable {
    case sqlite, memory

    /// Of the stores that this task makes.
    @TaskLocal static var current = TestEngine.sqlite

    func engine(on disk: MemoryDisk) -> Engine {
        switch self {
        case .sqlite: .sqlite
        case .memory:
            Engine(
                name: "the memory", isThere: { _ in true },
                open: { around in MemoryDatabase(disk, quotaGrace: around.quotaGrace) })
        }
    }
}

struct BothEngines: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        for engine in TestEngine.allCases {
            let named = IssueHandlingTrait.compactMapIssues { issue in
                var issue = issue
                issue.comments.append("engine: \(engine.rawValue)")
                return issue
            }
            try await TestEngine.$current.withValue(engine) {
                try await named.provideScope(for: test, testCase: testCase, performing: body)
            }
        }
    }
}

/// Of a test below `bothEngines` that looks into SQLite's file.
struct OnlySQLite: TestTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        if TestEngine.current == .sqlite { try await body() }
    }
}

extension Trait where Self == OnlySQLite {
    static var onlySQLite: OnlySQLite { OnlySQLite() }
}

extension Trait where Self == BothEngines {
    static var bothEngines: BothEngines { BothEngines() }
}

// Carrying out a difference, and what is said of it: before, and when it ends early.

import IPC
import Mail
import Settings

/// How far it came.
struct DirectoryOutcome {
    /// Steps that were made wholly.
    private(set) var done = 0
    /// Words of the first step behind them that were carried out.
    private(set) var begun = 0
    private(set) var refusal: String?

    /// Makes step after step, until the store refuses one.
    static func make(
        _ steps: [DirectoryStep], _ change: (CommandToStore.Question) async throws -> Void
    ) async -> DirectoryOutcome {
        var outcome = DirectoryOutcome()
        for step in steps {
            outcome.begun = 0
            for question in step.questions {
                do {
                    try await change(question)
                } catch {
                    outcome.refusal = "\(error)"
                    return outcome
                }
                outcome.begun += 1
            }
            outcome.done += 1
        }
        return outcome
    }

    /// nil: all was done.
    func sentence(_ steps: [DirectoryStep]) -> String? {
        guard let refusal else { return nil }
        let (step, left) = (steps[done], steps.count - done - 1)
        let half = begun == 0 ? "" : " It is half done: \(begun) of its \(step.questions.count) parts."
        let before = "Done: \(done) of \(steps.count)" + (done == 0 ? "" : ", the last of them \"\(steps[done - 1].line)\"")
        let after = "Not done: this one" + (left == 0 ? "" : " and the \(left) behind it, from \"\(steps[done + 1].line)\"")
        return "stopped at \"\(step.line)\": \(refusal).\(half) \(before). \(after). "
            + "Correct what hinders and apply the file again: what is done is not done twice"
    }

    func lines(_ difference: DirectoryDifference) -> [String] {
        let made = Set(difference.steps.prefix(done).filter { $0.sign == .added && $0.kind == "account" }.map(\.name))
        let users = difference.newUsers.filter { made.contains($0.typed) }
        let commands = users.map { "  postern account password \($0.typed) --password-file FILE" }
        let head = users.isEmpty ? [] : ["without a password, and so without a login, until:"]
        return (refusal == nil ? ["done: \(done) of \(difference.steps.count)"] : []) + head + commands
    }
}

extension DirectoryDifference {
    /// The steps, then what is left alone.
    var lines: [String] { steps.map(\.line) + kept.map { "  \($0): not in the file, kept" } }

    var question: String {
        let goes = steps.count { $0.sign == .removed }
        return "make \(steps.count == 1 ? "this change" : "these \(steps.count) changes")"
            + (goes == 0 ? "?" : ", of which \(goes == 1 ? "1 removes something" : "\(goes) remove something")?")
    }

    /// As the commands say it that add one range.
    func warnings(_ relay: Settings.Relay) -> [String] {
        steps.flatMap { $0.questions }.compactMap { question in
            guard case .addRange(let list, let range) = question else { return nil }
            return RangeDanger(range, in: list, relay).map { "\(range) \($0.words)" }
        }
    }
}

/// A difference for programs.
struct ShownDifference: Encodable {
    struct Step: Encodable {
        let sign: DirectoryStep.Sign
        let kind: String
        let name: String
        let detail: String
        let done: Bool
    }

    let steps: [Step]
    let kept: [String]
    /// New users, in the order of the file.
    let withoutPassword: [String]

    /// - Parameter done: so many steps were made.
    init(_ difference: DirectoryDifference, done: Int) {
        steps = difference.steps.enumerated().map { index, step in
            Step(sign: step.sign, kind: step.kind, name: step.name, detail: step.detail, done: index < done)
        }
        kept = difference.kept
        withoutPassword = difference.newUsers.map(\.typed)
    }
}

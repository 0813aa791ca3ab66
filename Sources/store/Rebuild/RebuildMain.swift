// `postern-store rebuild-index [--config FILE]`: for an administrator, while the store does not run. It says what it found,
// what it could not know, and what is to be done about that.

enum RebuildMain {
    static let word = "rebuild-index"

    /// - Parameter words: what follows the word.
    static func run(_ words: [String]) -> Never {
        StandAlone.run("the index cannot be made anew") {
            let home = try StandAlone.enter(words)
            let report = try IndexRebuild(home: home, now: StoreClock.now(), log: { _ in }).run()
            StandAlone.say(report.text)
        }
    }
}

extension RebuildReport {
    /// For the administrator, in paragraphs.
    package var text: String {
        var text = "The index has \(messages) messages of \(accounts.count) accounts again.\n"
        if let before { text += "The old one is \(before).\n" }
        text += """

            What segments do not say: what was read, flagged, moved or deleted since it came. Each message is in the mailbox
            that it was put into when it came, of each account that it came for, also if it was removed and its space not
            given back yet. Passwords, aliases, receive rules, lists of addresses, folders, processors and rights on
            mailboxes are to be set again: nobody can log in before that.

            """
        text += Self.paragraph("Accounts:", accounts)
        text += Self.paragraph(
            "Held, and not sent by itself, since nobody knows whether it was sent already (postern queue):", held)
        text += Self.paragraph("Of the segments this could not be read:", gaps)
        if withoutContent > 0 { text += "\n\(withoutContent) messages have no content any more and were left out.\n" }
        if repeated > 0 { text += "\n\(repeated) records repeat others and were left out.\n" }
        return text
    }

    private static func paragraph(_ title: String, _ lines: [String]) -> String {
        lines.isEmpty ? "" : "\n\(title)\n" + lines.map { "  \($0)\n" }.joined()
    }
}

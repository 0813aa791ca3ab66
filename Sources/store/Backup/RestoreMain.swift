// `postern-store restore [--replace] [--config FILE]`: makes the store from what comes on standard input. For `postern
// restore`, which reads the backup as whoever may; here it is written as the store's own user.

import Glibc

enum RestoreMain {
    static let word = "restore"
    private static let replace = "--replace"

    /// - Parameter words: what follows the word.
    static func run(_ words: [String]) -> Never {
        StandAlone.run("the store is not restored") {
            let home = try StandAlone.enter(words.filter { $0 != replace }, makes: true)
            let report = try StoreRestore(home: home, now: StoreClock.now())
                .run(STDIN_FILENO, replaces: words.contains(replace))
            StandAlone.say(report.text)
        }
    }
}

extension RestoreReport {
    /// For the administrator.
    package var text: String {
        var text = "The store has the \(messages) messages of the backup, with their UIDs.\n"
        if let before { text += "The old store is in \(before); remove it when you do not need it any more.\n" }
        if held > 0 {
            text += """
                \(held) recipients that mail was to be sent to are held, since nobody knows whether it was sent after the \
                backup was made (postern queue list).

                """
        }
        return text
    }
}

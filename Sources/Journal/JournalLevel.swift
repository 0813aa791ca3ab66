// How much an event matters. The words are those of syslog, as administrators filter by them.

package enum JournalLevel: UInt8, Sendable, CaseIterable, Comparable {
    /// For those who search a fault: every step.
    case debug
    /// What happens every day: a session, a message.
    case info
    /// What happens seldom and is worth knowing: a start, new settings.
    case notice
    /// Something is not as it should be; the house goes on.
    case warning
    /// Something did not work.
    case error
    /// The room cannot go on.
    case critical

    /// The word in settings and in lines: "debug" … "critical".
    package init?(_ name: String) {
        guard let level = JournalLevel.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    package var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .notice: "notice"
        case .warning: "warning"
        case .error: "error"
        case .critical: "critical"
        }
    }

    /// The digit of sd-daemon(3)'s `<N>` prefix.
    var priority: UInt8 {
        switch self {
        case .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    package static func < (left: JournalLevel, right: JournalLevel) -> Bool { left.rawValue < right.rawValue }
}

// What libraries log by swift-log goes the same way as our own events: as `library`, with the label and the words.

import Logging

/// `LoggingSystem.bootstrap { JournalLogHandler(label: $0, journal: journal) }`
package struct JournalLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let journal: Journal

    package init(label: String, journal: Journal) {
        self.label = label
        self.journal = journal
        logLevel = JournalLogHandler.level(journal.level)
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let level = JournalLogHandler.level(event.level)
        guard journal.isEnabled(level) else { return }
        var all = metadata
        if let provider = metadataProvider { all.merge(provider.get()) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        var fields: JournalFields = [.label: label, .text: event.message]
        if !all.isEmpty {
            fields.add(.detail, all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))
        }
        journal.log(level, .library, fields)
    }

    private static func level(_ level: Logger.Level) -> JournalLevel {
        switch level {
        case .trace, .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }

    private static func level(_ level: JournalLevel) -> Logger.Level {
        switch level {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}

// What the start found behind the indexed end of the segments.

package struct RecoveryReport: Equatable, Sendable {
    /// Complete records that were not indexed: never acknowledged, dropped.
    package var droppedRecords = 0
    /// Octets behind the last complete record, dropped.
    package var tornOctets: UInt64 = 0
    /// Indexed messages whose bytes were not on the disk: never acknowledged, withdrawn.
    package var withdrawn = 0
    /// Files of their own that no message refers to: removed.
    package var strayFiles = 0

    /// Segments of compaction with copies that nothing refers to: cut or removed.
    package var unfinishedCopies = 0

    package init() {}

    package var isClean: Bool { self == RecoveryReport() }
}

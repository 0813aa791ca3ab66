// The log of a room: one event a line, one write(2) a line, on standard error. Cheap when the level leaves an event
// out: its fields are not even made.

import Mail
import Synchronization

/// A value that any thread may use. Copies write to the same place and share their level.
package struct Journal: Sendable {
    package let room: RoomName
    private let output: JournalOutput
    private let threshold: Threshold
    private let clock: @Sendable () -> Int64
    /// What `with` added, as it stands in each line.
    private let constant: [UInt8]

    /// - Parameters:
    ///   - output: where lines go.
    ///   - clock: milliseconds since 1970.
    package init(
        room: RoomName, level: JournalLevel = .info, output: JournalOutput = .standardError,
        clock: @escaping @Sendable () -> Int64 = JournalClock.now
    ) {
        self.room = room
        self.output = output
        self.clock = clock
        threshold = Threshold(level)
        constant = []
    }

    private init(_ other: Journal, constant: [UInt8]) {
        room = other.room
        output = other.output
        clock = other.clock
        threshold = other.threshold
        self.constant = constant
    }

    /// Events below this level are left out. Setting it sets it for all copies.
    package var level: JournalLevel {
        get { threshold.level }
        nonmutating set { threshold.level = newValue }
    }

    package func isEnabled(_ level: JournalLevel) -> Bool { level >= threshold.level }

    /// A journal whose every line carries these fields, such as the trace of a session. Beyond 4,096 octets of them,
    /// what is added is left out: the event's own fields need their room.
    package func with(_ fields: JournalFields) -> Journal {
        let added = JournalLine.made { line in line.append(fields) }
        return constant.count + added.count <= 4_096 ? Journal(self, constant: constant + added) : self
    }

    package func debug(_ event: JournalEvent, _ fields: @autoclosure () -> JournalFields = [:]) {
        log(.debug, event, fields())
    }

    package func info(_ event: JournalEvent, _ fields: @autoclosure () -> JournalFields = [:]) {
        log(.info, event, fields())
    }

    package func notice(_ event: JournalEvent, _ fields: @autoclosure () -> JournalFields = [:]) {
        log(.notice, event, fields())
    }

    package func warning(_ event: JournalEvent, _ fields: @autoclosure () -> JournalFields = [:]) {
        log(.warning, event, fields())
    }

    package func error(_ event: JournalEvent, _ fields: @autoclosure () -> JournalFields = [:]) {
        log(.error, event, fields())
    }

    package func critical(_ event: JournalEvent, _ fields: @autoclosure () -> JournalFields = [:]) {
        log(.critical, event, fields())
    }

    package func log(_ level: JournalLevel, _ event: JournalEvent, _ fields: @autoclosure () -> JournalFields = [:]) {
        guard level >= threshold.level else { return }
        let lost = write(level, event, fields())
        if lost > 0 { _ = write(.warning, .linesLost, [.count: lost]) }
    }

    private func write(_ level: JournalLevel, _ event: JournalEvent, _ fields: JournalFields) -> Int {
        JournalLine.lending { line in
            if output.hasPriorities { line.append(plain: "<\(level.priority)>") }
            line.append(plain: "time=")
            line.append(JournalClock.text(clock()))
            line.append(plain: " level=")
            line.append(plain: level.name)
            line.append(plain: " room=")
            line.append(plain: room.rawValue)
            line.append(plain: " event=")
            line.append(plain: event.rawValue)
            line.append(constant)
            line.append(fields)
            line.finish()
            return output.write(line.octets)
        }
    }
}

/// Names with their values, in the order of the line. A literal: `[.client: facts.client, .port: 25]`.
package struct JournalFields: Sendable, ExpressibleByDictionaryLiteral {
    package typealias Value = any CustomStringConvertible & Sendable

    private(set) var all: [(field: JournalField, value: Value)]

    package init(dictionaryLiteral elements: (JournalField, Value)...) {
        all = elements.map { (field: $0.0, value: $0.1) }
    }

    package mutating func add(_ field: JournalField, _ value: Value) { all.append((field: field, value: value)) }

    package mutating func add(_ more: JournalFields) { all += more.all }
}

/// The level that all copies of a journal share.
private final class Threshold: Sendable {
    private let number: Atomic<UInt8>

    init(_ level: JournalLevel) { number = Atomic(level.rawValue) }

    var level: JournalLevel {
        get { JournalLevel(rawValue: number.load(ordering: .relaxed)) ?? .info }
        set { number.store(newValue.rawValue, ordering: .relaxed) }
    }
}

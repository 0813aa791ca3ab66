// The messages of one mbox file, or of standard input, as they stand behind each other.

import Archive
import IPC
import Mail

struct MboxImport {
    private static let piece = 256 << 10

    private let importing: Importing
    private let path: DiskPath?

    /// - Parameter path: nil: standard input.
    init(_ importing: Importing, _ path: DiskPath?) { (self.importing, self.path) = (importing, path) }

    private var name: String { path?.text ?? "standard input" }

    func run() async throws {
        let file: ReadFile
        do { file = try path.map { try ReadFile($0) } ?? ReadFile(standardInput: ()) } catch {
            return importing.leave(nil, name, "\(error)")
        }
        var splitter = splitter(canLookAhead: !file.isStream)
        var reading = Reading()
        do {
            while true {
                let event = reading.next(&splitter)
                switch event {
                case .finished: return
                case .needsInput: try reading.more(file, Self.piece, importing)
                case .looksAhead(let place):
                    let ahead = try file.read(splitter.limits.ahead, at: place)
                    splitter.receive(ahead: ahead.span)
                default: try await take(event, &reading)
                }
            }
        } catch let trouble as DiskTrouble {
            importing.leave(reading.message, "\(name), from octet \(reading.start) on", trouble.description)
        }
    }

    private func splitter(canLookAhead: Bool) -> MboxSplitter {
        // We write mboxrd, whose Content-Length fields are the messages' own, and times in UTC.
        if importing.plan.isExport {
            return MboxSplitter(dialect: importing.choices.dialect ?? .mboxrd, canLookAhead: canLookAhead)
        }
        let dialect = importing.choices.dialect ?? .detected
        return MboxSplitter(
            dialect: dialect, removes: dialect == .mboxrd ? [.status, .uid] : [.status, .uid, .contentLength],
            zone: importing.choices.zone, canLookAhead: canLookAhead)
    }

    private func take(_ event: MboxSplitter.Event, _ reading: inout Reading) async throws {
        switch event {
        case .begins(let opening):
            reading.start = opening.offset
            reading.message = importing.began()
        case .content(let content):
            guard let message = reading.message, message.octets <= AppendOrder.largest else { return }
            message.append(reading.buffer[content.range], lines: false)
            if content.addsReturn { message.write("\r") }
            try await message.flush()
        case .ends(let ending):
            guard let message = reading.message else { return }
            reading.message = nil
            if ending.isFolderRecord { return message.drop() }
            let start = reading.start
            try await importing.take(message, ending.message, item: "\(name), message at octet \(start)")
        default: break
        }
    }

    private struct Reading {
        var buffer: [UInt8] = []
        /// What is before it is done with.
        var offset = 0
        var isLast = false
        var message: IncomingMessage?
        /// Where the message's From_ line stands in the file.
        var start: UInt64 = 0

        mutating func next(_ splitter: inout MboxSplitter) -> MboxSplitter.Event {
            var offset = offset
            defer { self.offset = offset }
            return splitter.next(in: buffer.span, from: &offset, isLast: isLast)
        }

        mutating func more(_ file: ReadFile, _ count: Int, _ importing: Importing) throws {
            buffer.removeFirst(offset)
            offset = 0
            let got = try file.read(count, into: &buffer)
            isLast = got == 0
            importing.advance(UInt64(got))
        }
    }
}

// Plays a file to the splitter as a caller would: a buffer that keeps what was not used, reads of any size, a file that
// can be read at any place.

@testable import Archive

struct Splitting: Equatable {
    struct Message: Equatable {
        var opening: MboxOpening
        var octets: [UInt8] = []
        var ending: MboxEnding?

        var text: String { String(decoding: octets, as: UTF8.self) }
        var sender: String? { opening.separator.map { String(decoding: $0.sender, as: UTF8.self) } }
        var facts: ArchivedMessage { ending?.message ?? ArchivedMessage() }
    }

    var messages: [Message] = []
    var folder: MboxFolder?
    var questions: [UInt64] = []
    /// The most that stood in the buffer when more was asked for.
    var kept = 0

    var texts: [String] { messages.map(\.text) }

    /// - Parameters:
    ///   - size: Octets of each read; nil for the whole file at once, with the word that nothing follows.
    ///   - start: Where in the file reading begins.
    static func of(
        _ file: [UInt8], reads size: Int?, dialect: MboxDialect = .mboxrd, removes: MboxFields = [.status, .uid],
        zone: Int = 0, start: Int = 0, canLookAhead: Bool = true, limits: MboxLimits = MboxLimits(),
        answers: (UInt64) -> [UInt8]? = { _ in nil }
    ) -> Splitting {
        var splitter = MboxSplitter(
            dialect: dialect, removes: removes, zone: zone, start: UInt64(start), canLookAhead: canLookAhead,
            limits: limits)
        var splitting = Splitting()
        var inbox = size == nil ? Array(file[start...]) : []
        var read = size == nil ? file.count : start
        while true {
            var offset = 0
            let event = splitter.next(in: inbox.span, from: &offset, isLast: read == file.count)
            if case .content(let piece) = event { splitting.add(piece, of: inbox) }
            inbox.removeFirst(offset)
            switch event {
            case .begins(let opening): splitting.messages.append(Message(opening: opening))
            case .content: break
            case .ends(let ending): splitting.messages[splitting.messages.count - 1].ending = ending
            case .looksAhead(let place):
                splitting.questions.append(place)
                let from = Int(clamping: min(place, UInt64(file.count)))
                let octets = answers(place) ?? Array(file[from..<min(file.count, from + limits.ahead)])
                splitter.receive(ahead: octets.span)
            case .needsInput:
                precondition(read < file.count, "asks for more behind the end")
                splitting.kept = max(splitting.kept, inbox.count)
                let next = min(file.count, read + (size ?? 0))
                inbox += file[read..<next]
                read = next
            case .finished:
                splitting.folder = splitter.folder
                return splitting
            }
        }
    }

    private mutating func add(_ piece: MboxPiece, of inbox: [UInt8]) {
        messages[messages.count - 1].octets += inbox[piece.range]
        if piece.addsReturn { messages[messages.count - 1].octets.append(13) }
    }

    static func of(_ file: String, reads size: Int? = nil, dialect: MboxDialect = .mboxrd) -> Splitting {
        of(Array(file.utf8), reads: size, dialect: dialect)
    }
}

/// A small generator, so that a failing run can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension MboxSeparator {
    static func read(_ line: [UInt8], zone: Int = 0, first: Bool) -> MboxSeparator? {
        line.withUnsafeBufferPointer { MboxSeparator(line: $0[...], zone: zone, first: first) }
    }
}

// One mbox of words that matter, whole and in pieces.
import Archive
import FuzzRun

enum SplitRun {
    private static let words = [
        "From a@x Mon Nov 24 18:22:48 1986\n", "\nFrom b@y Tue Nov 25 18:22 CET 1986\r\n", "\n\nFrom - \n", "From ", "\nFrom x\n",
        "F",
        "From", ">From ", ">>From ", ">", ">>>>>>>>", "\n", "\n", "\n\n", "\r\n", "\r\n\r\n", "\r", " ", "\t", "t", "\0",
        "\u{E9}",
        "Status: RO\n", "status:\n R\n", "X-Status: DFAT\r\n", "X-Keywords: a b $Forwarded\n", "X-UID: 7\n",
        "X-IMAPbase: 5 7 a\n",
        "X-IMAP: 5 7\n", "Subject: DON'T DELETE THIS MESSAGE\n", "X-Mozilla-Status: 1009\n", "Content-Length: 0\n",
        "Content-Length: 3\n", "Content-Length: 40\n", "Content-Length: 75\n", "Content-Length: 18446744073709551615\n",
        "Content-Length:",
        "S: 1\n", "X", "Mon Nov 24 18:22:48 1986", "remote from x",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ].map { Array($0.utf8) }

    /// - Returns: the octets of the file.
    static func play(_ random: inout SplitMix) -> Int {
        var file: [UInt8] = random.chance(70) ? words[0] : []
        for _ in 0..<random.below(60) {
            file += random.chance(3) ? random.octets(3) : random.pick(words)
        }
        let settings = Reading.Settings(&random)
        let whole = Reading.read(file, pieces: file.count + 1, settings)
        let pieces = Reading.read(file, pieces: 1 + random.below(random.pick([1, 4, 80])), settings)
        precondition(whole.messages == pieces.messages, "other messages in other pieces")
        precondition(whole.folder == pieces.folder, "another folder in other pieces")
        precondition(pieces.kept <= settings.limits.input, "\(pieces.kept) octets kept")
        check(whole, file, settings)
        return file.count
    }

    /// Text that is neither format nor a field comes out: each octet that is no line end, in its order.
    private static func check(_ reading: Reading, _ file: [UInt8], _ settings: Reading.Settings) {
        var from = 0
        for message in reading.messages {
            precondition(message.ending != nil && message.opening.offset >= UInt64(from), "messages out of order")
            from = Int(message.opening.offset)
            var previous: UInt8 = 0
            for octet in message.octets {
                precondition(octet != 0x0A || previous == 0x0D, "a bare LF in the content")
                previous = octet
            }
        }
        guard settings.removes.isEmpty else { return }
        let separators = reading.messages.reduce(0) { total, message in
            guard message.opening.separator != nil else { return total }
            let line = file[Int(message.opening.offset)...].prefix { $0 != 0x0A }
            return total + line.count { $0 != 0x0D && $0 != 0x3E }
        }
        let content = reading.messages.reduce(0) { $0 + $1.octets.count { $0 != 0x0D && $0 != 0x0A && $0 != 0x3E } }
        let all = file.count { $0 != 0x0D && $0 != 0x0A && $0 != 0x3E }
        precondition(content + separators == all, "\(all - content - separators) octets lost")
    }
}

/// What a caller makes of the events.
struct Reading {
    struct Settings {
        var dialect: MboxDialect
        var removes: MboxFields
        var canLookAhead: Bool
        var limits = MboxLimits()

        init(_ random: inout SplitMix) {
            dialect = random.pick(MboxDialect.allCases)
            removes = MboxFields(rawValue: UInt8(random.below(8)))
            canLookAhead = random.chance(80)
            if random.chance(30) { limits.header = random.below(100) }
            if random.chance(30) { limits.field = random.below(40) }
            if random.chance(30) { limits.separator = 5 + random.below(60) }
        }
    }

    struct Message: Equatable {
        var opening: MboxOpening
        var octets: [UInt8] = []
        var ending: MboxEnding?
    }

    var messages: [Message] = []
    var folder: MboxFolder?
    var kept = 0

    static func read(_ file: [UInt8], pieces: Int, _ settings: Settings) -> Reading {
        var splitter = MboxSplitter(
            dialect: settings.dialect, removes: settings.removes, canLookAhead: settings.canLookAhead, limits: settings.limits)
        var reading = Reading()
        var (start, end) = (0, min(pieces, file.count))
        // Every octet can cause some events at most: a splitter that does not stop is found here.
        for _ in 0..<(8 * (file.count + 20)) {
            // A copy of its own, so that reading outside of it is seen by a sanitizer.
            let input = Array(file[start..<end])
            var offset = 0
            let event = splitter.next(in: input.span, from: &offset, isLast: end == file.count)
            switch event {
            case .begins(let opening): reading.messages.append(Message(opening: opening))
            case .content(let piece):
                reading.messages[reading.messages.count - 1].octets += input[piece.range] + (piece.addsReturn ? [0x0D] : [])
            case .ends(let ending): reading.messages[reading.messages.count - 1].ending = ending
            case .looksAhead(let place):
                let from = Int(min(place, UInt64(file.count)))
                let ahead = Array(file[from..<min(file.count, from + settings.limits.ahead)])
                splitter.receive(ahead: ahead.span)
            case .needsInput:
                precondition(end < file.count, "asks for more behind the end")
                reading.kept = max(reading.kept, input.count - offset)
                end = min(file.count, end + pieces)
            case .finished:
                reading.folder = splitter.folder
                return reading
            }
            start += offset
        }
        preconditionFailure("the splitter does not stop")
    }
}

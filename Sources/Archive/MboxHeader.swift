// The header fields by which mail programs remember in an mbox what IMAP calls flags, keywords and UIDs.

/// What a message's header has told so far.
struct MboxHeader: Sendable {
    enum Field: UInt16, CaseIterable {
        case status, xStatus, keywords, uid, imap, imapBase, mozillaStatus, mozillaStatus2, mozillaKeys, contentLength, subject,
            date

        var name: StaticString {
            switch self {
            case .status: "status"
            case .xStatus: "x-status"
            case .keywords: "x-keywords"
            case .uid: "x-uid"
            case .imap: "x-imap"
            case .imapBase: "x-imapbase"
            case .mozillaStatus: "x-mozilla-status"
            case .mozillaStatus2: "x-mozilla-status2"
            case .mozillaKeys: "x-mozilla-keys"
            case .contentLength: "content-length"
            case .subject: "subject"
            case .date: "date"
            }
        }

        var kind: MboxFields {
            switch self {
            case .status, .xStatus, .keywords, .mozillaStatus, .mozillaStatus2, .mozillaKeys: .status
            case .uid, .imap, .imapBase: .uid
            case .contentLength: .contentLength
            case .subject, .date: []
            }
        }
    }

    static let fields = Field.allCases

    var message = ArchivedMessage()
    var contentLength: UInt64?
    var folder: MboxFolder?
    /// Seconds since 1970 in UTC, of the Date field.
    var date: Int64?
    private var seen: UInt16 = 0
    private var hasRecordSubject = false
    private var hasRecordField = false

    /// The first message is no mail when it has both marks of a folder's record. One alone is in mail too.
    var isFolderRecord: Bool { hasRecordSubject && hasRecordField }

    func hasSeen(_ field: Field) -> Bool { seen & 1 << field.rawValue != 0 }

    /// - Parameter value: What stands behind the colon, line ends of continuation lines included.
    mutating func take(_ field: Field, _ value: Octets) {
        seen |= 1 << field.rawValue
        let words = value.split { $0 <= 0x20 }
        switch field {
        case .status, .xStatus: for word in words { take(letters: word) }
        case .keywords, .mozillaKeys: for word in words { message.add(keyword: word) }
        case .uid: message.uid = words.first.flatMap { OctetSearch.number($0) }.flatMap { $0 == 0 ? nil : $0 }
        case .imap, .imapBase:
            if field == .imap { hasRecordField = true }
            folder = folder ?? MboxHeader.folder(words)
        case .mozillaStatus: if let word = words.first { take(mozilla: word) }
        case .mozillaStatus2: break
        case .contentLength: contentLength = words.count == 1 ? OctetSearch.number(words[0]) : nil
        case .date: date = AsctimeDate.seconds(ofField: words)
        case .subject:
            hasRecordSubject = value.drop(while: OctetSearch.isBlank).starts(with: "DON'T DELETE THIS MESSAGE".utf8)
        }
    }

    /// UW IMAP's letters. Programs differ in which of the two fields has which.
    private mutating func take(letters: Octets) {
        for letter in letters {
            switch letter {
            case UInt8(ascii: "R"): message.flags.insert(.seen)
            case UInt8(ascii: "O"): message.flags.insert(.old)
            case UInt8(ascii: "D"): message.flags.insert(.deleted)
            case UInt8(ascii: "A"): message.flags.insert(.answered)
            case UInt8(ascii: "F"): message.flags.insert(.flagged)
            case UInt8(ascii: "T"): message.flags.insert(.draft)
            default: break
            }
        }
    }

    /// Four hexadecimal digits of bits. What Thunderbird has deleted stays in the file until it is compacted.
    private mutating func take(mozilla digits: Octets) {
        guard digits.count == 4, let bits = UInt16(String(decoding: digits, as: UTF8.self), radix: 16) else { return }
        let flags: [(UInt16, ArchivedFlags)] = [
            (0x0001, .seen), (0x0002, .answered), (0x0004, .flagged), (0x0008, .deleted), (0x1000, .forwarded),
        ]
        for (bit, flag) in flags where bits & bit != 0 { message.flags.insert(flag) }
    }

    /// `1275660208 0000025021 keyword keyword`.
    private static func folder(_ words: [Octets]) -> MboxFolder? {
        guard words.count >= 2, let validity: UInt32 = OctetSearch.number(words[0]), validity > 0 else { return nil }
        guard let last: UInt32 = OctetSearch.number(words[1]) else { return nil }
        var names = ArchivedMessage()
        for word in words.dropFirst(2) { names.add(keyword: word) }
        return MboxFolder(uidValidity: validity, lastUID: last, keywords: names.keywords)
    }
}

extension MboxSplitter {
    /// At the first octet of a header line that is not empty.
    mutating func beginField(_ view: MboxView, _ line: inout MboxReading) -> MboxStop? {
        let index = line.index
        guard origin &+ UInt64(index) &- headerStart < UInt64(limits.header) else {
            inHeader = false
            place = .inLine
            return nil
        }
        switch fieldName(view, index) {
        case .no:
            place = .inLine
            return nil
        case .more: return .hold(index, .needsInput)
        case .yes(let field, let valueStart):
            guard !header.hasSeen(field) else { break }
            let bound = min(view.count, index + limits.field)
            switch fieldEnd(view, index, bound) {
            case nil where bound < index + limits.field && !view.isLast: return .hold(index, .needsInput)
            case nil: break
            case let end?:
                let isRemoved = !removes.isDisjoint(with: field.kind) && (isFirst || field != .imap && field != .imapBase)
                header.take(field, view.octets(min(valueStart, end)..<end))
                if isFirst, folder == nil { folder = header.folder }
                if isRemoved { return .skip(index..<end) }
            }
        }
        place = .inLine
        return nil
    }

    private enum Name {
        case no, more
        case yes(MboxHeader.Field, valueStart: Int)
    }

    /// The field whose name stands here, and what is behind its colon.
    private func fieldName(_ view: MboxView, _ start: Int) -> Name {
        switch view.base[start] | 0x20 {
        case UInt8(ascii: "s"), UInt8(ascii: "x"), UInt8(ascii: "c"), UInt8(ascii: "d"): break
        default: return .no
        }
        var end = start
        while end < min(view.count, start + 20), view.base[end] != UInt8(ascii: ":"), view.base[end] > 0x20 { end += 1 }
        guard end < view.count else { return view.isLast ? .no : .more }
        guard view.base[end] == UInt8(ascii: ":") else { return .no }
        let length = end - start
        let field = MboxHeader.fields.first { field in
            field.name.utf8CodeUnitCount == length
                && (0..<length).allSatisfy { OctetSearch.lowercased(view.base[start + $0]) == field.name.utf8Start[$0] }
        }
        return field.map { .yes($0, valueStart: end + 1) } ?? .no
    }

    /// Behind the field's last line end, or nil when it does not end before the bound.
    private func fieldEnd(_ view: MboxView, _ start: Int, _ bound: Int) -> Int? {
        var index = start
        while true {
            let feed = OctetSearch.lineFeed(view.base, from: index, to: bound)
            guard feed < bound else { return view.isLast && bound == view.count ? bound : nil }
            index = feed + 1
            // The next line's first octet tells whether the field goes on.
            guard index < bound else { return view.isLast && bound == view.count ? index : nil }
            if !OctetSearch.isBlank(view.base[index]) { return index }
        }
    }
}

// The files in which Dovecot (`dovecot-uidlist`, versions 1 and 3) and Courier (`courierimapuiddb`, version 1) keep which
// message of a Maildir has which UID, so that clients do not fetch everything again after a migration.
//
//   3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1      1 1275660208 25022
//   25006 W1394 P4bd0a1 :1276528487.M364837P9451.host,S=1355    25006 1276528487.M364837P9451.host

package enum UIDListError: Error, Equatable, Sendable {
    /// The first line is none of the three, or its UIDVALIDITY is missing or 0.
    case header
    /// Over 8 million records.
    case tooMany
}

package struct UIDList: Equatable, Sendable {
    package struct Record: Equatable, Sendable {
        package var uid: UInt32
        /// What POP3 clients have seen instead of what the server would make of the UID.
        package var uidl: String?
        /// Octets of the file and of the message with CRLF line ends.
        package var size: UInt64?
        package var wireSize: UInt64?
    }

    package private(set) var uidValidity: UInt32
    /// The UID that the next message will get: above every record's, whatever the header says.
    package private(set) var nextUID: UInt32
    /// The numbers of the lines, from 1 on, that were passed over: they are no record, or their UID is not above the one
    /// before. At most 100 are noted.
    package private(set) var brokenLines: [Int] = []
    private var records: [[UInt8]: Record] = [:]

    package var count: Int { records.count }

    /// - Parameter file: The whole file. A last line without its end is being written, and is no record.
    package init(file: some Collection<UInt8>) throws(UIDListError) {
        let file = Array(file)
        let headerEnd = file.firstIndex(of: 0x0A) ?? file.count
        let header = UIDList.words(file[..<headerEnd])
        guard let (version, validity, next) = UIDList.header(header) else { throw .header }
        (uidValidity, nextUID) = (validity, max(next, 1))
        var highest: UInt32 = 0
        var number = 1
        var start = min(headerEnd + 1, file.count)
        while let end = file[start...].firstIndex(of: 0x0A) {
            number += 1
            let line = file[start..<end]
            start = end + 1
            guard let (name, record) = version == 1 ? UIDList.plain(line) : UIDList.extended(line), record.uid > highest else {
                if brokenLines.count < 100 { brokenLines.append(number) }
                continue
            }
            guard records.count < 8_000_000 else { throw .tooMany }
            highest = record.uid
            records[name] = record
        }
        if highest >= nextUID { nextUID = highest == .max ? .max : highest + 1 }
    }

    /// - Parameter name: As the file is called now. Its flags may have changed since the list was written, its size may
    ///   be in one of the names only.
    package func record(of name: MaildirFileName) -> Record? { records[name.unique] }

    private static func header(_ words: [ArraySlice<UInt8>]) -> (version: Int, validity: UInt32, next: UInt32)? {
        guard let version: Int = words.first.flatMap({ OctetSearch.number($0) }) else { return nil }
        var validity: UInt32?
        var next: UInt32?
        switch version {
        case 1:
            guard words.count >= 3 else { return nil }
            validity = OctetSearch.number(words[1])
            next = OctetSearch.number(words[2])
        case 3:
            for word in words.dropFirst() {
                if word.first == UInt8(ascii: "V") { validity = OctetSearch.number(word.dropFirst()) }
                if word.first == UInt8(ascii: "N") { next = OctetSearch.number(word.dropFirst()) }
            }
        default: return nil
        }
        guard let validity, validity > 0, let next else { return nil }
        return (version, validity, next)
    }

    /// `uid name`
    private static func plain(_ line: ArraySlice<UInt8>) -> ([UInt8], Record)? {
        let parts = line.split(separator: 0x20, maxSplits: 1)
        guard parts.count == 2, let uid: UInt32 = OctetSearch.number(parts[0]), uid > 0 else { return nil }
        return MaildirFileName(trimmed(parts[1])).map { ($0.unique, Record(uid: uid)) }
    }

    /// `uid Xvalue … :name`
    private static func extended(_ line: ArraySlice<UInt8>) -> ([UInt8], Record)? {
        guard let place = line.indices.dropFirst().first(where: { line[$0] == 0x3A && line[$0 - 1] == 0x20 }) else {
            return nil
        }
        let words = words(line[..<place])
        guard let uid: UInt32 = words.first.flatMap({ OctetSearch.number($0) }), uid > 0 else { return nil }
        guard let name = MaildirFileName(trimmed(line[(place + 1)...])) else { return nil }
        var record = Record(uid: uid, size: name.size, wireSize: name.wireSize)
        for word in words.dropFirst() {
            let value = word.dropFirst()
            switch word.first {
            case UInt8(ascii: "P"): record.uidl = uidl(value)
            case UInt8(ascii: "S"): record.size = OctetSearch.number(value)
            case UInt8(ascii: "W"): record.wireSize = OctetSearch.number(value)
            default: break
            }
        }
        return (name.unique, record)
    }

    /// RFC 1939 §7: one to 70 octets from `!` to `~`.
    private static func uidl(_ octets: ArraySlice<UInt8>) -> String? {
        guard (1...70).contains(octets.count), octets.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        return String(decoding: octets, as: UTF8.self)
    }

    private static func words(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] { trimmed(line).split(separator: 0x20) }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        line.last == 0x0D ? line.dropLast() : line
    }
}

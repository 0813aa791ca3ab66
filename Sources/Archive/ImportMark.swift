// What an import writes down of each message that the store has taken, so that one which was broken off goes on where it
// was and takes nothing twice. A line each:
//
//   file<TAB>.Work<TAB>1276528487.M364837P9451.host
//   mbox<TAB>archive/2019<TAB>40960<TAB>89ab01ff

package enum ImportMark: Hashable, Sendable {
    /// A file of a Maildir: the folder's directory, and the file's name without size and flags, which may change.
    case file(folder: [UInt8], unique: [UInt8])
    /// A message of an mbox: the file's path, where its From_ line stands, and a checksum of how it begins. When another
    /// message stands there, the file has been changed since, and marks of it mean nothing.
    case message(mbox: [UInt8], offset: UInt64, checksum: UInt32)

    /// With its line end.
    package var line: [UInt8] {
        switch self {
        case .file(let folder, let unique):
            return Array("file\t".utf8) + ImportMark.quoted(folder) + [0x09] + ImportMark.quoted(unique) + [0x0A]
        case .message(let mbox, let offset, let checksum):
            let digits = String(checksum, radix: 16)
            let tail = "\t\(offset)\t\(String(repeating: "0", count: 8 - digits.utf8.count))\(digits)\n"
            return Array("mbox\t".utf8) + ImportMark.quoted(mbox) + Array(tail.utf8)
        }
    }

    /// - Parameter line: Without its line end.
    package init?(line: some Collection<UInt8>) {
        guard line.count <= ImportMark.longestLine else { return nil }
        let parts = line.split(separator: 0x09, omittingEmptySubsequences: false)
        if parts.count == 3, parts[0].elementsEqual("file".utf8) {
            guard let folder = ImportMark.unquoted(parts[1]), let unique = ImportMark.unquoted(parts[2]) else { return nil }
            guard !unique.isEmpty else { return nil }
            self = .file(folder: folder, unique: unique)
        } else if parts.count == 4, parts[0].elementsEqual("mbox".utf8) {
            guard let mbox = ImportMark.unquoted(parts[1]), let offset: UInt64 = OctetSearch.number(parts[2]) else {
                return nil
            }
            guard let checksum = ImportMark.hexadecimal(parts[3], digits: 8) else { return nil }
            self = .message(mbox: mbox, offset: offset, checksum: checksum)
        } else {
            return nil
        }
    }

    /// Octets of a line: two paths of 4,096 octets at their longest, quoted.
    static let longestLine = 32_768

    /// Controls, the percent sign and what is not ASCII become `%XX`.
    private static func quoted(_ name: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return name.reduce(into: []) { quoted, octet in
            if (0x20...0x7E).contains(octet), octet != UInt8(ascii: "%") {
                quoted.append(octet)
            } else {
                quoted += [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
    }

    private static func unquoted(_ text: some Collection<UInt8>) -> [UInt8]? {
        let text = Array(text)
        var name: [UInt8] = []
        var index = 0
        while index < text.count {
            guard (0x20...0x7E).contains(text[index]) else { return nil }
            if text[index] == UInt8(ascii: "%") {
                guard index + 2 < text.count, let octet = hexadecimal(text[(index + 1)...(index + 2)], digits: 2) else {
                    return nil
                }
                name.append(UInt8(octet))
                index += 3
            } else {
                name.append(text[index])
                index += 1
            }
        }
        return name
    }

    private static func hexadecimal(_ text: some Collection<UInt8>, digits: Int) -> UInt32? {
        let isDigits = text.allSatisfy { OctetSearch.isDigit($0) || OctetSearch.lowercased($0) &- 0x61 < 6 }
        guard text.count == digits, isDigits else { return nil }
        return UInt32(String(decoding: text, as: UTF8.self), radix: 16)
    }
}

/// The marks of an import, read again.
package struct ImportJournal: Equatable, Sendable {
    /// The first line of the file.
    package static let heading = Array("postern import 1\n".utf8)

    package private(set) var marks: Set<ImportMark> = []
    /// Octets that are whole lines: what is behind them was being written when the import was broken off, and is to be
    /// cut off before more is written.
    package private(set) var wholeOctets = 0

    package init() {}

    /// - Returns: nil when a line is not a mark, or the first is not the heading: this is another file, or a damaged one.
    ///   An empty file, and a heading that is not whole, are an import that has not begun.
    package init?(file: [UInt8]) {
        guard file.count >= ImportJournal.heading.count else {
            guard ImportJournal.heading.starts(with: file) else { return nil }
            return
        }
        guard file.starts(with: ImportJournal.heading) else { return nil }
        wholeOctets = ImportJournal.heading.count
        while let end = file[wholeOctets...].firstIndex(of: 0x0A) {
            guard let mark = ImportMark(line: file[wholeOctets..<end]) else { return nil }
            marks.insert(mark)
            wholeOctets = end + 1
        }
    }
}

// Dovecot's table of what the small letters in a folder's file names mean (`dovecot-keywords`): `0 $Junk` is `a`.

package struct MaildirKeywords: Equatable, Sendable {
    /// The keyword of each letter, at most 26. nil where the table has none.
    package private(set) var names: [String?] = []

    package init() {}

    /// Reads the file. Lines that are no keyword, or one that no letter stands for, are passed over.
    package init(file: some BidirectionalCollection<UInt8>) {
        for line in file.split(separator: 0x0A) {
            let words = line.split(separator: 0x20, maxSplits: 1)
            guard words.count == 2, let number: Int = OctetSearch.number(words[0]), number < 26 else { continue }
            let octets = words[1].last == 0x0D ? words[1].dropLast() : words[1]
            guard let name = ArchivedMessage.keyword(octets) else { continue }
            while names.count <= number { names.append(nil) }
            names[number] = name
        }
    }

    package var file: [UInt8] {
        names.enumerated().reduce(into: []) { file, entry in
            if let name = entry.element { file += "\(entry.offset) \(name)\n".utf8 }
        }
    }

    /// The keywords of the letters, in their order. A letter that the table does not know is lost: it has no name.
    package func keywords(of letters: UInt32) -> [String] {
        names.indices.compactMap { letters & 1 << UInt32($0) != 0 ? names[$0] : nil }
    }

    /// The letters of the keywords. What has none yet gets the next one, as long as there is one.
    /// - Returns: `lost` are the keywords that cannot be written: there are 26 others, or they are none.
    package mutating func letters(of keywords: [String]) -> (letters: UInt32, lost: [String]) {
        var letters: UInt32 = 0
        var lost: [String] = []
        for keyword in keywords {
            if let number = names.firstIndex(of: keyword) ?? add(keyword) {
                letters |= 1 << UInt32(number)
            } else {
                lost.append(keyword)
            }
        }
        return (letters, lost)
    }

    private mutating func add(_ keyword: String) -> Int? {
        guard ArchivedMessage.keyword(keyword.utf8) != nil else { return nil }
        if let free = names.firstIndex(of: nil) {
            names[free] = keyword
            return free
        }
        guard names.count < 26 else { return nil }
        names.append(keyword)
        return names.count - 1
    }
}

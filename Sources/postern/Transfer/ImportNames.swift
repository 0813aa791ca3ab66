// What a folder of another server's is called here, and what is left of its messages' flags and keywords.

import Archive
import IPC
import Mail

enum ImportNames {
    static let inbox = "INBOX"

    /// The mailbox of a folder.
    /// - Parameters:
    ///   - levels: Of the folder below what is imported; none for the inbox.
    ///   - below: The mailbox that gets the inbox, and above all the others; nil: the account itself.
    /// - Throws: `DiskTrouble` for what cannot be a mailbox's name.
    static func mailbox(_ levels: [String], below: String? = nil) throws -> String {
        var levels = levels.map(level)
        if levels.first?.lowercased() == "inbox" { levels[0] = inbox }
        if levels.isEmpty { levels = [inbox] }
        if let below { levels = below.split(separator: "/").map(String.init) + (levels == [inbox] ? [] : levels) }
        let name = levels.joined(separator: "/")
        guard levels.count <= 32, name.utf8.count <= 1_000, levels.allSatisfy({ (1...255).contains($0.utf8.count) }) else {
            throw DiskTrouble("its name is too long for a mailbox: give the folder a shorter one")
        }
        guard !levels.contains(where: { $0 == "." || $0 == ".." }) else {
            throw DiskTrouble("its name can be no mailbox's: give the folder another one")
        }
        return name
    }

    /// What a mailbox's name cannot have becomes `_`.
    private static func level(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.value {
                    case 0..<0x20, 0x2F, 0x7F..<0xA0, 0x2028, 0x2029, 0xFFFE, 0xFFFF: "_"
                    default: scalar
                    }
                }))
    }

    /// The levels of a Maildir's folder. Names that are not in modified UTF-7 are taken for UTF-8; Dovecot's escapes of its
    /// listescape plugin stand for what they escape.
    /// - Parameter directory: Relative to the Maildir, without a slash at its ends.
    static func levels(_ directory: [UInt8], _ layout: MaildirFolders.Layout) throws -> [String] {
        do {
            return try path(directory, layout).map(unescaped)
        } catch {
            switch error {
            case .empty: throw DiskTrouble("a level of its name is empty: rename the folder")
            case .encoding, .notUTF8: throw DiskTrouble("its name is neither modified UTF-7 nor UTF-8: rename the folder")
            default: throw DiskTrouble("its name is no folder's of this layout: rename the folder")
            }
        }
    }

    private static func path(
        _ directory: [UInt8], _ layout: MaildirFolders.Layout
    ) throws(MaildirFolderError) -> [String] {
        do { return try MaildirFolders(layout: layout).path(of: directory) } catch {
            guard case .encoding = error else { throw error }
            return try MaildirFolders(layout: layout, encoding: .utf8).path(of: directory)
        }
    }

    private static let escapes = [(".", "\\2e"), ("\\", "\\5c"), ("/", "\\2f")]

    /// `\2e` is a dot, which Maildir++ divides levels with.
    static func escaped(_ level: String) -> String {
        level.replacing("\\", with: "\\5c").replacing(".", with: "\\2e")
    }

    static func unescaped(_ level: String) -> String {
        guard level.utf8.contains(0x5C) else { return level }
        var text = ""
        var rest = level[...]
        while let place = rest.firstIndex(of: "\\") {
            text += rest[..<place]
            rest = rest[place...]
            if let (sign, escape) = escapes.first(where: { rest.lowercased().hasPrefix($0.1) }) {
                text += sign
                rest = rest.dropFirst(escape.count)
            } else {
                text += "\\"
                rest = rest.dropFirst()
            }
        }
        return text + rest
    }
}

extension ImportedFacts {
    /// Of one message: the store keeps no more.
    private static let mostKeywords = 56

    init(_ message: ArchivedMessage) {
        let known: [(ArchivedFlags, MessageFlags)] = [
            (.seen, .seen), (.answered, .answered), (.flagged, .flagged), (.draft, .draft), (.deleted, .deleted),
        ]
        flags = []
        for (archived, flag) in known where message.flags.contains(archived) { flags.insert(flag) }
        let all = message.keywords + (message.flags.contains(.forwarded) ? ["$Forwarded"] : [])
        keywords = Array(all.filter(ImportedFacts.isKeyword).prefix(Self.mostKeywords))
        keywordsLost = all.count - keywords.count
        internalDate = message.internalDate.map { $0 * 1_000 }
    }

    /// RFC 9051 §9, flag-keyword: an atom; at most 64 octets.
    static func isKeyword(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"(){%*\"\\]".utf8.contains($0) }
    }
}

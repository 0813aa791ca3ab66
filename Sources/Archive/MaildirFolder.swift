// Folders as directories: Maildir++ has them all beside each other (`.Work.2026`), the other layout has directories in
// directories (`Work/2026`).

package enum MaildirFolderError: Error, Equatable, Sendable {
    /// An empty name, or an empty part of one.
    case empty
    /// The directory of a folder begins with a dot, and no other does.
    case noDot
    /// A part has an octet that no directory of this layout can have: a slash, a NUL, Maildir++'s dot.
    case separator
    /// A part is a directory that means something else: `.`, `..`, `cur`, `new`, `tmp`, or one that begins with a dot.
    case reserved
    /// Over 255 octets for a directory, or over 64 parts.
    case tooLong
    case encoding(ModifiedUTF7Error)
    /// Not UTF-8, where the names are in UTF-8.
    case notUTF8
}

/// How folders become names of directories below the Maildir of the inbox, whose path is empty.
package struct MaildirFolders: Equatable, Sendable {
    package enum Layout: Sendable { case maildirPlusPlus, fileSystem }
    package enum Encoding: Sendable { case modifiedUTF7, utf8 }

    package var layout: Layout
    package var encoding: Encoding

    package init(layout: Layout = .maildirPlusPlus, encoding: Encoding = .modifiedUTF7) {
        (self.layout, self.encoding) = (layout, encoding)
    }

    /// The folder of a directory.
    /// - Parameter directory: Relative to the Maildir, without a slash at its ends: `.Work.2026`, `Work/2026`.
    package func path(of directory: some Collection<UInt8>) throws(MaildirFolderError) -> [String] {
        if directory.isEmpty { return [] }
        var rest = Array(directory)[...]
        let separator: UInt8 = layout == .maildirPlusPlus ? 0x2E : 0x2F
        if layout == .maildirPlusPlus {
            guard rest.first == separator else { throw .noDot }
            guard rest.count <= 255 else { throw .tooLong }
            rest = rest.dropFirst()
        }
        var path: [String] = []
        for part in rest.split(separator: separator, maxSplits: 64, omittingEmptySubsequences: false) {
            guard path.count < 64 else { throw .tooLong }
            try check(part)
            path.append(try decode(part))
        }
        return path
    }

    /// The directory of a folder, relative to the Maildir.
    package func directory(of path: [String]) throws(MaildirFolderError) -> [UInt8] {
        guard path.count <= 64 else { throw .tooLong }
        var directory: [UInt8] = []
        for part in path {
            let octets = encoding == .utf8 ? Array(part.utf8) : ModifiedUTF7.encode(part)
            try check(octets[...])
            if layout == .maildirPlusPlus { directory.append(0x2E) } else if !directory.isEmpty { directory.append(0x2F) }
            directory += octets
        }
        guard layout == .fileSystem || directory.count <= 255 else { throw .tooLong }
        return directory
    }

    private func decode(_ part: ArraySlice<UInt8>) throws(MaildirFolderError) -> String {
        switch encoding {
        case .utf8:
            guard let text = String(validating: part, as: UTF8.self) else { throw .notUTF8 }
            return text
        case .modifiedUTF7:
            do { return try ModifiedUTF7.decode(part) } catch { throw .encoding(error) }
        }
    }

    private func check(_ part: ArraySlice<UInt8>) throws(MaildirFolderError) {
        guard !part.isEmpty else { throw .empty }
        guard part.count <= 255 else { throw .tooLong }
        guard !part.contains(0), !part.contains(0x2F) else { throw .separator }
        if layout == .maildirPlusPlus {
            guard !part.contains(0x2E) else { throw .separator }
        } else {
            guard part.first != 0x2E, MaildirEntry.subdirectory(part) == nil else { throw .reserved }
        }
    }
}

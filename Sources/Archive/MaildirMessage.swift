// Everything that a Maildir tells of one message, gathered from the file's name, its place and the folder's files.

/// Where a message's internal date is taken from.
package enum MaildirDate: Sendable {
    /// The file's time of modification, as the caller read it: Dovecot and Courier set it to the internal date.
    case modification(Int64)
    /// The number at the beginning of the name: for trees that were copied without their times.
    case name(otherwise: Int64)
}

extension ArchivedMessage {
    /// - Parameters:
    ///   - subdirectory: A message in `new` has been shown to no client.
    ///   - keywords: The folder's table; without one, keywords have no names and are lost.
    ///   - list: The folder's UIDs.
    package init(
        _ name: MaildirFileName, in subdirectory: MaildirEntry.Subdirectory, date: MaildirDate,
        keywords table: MaildirKeywords = MaildirKeywords(), list: UIDList? = nil
    ) {
        let record = list?.record(of: name)
        self.init(flags: name.flags.flags, size: name.wireSize ?? record?.wireSize, uid: record?.uid, uidl: record?.uidl)
        if subdirectory == .cur { flags.insert(.old) }
        for keyword in table.keywords(of: name.flags.keywords) { add(keyword: keyword.utf8) }
        switch date {
        case .modification(let seconds): internalDate = seconds
        case .name(let seconds): internalDate = name.deliveryTime ?? seconds
        }
    }

    /// The name and the place of a message's file in a Maildir.
    /// - Parameters:
    ///   - unique: Made by the caller: the time, something that no other delivery has, the host. The precondition is
    ///     that a name can begin with it.
    ///   - fileSize: Octets of the file.
    ///   - table: Gets the keywords that it does not have.
    /// - Returns: `lost` are the keywords that no letter is left for.
    package func maildirName(
        unique: [UInt8], fileSize: UInt64, keywords table: inout MaildirKeywords
    ) -> (subdirectory: MaildirEntry.Subdirectory, name: MaildirFileName, lost: [String]) {
        var fields = [Array("S=\(fileSize)".utf8)]
        if let size { fields.append(Array("W=\(size)".utf8)) }
        let (letters, lost) = table.letters(of: keywords)
        let shown = flags.subtracting(.old)
        // Files in `new` have no flags.
        guard flags.contains(.old) || !shown.isEmpty || letters != 0 else {
            return (.new, MaildirFileName(unique: unique, fields: fields), lost)
        }
        let suffix = MaildirFileName.Suffix.flags(MaildirFlags(shown, keywords: letters))
        return (.cur, MaildirFileName(unique: unique, fields: fields, suffix: suffix), lost)
    }
}

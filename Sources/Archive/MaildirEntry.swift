// What the entries of a Maildir's directory are, by their names: messages, folders, and the files of servers.

package enum MaildirEntry: Equatable, Sendable {
    /// One of the three directories with messages; those in `tmp` are not delivered yet.
    case messages(Subdirectory)
    /// Perhaps a folder: a directory whose name the layout allows.
    case folder
    /// The folders that a user has subscribed to.
    case subscriptions(Server)
    /// UIDs by file name: `UIDList` reads it.
    case uidList(Server)
    /// What the letters mean (Dovecot's file), or who has which keyword (Courier's directory).
    case keywords(Server)
    /// UIDVALIDITY, in the name or the content.
    case uidValidity
    case accessControl
    /// `maildirsize`.
    case quota
    /// `maildirfolder`: this directory is a folder, not an inbox.
    case folderMark
    /// Indexes, caches, locks: what a server makes again.
    case index
    /// A Sieve script or the directory of them.
    case sieve
    case unknown

    package enum Subdirectory: Sendable { case cur, new, tmp }
    package enum Server: Sendable { case courier, dovecot }

    private static let names: [String: MaildirEntry] = [
        "courierimapsubscribed": .subscriptions(.courier), "subscriptions": .subscriptions(.dovecot),
        "courierimapuiddb": .uidList(.courier), "dovecot-uidlist": .uidList(.dovecot),
        "courierimapkeywords": .keywords(.courier), "dovecot-keywords": .keywords(.dovecot),
        "dovecot-uidvalidity": .uidValidity, "dovecot-acl": .accessControl, "dovecot-acl-list": .accessControl,
        "courierimapacl": .accessControl, "courierimaphieracl": .accessControl, "maildirsize": .quota,
        "maildirfolder": .folderMark, "courierpop3dsizelist": .index, "courierimaphdrs": .index, "maildircache": .index,
        ".dovecot.sieve": .sieve, ".dovecot.sieve.log": .sieve, ".dovecot.svbin": .sieve, "sieve": .sieve,
    ]
    private static let prefixes: [(String, MaildirEntry)] = [
        ("dovecot-uidvalidity.", .uidValidity), ("dovecot.index", .index), ("dovecot.list.index", .index),
        ("dovecot.mailbox.log", .index), ("dovecot-uidlist.", .index), ("dovecot-keywords.", .index), (".nfs", .index),
        ("dovecot.", .index), (".dovecot.", .index), ("courierpop3d", .index), ("courierimap", .index),
    ]

    /// - Parameters:
    ///   - name: The entry's name, without a path.
    ///   - isDirectory: The entry is a directory, or a link to one.
    package static func classify(
        _ name: some Collection<UInt8>, isDirectory: Bool, layout: MaildirFolders.Layout = .maildirPlusPlus
    ) -> MaildirEntry {
        if isDirectory, let subdirectory = subdirectory(name) { return .messages(subdirectory) }
        if let text = String(validating: name, as: UTF8.self) {
            if let known = names[text] { return known }
            if let known = prefixes.first(where: { text.hasPrefix($0.0) }) { return known.1 }
        }
        guard isDirectory, !name.isEmpty else { return .unknown }
        let isDotted = name.first == 0x2E
        let isUp = name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8)
        return isDotted == (layout == .maildirPlusPlus) && !isUp ? .folder : .unknown
    }

    static func subdirectory(_ name: some Collection<UInt8>) -> Subdirectory? {
        if name.elementsEqual("cur".utf8) { return .cur }
        if name.elementsEqual("new".utf8) { return .new }
        return name.elementsEqual("tmp".utf8) ? .tmp : nil
    }
}

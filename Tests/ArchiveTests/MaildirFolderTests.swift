// Folders as directories, modified UTF-7, and what a directory's entries are.

import Testing

@testable import Archive

@Suite struct MaildirFolderTests {
    static let plusPlus = MaildirFolders()
    static let inFiles = MaildirFolders(layout: .fileSystem)
    static let inUTF8 = MaildirFolders(encoding: .utf8)

    static let folders: [(folders: MaildirFolders, directory: String, path: [String])] = [
        (plusPlus, "", []),
        (plusPlus, ".Work", ["Work"]),
        (plusPlus, ".Work.2026.x y", ["Work", "2026", "x y"]),
        (plusPlus, ".Entw&APw-rfe", ["Entw\u{FC}rfe"]),
        (plusPlus, ".A&-B", ["A&B"]),
        (plusPlus, ".cur", ["cur"]),
        (plusPlus, "." + String(repeating: "n", count: 254), [String(repeating: "n", count: 254)]),
        (inFiles, "", []),
        (inFiles, "Work/2026", ["Work", "2026"]),
        (inFiles, "a.b/c", ["a.b", "c"]),
        (inFiles, String(repeating: "n", count: 255) + "/m", [String(repeating: "n", count: 255), "m"]),
        (inUTF8, ".Entw\u{FC}rfe.A&B", ["Entw\u{FC}rfe", "A&B"]),
    ]

    @Test("U14: folders and directories, both ways", arguments: folders)
    func both(row: (folders: MaildirFolders, directory: String, path: [String])) throws {
        #expect(try row.folders.path(of: row.directory.utf8) == row.path)
        #expect(try row.folders.directory(of: row.path) == Array(row.directory.utf8))
    }

    static let wrongDirectories: [(folders: MaildirFolders, directory: String, error: MaildirFolderError)] = [
        (plusPlus, "Work", .noDot),
        (plusPlus, ".", .empty),
        (plusPlus, ".a.", .empty),
        (plusPlus, ".a..b", .empty),
        (plusPlus, "..", .empty),
        (plusPlus, ".a/b", .separator),
        (plusPlus, ".a\0", .separator),
        (plusPlus, ".Entw\u{FC}rfe", .encoding(.octet)),
        (plusPlus, ".A&B", .encoding(.unterminated)),
        (plusPlus, "." + String(repeating: "n", count: 255), .tooLong),
        (plusPlus, String(repeating: ".n", count: 65), .tooLong),
        (inFiles, "/a", .empty),
        (inFiles, "a/", .empty),
        (inFiles, "a//b", .empty),
        (inFiles, "a/cur", .reserved),
        (inFiles, "new", .reserved),
        (inFiles, "a/../b", .reserved),
        (inFiles, ".a", .reserved),
        (inFiles, "a\0", .separator),
        (inFiles, String(repeating: "n", count: 256), .tooLong),
        (inFiles, String(repeating: "n/", count: 64) + "n", .tooLong),
    ]

    @Test(arguments: wrongDirectories)
    func isNoFolder(row: (folders: MaildirFolders, directory: String, error: MaildirFolderError)) {
        #expect(throws: row.error) { try row.folders.path(of: row.directory.utf8) }
    }

    static let wrongPaths: [(folders: MaildirFolders, path: [String], error: MaildirFolderError)] = [
        (plusPlus, [""], .empty), (plusPlus, ["a", ""], .empty), (plusPlus, ["a.b"], .separator), (plusPlus, ["a/b"], .separator),
        (plusPlus, [".."], .separator), (inFiles, ["a/b"], .separator), (inFiles, ["a", "tmp"], .reserved),
        (inFiles, [".."], .reserved),
        (inFiles, ["."], .reserved), (inUTF8, ["a\0"], .separator), (plusPlus, Array(repeating: "a", count: 65), .tooLong),
        (plusPlus, [String(repeating: "n", count: 128), String(repeating: "n", count: 128)], .tooLong),
        (inFiles, [String(repeating: "\u{FC}", count: 128)], .tooLong),
    ]

    @Test(arguments: wrongPaths)
    func hasNoDirectory(row: (folders: MaildirFolders, path: [String], error: MaildirFolderError)) {
        #expect(throws: row.error) { try row.folders.directory(of: row.path) }
    }

    @Test func namesThatAreNotUTF8AreRefused() {
        #expect(throws: MaildirFolderError.notUTF8) { try Self.inUTF8.path(of: [0x2E, 0xFF]) }
    }

    // MARK: - Modified UTF-7

    static let texts: [(text: String, octets: String)] = [
        ("", ""), ("INBOX", "INBOX"), ("&", "&-"), ("&&", "&-&-"), ("a&b", "a&-b"), ("~peter", "~peter"), ("\u{E9}", "&AOk-"),
        ("\u{E9}-", "&AOk--"), ("-\u{E9}&", "-&AOk-&-"), ("\u{E9}\u{E8}", "&AOkA6A-"), ("\u{E9}\u{E8}\u{EA}", "&AOkA6ADq-"),
        ("\u{53F0}\u{5317}/\u{65E5}\u{672C}\u{8A9E}", "&U,BTFw-/&ZeVnLIqe-"), ("\u{1F600}", "&2D3eAA-"), ("a\u{9}b", "a&AAk-b"),
        ("\u{7F}\0", "&AH8AAA-"), ("\u{FFFF}", "&,,8-"),
    ]

    @Test("U14: modified UTF-7, both ways", arguments: texts)
    func modifiedUTF7(row: (text: String, octets: String)) throws {
        #expect(String(decoding: ModifiedUTF7.encode(row.text), as: UTF8.self) == row.octets)
        #expect(try ModifiedUTF7.decode(row.octets.utf8) == row.text)
    }

    static let broken: [(octets: String, error: ModifiedUTF7Error)] = [
        ("\u{E9}", .octet), ("a\u{9}", .octet), ("a\u{7F}", .octet), ("&AO\u{E9}k-", .octet), ("&", .unterminated),
        ("a&AOk", .unterminated), ("&A*k-", .alphabet), ("&A/k-", .alphabet), ("&AOk=-", .alphabet), ("&A&-", .alphabet),
        ("&AO-", .padding), ("&A-", .padding), ("&AOl-", .padding), ("&AOkA-", .padding), ("&AOkAAAAAAA-", .padding),
        ("&2D0-", .surrogate), ("&3gDYPQ-", .surrogate), ("&AGE-", .superfluous), ("&ACY-", .superfluous),
        ("&AOkAYQ-", .superfluous), ("&AOk-&AOg-", .superfluous),
    ]

    @Test("U14: what is no modified UTF-7", arguments: broken)
    func modifiedUTF7Errors(row: (octets: String, error: ModifiedUTF7Error)) {
        #expect(throws: row.error) { try ModifiedUTF7.decode(row.octets.utf8) }
    }

    @Test func everyNameHasOneForm() throws {
        var random = SplitMix(state: 29)
        let scalars: [Unicode.Scalar] = ["a", "&", "-", "/", "\u{E9}", "\u{65E5}", "\u{1F600}", "\0", "+", ",", "\u{10FFFF}"]
        let octets = Array("&&&--AOk,2D3eQ+a".utf8)
        for _ in 0..<5_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                text.unicodeScalars.append(scalars.randomElement(using: &random)!)
            }
            #expect(try ModifiedUTF7.decode(ModifiedUTF7.encode(text)).unicodeScalars.elementsEqual(text.unicodeScalars))
            let name = (0..<Int.random(in: 0...10, using: &random)).map { _ in octets.randomElement(using: &random)! }
            if let read = try? ModifiedUTF7.decode(name) { #expect(ModifiedUTF7.encode(read) == name) }
        }
    }

    // MARK: - Entries

    static let entries: [(name: String, isDirectory: Bool, entry: MaildirEntry)] = [
        ("cur", true, .messages(.cur)), ("new", true, .messages(.new)), ("tmp", true, .messages(.tmp)), ("cur", false, .unknown),
        (".Work", true, .folder), (".Work", false, .unknown), ("Work", true, .unknown), (".", true, .unknown),
        ("..", true, .unknown),
        ("courierimapsubscribed", false, .subscriptions(.courier)), ("subscriptions", false, .subscriptions(.dovecot)),
        ("courierimapuiddb", false, .uidList(.courier)), ("dovecot-uidlist", false, .uidList(.dovecot)),
        ("dovecot-uidlist.lock", false, .index), ("dovecot-keywords", false, .keywords(.dovecot)),
        ("courierimapkeywords", true, .keywords(.courier)), ("dovecot-uidvalidity", false, .uidValidity),
        ("dovecot-uidvalidity.4c1a2b3c", false, .uidValidity), ("dovecot.index", false, .index),
        ("dovecot.index.cache", false, .index),
        ("dovecot.index.log.2", false, .index), ("dovecot.list.index", false, .index), ("dovecot-acl", false, .accessControl),
        ("courierimapacl", false, .accessControl), ("maildirsize", false, .quota), ("maildirfolder", false, .folderMark),
        ("courierpop3dsizelist", false, .index), (".dovecot.sieve", false, .sieve), ("sieve", true, .sieve),
        ("", false, .unknown),
        ("notes.txt", false, .unknown), (".nfs000001", false, .index),
    ]

    @Test("U14: what stands in a Maildir", arguments: entries)
    func entry(row: (name: String, isDirectory: Bool, entry: MaildirEntry)) {
        #expect(MaildirEntry.classify(row.name.utf8, isDirectory: row.isDirectory) == row.entry)
    }

    @Test(arguments: [("Work", MaildirEntry.folder), (".Work", .unknown), ("cur", .messages(.cur)), ("..", .unknown)])
    func entryOfTheOtherLayout(name: String, entry: MaildirEntry) {
        #expect(MaildirEntry.classify(name.utf8, isDirectory: true, layout: .fileSystem) == entry)
    }

    @Test func aNameThatIsNotUTF8IsAFolderPerhaps() {
        #expect(MaildirEntry.classify([0x2E, 0xFF], isDirectory: true) == .folder)
        #expect(MaildirEntry.classify([0xFF], isDirectory: false) == .unknown)
    }
}

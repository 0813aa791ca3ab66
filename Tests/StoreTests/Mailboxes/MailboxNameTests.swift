// What a mailbox may be called.

import IPC
import Mail
import Testing

@testable import store

@Suite struct MailboxNameTests {
    static let valid: [(String, String)] = [
        ("INBOX", "INBOX"), ("inbox", "INBOX"), ("iNbOx/Sub", "INBOX/Sub"), ("Inboxes", "Inboxes"), ("a/inbox", "a/inbox"),
        ("Archive/2026/11", "Archive/2026/11"), ("Entw\u{FC}rfe", "Entw\u{FC}rfe"), ("Entwu\u{308}rfe", "Entw\u{FC}rfe"),
        ("\u{2126}", "\u{3A9}"), ("日本語", "日本語"), (" two words ", " two words "), ("a.b", "a.b"), ("..a", "..a"),
        ("100%*", "100%*"),
        ("\u{1F4E8}", "\u{1F4E8}"), ("\u{131}nbox", "\u{131}nbox"),
        (String(repeating: "x", count: 255), String(repeating: "x", count: 255)),
        (Array(repeating: "a", count: 32).joined(separator: "/"), Array(repeating: "a", count: 32).joined(separator: "/")),
    ]

    @Test("RFC 9051 §5.1: INBOX in any case, everything else in NFC", arguments: valid)
    func names(text: String, kept: String) throws {
        let name = try MailboxName(text)
        #expect(Array(name.text.utf8) == Array(kept.utf8))
        #expect(try MailboxName(name.text) == name)
    }

    static let invalid = [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/./b", "a/../b", "a\u{0}", "a\nb", "a\u{7F}", "a\u{85}", "a\u{2028}",
        "a\u{FFFE}",
        // A mark behind the divider does not hide it.
        "a/\u{301}/", String(repeating: "x", count: 256), String(repeating: "a/", count: 32) + "a",
        Array(repeating: String(repeating: "y", count: 250), count: 5).joined(separator: "/"),
    ]

    @Test("what is none is refused with a sentence that is fit for a terminal", arguments: invalid) func refused(text: String) {
        let fault = #expect(throws: FormFault.self) { try MailboxName(text) }
        #expect(fault?.because.contains(": ") == true)
        #expect(fault?.because.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } == true)
    }

    @Test("superiors, and what names become when one above them is renamed") func levels() throws {
        let name = try MailboxName("a/b/c")
        #expect(name.superiors.map(\.text) == ["a", "a/b"] && MailboxName.inbox.superiors.isEmpty)
        #expect(name.renamed(.of("a/b"), to: .of("x")) == "x/c" && name.renamed(.of("a/b/c"), to: .of("y/z")) == "y/z")
        #expect(name.renamed(.of("a/bb"), to: .of("x")) == nil && name.renamed(.of("a/b/c/d"), to: .of("x")) == nil)
        #expect(try MailboxName("a/\u{301}b").renamed(.of("a"), to: .of("c")) == "c/\u{301}b")
    }

    @Test("RFC 8474: MAILBOXID and EMAILID are made of what is never used twice") func objectIDs() {
        #expect(MailboxID(rawValue: 1).objectID == "F1" && MailboxID(rawValue: 255).objectID == "Fff")
        #expect(SpoolID(rawValue: 255).objectID == "M00000000000000ff")
        let allowed = Array("0123456789abcdefFM".utf8)
        for id in [MailboxID(rawValue: .max).objectID, SpoolID(rawValue: .max).objectID] {
            #expect(id.utf8.allSatisfy { allowed.contains($0) })
        }
    }

    static let rights: [(String, String?)] = [
        ("lr", "lr"), ("rl", "lr"), ("lrswipkxtea", "lrswipkxtea"), ("", ""), ("c", "kx"), ("d", "xte"), ("lrc", "lrkx"),
        ("llr", "lr"),
        ("z", nil), ("LR", nil), ("l r", nil), ("-l", nil), ("1", nil),
    ]

    @Test("RFC 4314 §2.1: rights are letters in one order, the obsolete ones stand for others", arguments: rights)
    func letters(text: String, kept: String?) { #expect(MailboxRights(letters: text)?.description == kept) }

    static let keywords: [(String, Bool)] = [
        ("$Forwarded", true), ("NonJunk", true), ("a", true), (String(repeating: "k", count: 64), true),
        ("", false), (String(repeating: "k", count: 65), false), ("\\Seen", false), ("a b", false), ("(a)", false), ("a]", false),
        ("a*", false), ("a%", false), ("a\"", false), ("{1}", false), ("\u{E9}", false), ("a\u{7F}", false),
    ]

    @Test("RFC 9051: a keyword is an atom", arguments: keywords) func keyword(text: String, isOne: Bool) {
        #expect(text.isKeyword == isOne)
    }
}

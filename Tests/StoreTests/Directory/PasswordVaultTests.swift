// Passwords that must be had again: sealed with a key beside the index.

import Glibc
import Mail
import Testing

@testable import store

@Suite struct PasswordVaultTests {
    @Test("what was sealed is opened, also by the next process, and by no other key") func sealed() throws {
        let (folder, other) = (TestFolder(), TestFolder())
        let vault = try PasswordVault(folder.path)
        #expect(try Folder.names(folder.path).isEmpty, "a key that nobody needs")
        let (one, two) = (try vault.seal(Secret("grün")), try vault.seal(Secret("grün")))
        #expect(one.bytes != two.bytes && one.bytes.count == 5 + 28)
        for vault in [vault, try PasswordVault(folder.path)] {
            #expect(vault.open(one)?.bytes == Array("grün".utf8) && vault.open(two)?.bytes == Array("grün".utf8))
        }
        #expect(try PasswordVault(other.path).open(one) == nil)
        let stranger = try PasswordVault(other.path)
        _ = try stranger.seal(Secret("x"))
        #expect(stranger.open(one) == nil)
    }

    @Test("one changed octet is noticed, wherever it is") func changed() throws {
        let folder = TestFolder()
        let vault = try PasswordVault(folder.path)
        let sealed = try vault.seal(Secret("x")).bytes
        for place in sealed.indices {
            var other = sealed
            other[place] ^= 1
            #expect(vault.open(Secret(other)) == nil, "octet \(place)")
        }
        for count in 0..<sealed.count { #expect(vault.open(Secret(Array(sealed.prefix(count)))) == nil) }
    }

    @Test("the key is its owner's alone, and what an end in the middle left is written over") func file() throws {
        let folder = TestFolder()
        let half = try OpenFile("\(folder.path)/passwords.key.new", flags: O_WRONLY | O_CREAT)
        #expect(write(half.descriptor, "half", 4) == 4)
        let vault = try PasswordVault(folder.path)
        let sealed = try vault.seal(Secret("x"))
        var facts = stat()
        #expect(stat("\(folder.path)/passwords.key", &facts) == 0)
        #expect(facts.st_mode & 0o777 == 0o600 && facts.st_size == 32)
        #expect(try Folder.names(folder.path) == ["passwords.key"])
        #expect(try PasswordVault(folder.path).open(sealed) != nil)
    }

    @Test("a key that is none stops the start with a sentence", arguments: [0, 31, 33])
    func wrongLength(count: Int) throws {
        let folder = TestFolder()
        let file = try OpenFile("\(folder.path)/passwords.key", flags: O_WRONLY | O_CREAT)
        #expect(write(file.descriptor, [UInt8](repeating: 1, count: count), count) == count)
        let fault = #expect(throws: StoreFault.self) { try PasswordVault(folder.path) }
        #expect(fault?.description.hasSuffix("no key of 32 octets: bring the right one back, or move it away") == true)
    }

    @Test("without a place for the key nothing is sealed") func noPlace() throws {
        let vault = try PasswordVault("/var/tmp/there-is-no-such-folder")
        #expect(throws: StoreFault.self) { try vault.seal(Secret("x")) }
    }
}

@Suite struct MadePasswordTests {
    @Test("120 bits, never twice, easy to type") func made() {
        var seen: Set<String> = []
        for _ in 0..<1_000 {
            let text = String(decoding: MadePassword.make().bytes, as: UTF8.self)
            #expect(text.split(separator: "-").map(\.count) == [4, 4, 4, 4, 4, 4] && seen.insert(text).inserted)
            #expect(text.allSatisfy { "abcdefghijkmnpqrstuvwxyz23456789-".contains($0) })
        }
        // Each sign comes about as often as each other: 24,000 of 32.
        let counts = seen.joined().reduce(into: [Character: Int]()) { $0[$1, default: 0] += 1 }
        #expect(counts.filter { $0.key != "-" }.values.allSatisfy { (600...900).contains($0) }, "\(counts)")
    }

    @Test("its hash is salted and fits it alone") func hash() {
        let password = MadePassword.make()
        let (one, two) = (MadePassword.hash(password), MadePassword.hash(password))
        #expect(one != two && MadePassword.isHash(one))
        #expect(MadePassword.isRight(password, one) && MadePassword.isRight(password, two))
        #expect(!MadePassword.isRight(MadePassword.make(), one) && !MadePassword.isRight(Secret(""), one))
        for hash in ["", "*", "{SHA-256}", "{SHA-256}AAAA", "{SHA-256}!", "$y$j9T$abc$def", String(one.dropLast(4))] {
            #expect(!MadePassword.isRight(password, hash), "\(hash)")
        }
    }
}

// The commands postern directory export and apply against a directory in memory, at the real sockets of a house.

import ArgumentParser
import Foundation
import IPC
import Mail
import Testing

@testable import postern

func address(of text: String) -> EmailAddress { EmailAddress(text) ?? EmailAddress(localPart: text, domain: "wrong.test") }

func range(_ text: String) throws -> AddressRange { try #require(AddressRange(text)) }

@Suite struct DirectoryFileTests {
    /// Everything that a directory can have, added in another order than a file's.
    static func furnished(_ directory: DirectoryInMemory) throws {
        try directory.furnish(
            .addDomain("example.org"), .addDomainAlias("example.net", target: "example.org"), .addDomain("a.test"),
            .setDomain("a.test", DomainChoices(catchAll: "Zoe@a.test", transport: "mx.a.test:25", delimiters: "")),
            .addUserWithoutPassword(address(of: "Zoe@a.test")), .addUserWithoutPassword(address(of: "bob@example.org")),
            .addAccount(address(of: "bob@example.org"), .folder, password: nil, legacy: []),
            .addAccount(address(of: "work@example.org"), .processor, password: nil, legacy: []),
            .addUserWithoutPassword(address(of: "..odd'@example.org")),
            .addAlias(address(of: "sales@example.org"), targets: ["z@far.test", "bob@example.org"].map(address(of:))),
            .addAlias(address(of: "all@a.test"), targets: [address(of: "sales@example.org")]),
            .addRule(
                NamedRule(
                    account: address(of: "work@example.org"), recipient: "w-*@*", sender: "", source: try range("192.0.2.%"))),
            .addRule(
                NamedRule(account: address(of: "bob@example.org"), recipient: "b?@example.org", sender: "*@a.test", source: nil)),
            .addRule(NamedRule(account: address(of: "work@example.org"), recipient: "*@*", sender: nil, source: nil)),
            .addRange(.trusted, try range("192.0.2.0/24")), .addRange(.trusted, try range("10.0.0.5-10.0.0.9")),
            .addRange(.safe, try range("2001:db8::7")))
    }

    struct Place {
        let folder: String
        var file: String { "\(folder)/directory.toml" }
        init() throws {
            folder = NSTemporaryDirectory() + "postern-directory-\(UInt64.random(in: 0 ... .max))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        func write(_ text: String) throws { try text.write(toFile: file, atomically: true, encoding: .utf8) }
        func read() throws -> String { try String(contentsOfFile: file, encoding: .utf8) }
        func end() throws { try FileManager.default.removeItem(atPath: folder) }
    }

    private func with(
        _ directory: DirectoryInMemory, relay: String = "", _ body: (FakeHouse, Place) async throws -> Void
    ) async throws {
        let (house, place) = (try await FakeHouse(relay: relay, store: directory.reply), try Place())
        do {
            try await body(house, place)
        } catch {
            try await house.close()
            throw error
        }
        try await house.close()
        try place.end()
    }

    private func changes(_ house: FakeHouse) -> [String] { house.store.questions.filter { !$0.hasPrefix(#"{"list"#) } }

    /// DESIGN §5.
    @Test("a full directory, applied to an empty house, is exported again as the same file byte for byte")
    func roundTrip() async throws {
        let (full, empty) = (DirectoryInMemory(), DirectoryInMemory())
        try Self.furnished(full)
        let place = try Place()
        try await with(full) { house, _ in try await house.run("directory export \(place.file)") }
        let first = try place.read()
        #expect(first.contains("w-*@*") && first.contains("..odd'@example.org"))
        try await with(empty) { house, _ in
            try await house.run("directory apply \(place.file) --yes")
            try await house.run("directory export \(place.file)")
            #expect(try place.read() == first)
            // A second time there is nothing to do.
            let before = changes(house).count
            #expect(before > 0)
            try await house.run("directory apply \(place.file)")
            try await house.run("directory apply \(place.file) --dry-run --prune")
            #expect(changes(house).count == before)
        }
        try place.end()
    }

    /// The one thing that a file does not carry: who has a password.
    @Test func passwordsAreToldButNotApplied() async throws {
        let directory = DirectoryInMemory()
        try Self.furnished(directory)
        directory.setPassword(address(of: "bob@example.org"))
        try await with(directory) { house, place in
            try await house.run("directory export \(place.file)")
            let text = try place.read()
            #expect(text.contains("address = \"bob@example.org\"\nkind = \"user\"\npassword = \"set\"\n"))
            #expect(text.contains("address = \"Zoe@a.test\"\nkind = \"user\"\npassword = \"none\"\n"))
            try place.write(text.replacingOccurrences(of: "\"set\"", with: "\"none\""))
            try await house.run("directory apply \(place.file)")
            #expect(changes(house) == [])
        }
    }

    @Test func dryRunChangesNothingAndEndsWith2() async throws {
        let directory = DirectoryInMemory()
        try await with(directory) { house, place in
            try place.write("version = 1\n[[domain]]\nname = \"a.test\"\n")
            let code = await #expect(throws: ExitCode.self) {
                try await house.run("directory apply \(place.file) --dry-run")
            }
            #expect(code == ExitCode(2))
            _ = await #expect(throws: ExitCode.self) {
                try await house.run("directory apply \(place.file) --dry-run --json --yes")
            }
            #expect(changes(house) == [])
        }
    }

    @Test func onlyWithPruneIsAnythingRemoved() async throws {
        let directory = DirectoryInMemory()
        try Self.furnished(directory)
        try await with(directory) { house, place in
            try place.write("version = 1\n[[domain]]\nname = \"example.org\"\n")
            try await house.run("directory apply \(place.file)")
            #expect(changes(house) == [])
            try await house.run("directory apply \(place.file) --prune --yes")
            try await house.run("directory export \(place.file)")
            let text = try place.read()
            #expect(text.hasSuffix("\n\n[[domain]]\nname = \"example.org\"\n\n[access]\ntrusted = []\nsafe = []\n"))
        }
    }

    /// A fake refuses one step: those before it are done, those behind it are not, and both are said.
    @Test func theFirstRefusalEndsIt() async throws {
        let directory = DirectoryInMemory { question in
            if case .addAccount(_, .folder, _, _) = question { "the disk is full" } else { nil }
        }
        try await with(directory) { house, place in
            try place.write(
                """
                version = 1
                [[domain]]
                name = "a.test"
                [[account]]
                address = "a@a.test"
                kind = "user"
                [[account]]
                address = "b@a.test"
                kind = "folder"
                [[alias]]
                address = "c@a.test"
                targets = ["a@a.test"]
                """)
            let failure = await #expect(throws: Failure.self) { try await house.run("directory apply \(place.file) --yes") }
            let sentence = try #require(failure?.description)
            #expect(
                sentence.hasPrefix(
                    "stopped at \"+ folder b@a.test\": the disk is full. Done: 2 of 4, the last of them "
                        + "\"+ account a@a.test: without a password\". Not done: this one and the 1 behind it, from "
                        + "\"+ alias c@a.test: to a@a.test\"."), "\(sentence)")
            #expect(changes(house).count == 3)
        }
    }

    @Test func withoutATerminalAndWithoutYesNothingIsDone() async throws {
        #expect(throws: Failure.self) { try Consent.ask("all?", hasTerminal: false, answer: { "y" }) }
        for (answer, isYes) in [("y", true), ("Yes", true), ("", false), ("n", false), ("yesterday", false), (nil, false)] {
            let consent: Void? = try? Consent.ask("all?", hasTerminal: true, answer: { answer })
            #expect((consent != nil) == isYes, "\(answer ?? "end")")
        }
    }

    @Test func everyErrorOfAFileIsSaidBeforeAnyRoomIsAsked() async throws {
        try await with(DirectoryInMemory()) { house, place in
            try place.write("version = 1\n[[account]]\naddress = \"a\"\nkind = \"usr\"\n")
            let failure = await #expect(throws: Failure.self) { try await house.run("directory apply \(place.file) --yes") }
            #expect(failure?.description.split(separator: "\n").count == 2)
            let missing = await #expect(throws: Failure.self) { try await house.run("directory apply \(place.file)2 --yes") }
            #expect(missing?.description.contains("cannot be read") == true)
            #expect(house.store.questions == [])
        }
    }

    @Test func aFileIsReplacedWholeAndKeepsItsRights() throws {
        let place = try Place()
        try place.write("old, and longer than the new")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.file)
        try WholeFile.write("new\n", to: place.file)
        #expect(try place.read() == "new\n")
        let mode = try FileManager.default.attributesOfItem(atPath: place.file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(throws: Failure.self) { try WholeFile.write("x", to: place.folder + "/none/file") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder) == ["directory.toml"])
        try place.end()
    }
}

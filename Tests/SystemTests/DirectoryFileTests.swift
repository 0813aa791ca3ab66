// The directory as a file, at a real house: exported, changed, looked at, applied, and mail goes where the file says.

import Foundation
import Testing

@Suite struct DirectoryFileTests {
    /// DESIGN §5.
    @Test func mailGoesWhereTheFileSays() throws {
        let house = try House()
        defer { house.stop() }
        let file = house.folder + "/etc/directory.toml"
        try House.expectSuccess(house.postern(["directory", "export", file]))
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("address = \"alice@example.test\"\nkind = \"user\"\npassword = \"set\"\n"))
        #expect(!text.contains("$") && !text.contains("SCRAM"))
        #expect(try house.postern(["directory", "apply", file, "--dry-run", "--prune"]).status == 0)

        let changed =
            text.replacingOccurrences(of: "[access]", with: Self.more + "[access]")
            .replacingOccurrences(of: "trusted = []", with: "trusted = [\"192.0.2.7\"]")
        try changed.write(toFile: file, atomically: true, encoding: .utf8)
        let lines = [
            "+ domain other.test: another name of example.test", "+ account carol@example.test: without a password",
            "+ processor orders@example.test", "+ alias sales@example.test: to bob@example.test",
            "+ rule order-*@example.test to orders@example.test", "+ trusted 192.0.2.7",
        ]
        let look = try house.postern(["directory", "apply", file, "--dry-run"])
        #expect(look.status == 2 && look.output == lines.joined(separator: "\n") + "\n", "\(look.output)\(look.error)")
        #expect(try house.send(to: ["sales@example.test"], "Subject: x\r\n\r\nx").hasPrefix("550 5.1.1"))
        // Nobody is there to ask.
        #expect(try house.postern(["directory", "apply", file]).status == 1)

        let applied = try house.postern(["directory", "apply", file, "--yes"])
        #expect(applied.status == 0, "\(applied.error)")
        #expect(applied.output.hasPrefix(lines.joined(separator: "\n") + "\ndone: 6 of 6\n"), "\(applied.output)")
        #expect(applied.output.contains("postern account password carol@example.test --password-file FILE"))
        try wait(5, for: "the alias") {
            try house.send(to: ["sales@other.test"], "Subject: sold\r\n\r\nx").hasPrefix("250")
        }
        #expect(try house.send(to: ["order-7@example.test", "carol@example.test"], "Subject: o\r\n\r\nx").hasPrefix("250"))
        #expect(try house.mailbox("bob").contains { $0.contains("Subject: sold") })
        try passwordsComeLater(house, file)
        try theRestGoes(house, file)
        #expect(try house.unaccounted() == 0)
    }

    private static let more = """
        [[domain]]
        name = "other.test"
        alias_of = "example.test"

        [[account]]
        address = "carol@example.test"
        kind = "user"

        [[account]]
        address = "orders@example.test"
        kind = "processor"

        [[alias]]
        address = "sales@example.test"
        targets = ["bob@example.test"]

        [[rule]]
        account = "orders@example.test"
        recipient = "order-*@example.test"


        """

    /// A user of the file cannot log in by any password, and has his mail as soon as he has one.
    private func passwordsComeLater(_ house: House, _ file: String) throws {
        #expect(throws: WireError.self) { try house.pop3("carol") }
        #expect(throws: WireError.self) { try house.pop3("carol", password: "") }
        let before = try house.postern(["directory", "export"]).output
        #expect(before.contains("address = \"carol@example.test\"\nkind = \"user\"\npassword = \"none\"\n"))
        try House.expectSuccess(
            house.postern(["account", "password", "carol@example.test", "--password-file", "-"], input: House.password))
        #expect(try house.mailbox("carol").count == 1)
        let again = try house.postern(["directory", "apply", file, "--yes", "--prune"])
        #expect(again.status == 0 && again.output == "nothing to do: the directory is what \(file) says\n", "\(again.output)")
    }

    /// Another house takes the file whole, and gives it again byte for byte, but for the passwords.
    private func theRestGoes(_ house: House, _ file: String) throws {
        let exported = try house.postern(["directory", "export"]).output
        let whole = house.folder + "/etc/whole.toml"
        try exported.write(toFile: whole, atomically: true, encoding: .utf8)
        let other = try House(House.Options(accounts: ["stranger"]))
        defer { other.stop() }
        try House.expectSuccess(other.postern(["directory", "apply", whole, "--yes", "--prune"]))
        let there = try other.postern(["directory", "export"]).output
        #expect(there == exported.replacingOccurrences(of: "password = \"set\"", with: "password = \"none\""))
        #expect(throws: WireError.self) { try other.pop3("stranger") }
        let accounts = try other.postern(["account", "list"])
        #expect(!accounts.output.contains("stranger") && !accounts.output.contains("PLAIN"), "\(accounts.output)")
    }
}

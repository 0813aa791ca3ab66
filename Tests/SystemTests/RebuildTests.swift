// The index is lost; the segments are not.

import Foundation
import Testing

@Suite struct RebuildTests {
    /// 2.9: mail is read again after it, nothing is sent twice, and a store without its index does not take mail for waste.
    @Test func aLostIndexIsMadeAnew() throws {
        let house = try House(House.Options(delivery: "enabled = false"))
        defer { house.stop() }
        for number in 1...20 { try house.send(to: ["alice@example.test"], "Subject: \(number)\r\n\r\nx") }
        try house.send(to: ["x@elsewhere.test"], "Subject: away\r\n\r\nx")
        let refused = try house.postern(["rebuild-index", "--yes"])
        #expect(refused.status == 1, "while the house runs: \(refused.output)\(refused.error)")
        house.process.terminate()
        house.process.waitUntilExit()
        for ending in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: house.folder + "/state/store/index.sqlite" + ending)
        }
        let result = try house.postern(["rebuild-index", "--yes"])
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.contains("alice@example.test") && result.output.contains("x@elsewhere.test"), "\(result.output)")
        try house.start()
        try House.expectSuccess(
            house.postern(["account", "password", "alice@example.test", "--password-file", "-"], input: House.password))
        #expect(try house.mailbox("alice").count == 20)
        #expect(try house.postern(["queue", "list", "--json"]).output.contains("held"))
        #expect(try house.unaccounted() == 0)
        #expect(try house.send(to: ["alice@example.test"], "Subject: new\r\n\r\nx").hasPrefix("250"))
    }
}

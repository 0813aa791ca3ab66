// Everything that clients of POP3 find awkward, through five of them, out of the running house.

import Foundation
import Testing

@Suite struct RetrievalTests {
    private static let clients = ["curl", "fetchmail", "getmail", "mpop"]
    private static let areThere = clients.allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") }

    /// E-10, T-27: curl, poplib, fetchmail, getmail and mpop each get 2,000 messages whole; the script says what that means.
    @Test(.enabled(if: areThere, "curl, fetchmail, getmail6 and mpop are needed")) func awkwardMessages() throws {
        let house = try House()
        defer { house.stop() }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Peers/retrieval.py").path
        let place = house.folder + "/clients"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let result = try House.command(
            "/usr/bin/python3", [script, "\(house.smtpPort)", "\(house.pop3Port)", House.password, place])
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.output == "curl: 2000\npoplib: 2000\nfetchmail: 2000\ngetmail: 2000\nmpop: 2000\n")
        #expect(try house.unaccounted() == 0)
    }
}

// The units under a real systemd: socket activation, readiness, users of their own, restart, the walls.

import Foundation
import Testing

@Suite struct SystemdTests {
    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// E-11: started by the service manager, ready when every port answers.
    @Test(.timeLimit(.minutes(5)))
    func theHouseRunsUnderSystemd() throws {
        let script = Self.repository.appendingPathComponent("Tests/SystemTests/Systemd/boot").path
        let result = try House.command("/bin/bash", [script, House.programs, Self.repository.path])
        if result.status == 77 {
            print("SKIPPED: the units were not booted: \(result.output)")
            return
        }
        let said = result.output + result.error
        #expect(result.status == 0, "\(said)")
        for unit in ["postern-store", "postern-router", "postern-listener", "postern-delivery@1"] {
            #expect(said.contains("active \(unit) active"), "\(said)")
        }
        #expect(said.contains("Subject: under systemd"), "\(said)")
        #expect(said.contains("restarted postern-router"), "\(said)")
        #expect(said.contains("proved"), "\(said)")
        for room in ["listener", "router", "store"] {
            #expect(said.contains("user \(room) postern-\(room)"), "\(said)")
        }
    }
}

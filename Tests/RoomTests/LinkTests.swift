// What the built programs carry: only the store knows SQLite, nobody but the command and the tests carries Foundation.

import Foundation
import Testing

@Suite struct LinkTests {
    /// The folder of the built products: the test bundle lies in it.
    static var folder: URL {
        var folder = Bundle.main.bundleURL
        while folder.path != "/",
            !FileManager.default.fileExists(atPath: folder.appendingPathComponent("postern-store").path)
        {
            folder.deleteLastPathComponent()
        }
        return folder
    }

    static func libraries(of program: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/ldd")
        process.arguments = [folder.appendingPathComponent(program).path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }

    @Test(arguments: ["postern-listener", "postern-router", "postern-delivery", "postern"])
    func onlyTheStoreLinksSQLite(program: String) throws {
        let libraries = try Self.libraries(of: program)
        #expect(libraries.contains("libc.so"), "ldd said nothing of \(program)")
        #expect(!libraries.contains("sqlite"))
    }

    @Test func theStoreLinksSQLite() throws {
        #expect(try Self.libraries(of: "postern-store").contains("libsqlite3"))
    }

    @Test(arguments: ["postern-listener", "postern-router"])
    func noRoomThatHearsStrangersLinksFoundation(program: String) throws {
        let libraries = try Self.libraries(of: program)
        #expect(!libraries.contains("libFoundation.so"))
        #expect(!libraries.contains("libunbound") && !libraries.contains("libssl"))
    }
}

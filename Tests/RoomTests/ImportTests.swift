// What each target may know. Package.swift says it to the compiler; this table says it to the reader and catches the
// modules that need no declaration (Foundation, Glibc).

import Testing

@Suite struct ImportTests {
    static let pure: Set = ["Mail", "SMTP", "POP3", "DNS", "MIME", "SASL", "ProxyProtocol", "IDNA", "Archive"]

    static let allowed: [String: Set<String>] = [
        "Mail": [], "SMTP": ["Mail"], "POP3": ["Mail"], "DNS": ["Mail"],
        "MIME": ["Mail"], "Archive": ["Mail"], "IDNA": ["Mail", "CIDN2"], "ProxyProtocol": ["Mail"],
        "SASL": ["Mail", "Crypto", "COpenSSL", "CStringprep"],
        "IPC": ["Mail", "CLinux", "NIOCore", "NIOPosix", "Crypto", "Glibc"],
        "Sandbox": ["Mail", "CLinux", "CSeccomp", "CCap", "Glibc"],
        "Systemd": ["CLinux", "Glibc"],
        "Settings": ["Mail", "Glibc"],
        "Journal": ["Mail", "Logging", "Glibc"],
        "TLS": ["Mail", "NIOCore", "NIOPosix", "NIOSSL", "NIOTLS", "Crypto", "Glibc"],
        "Door": [
            "Mail", "IPC", "Sandbox", "Systemd", "Settings", "Journal", "NIOCore", "NIOPosix", "CLinux", "Glibc",
            "Logging",
        ],
        "listener": [
            "Mail", "SMTP", "POP3", "ProxyProtocol", "TLS", "IPC", "Sandbox", "Settings", "Journal", "Door", "NIOCore",
            "NIOPosix", "Glibc",
        ],
        "router": [
            "Mail", "SMTP", "MIME", "IDNA", "IPC", "Sandbox", "Settings", "Journal", "Door", "NIOCore", "NIOPosix", "CLinux",
            "Glibc",
        ],
        "store": [
            "Mail", "POP3", "SASL", "IPC", "Sandbox", "Settings", "Journal", "Door", "NIOCore", "NIOPosix", "GRDB", "Crypto",
            "GRDBSQLite", "CCrypt", "CDisk", "CLinux", "Glibc",
        ],
        "delivery": [
            "Mail", "SMTP", "DNS", "TLS", "IPC", "Sandbox", "Settings", "Journal", "Door", "NIOCore", "NIOPosix",
            "NIOSSL",
            "NIOTLS", "Crypto", "CUnbound", "Glibc",
        ],
        "postern": [
            "Mail", "Archive", "IDNA", "TLS", "IPC", "Sandbox", "Systemd", "Settings", "Journal", "Door", "ArgumentParser",
            "NIOCore", "NIOPosix", "CLinux", "Glibc", "FoundationEssentials", "Crypto",
        ],
    ]
    /// The standard library's own modules: no room learns anything by them.
    static let everywhere: Set = ["Swift", "Synchronization", "Dispatch"]

    @Test func everyTargetImportsOnlyWhatItsRoomMayKnow() {
        for file in SourceTree.files(below: "Sources", endings: [".swift"]) {
            guard let allowed = Self.allowed[file.target] else {
                Issue.record("\(file.path): the target \(file.target) is not in the table of rooms")
                continue
            }
            for (number, line) in file.lines.enumerated() {
                guard let module = Self.importedModule(line) else { continue }
                #expect(
                    allowed.union(Self.everywhere).contains(module),
                    "\(file.path):\(number + 1): \(file.target) may not import \(module)")
            }
        }
    }

    /// Behind `protocol Database` the store knows no engine: the one that it has is named once.
    @Test func onlyTheStoresDatabaseKnowsSQLite() {
        let home = "Sources/store/Database/"
        let words = ["Database", "DatabaseCopy", "Change", "MailboxChange", "DirectoryChange", "PlacedMailbox"]
        let neutral = Set(words.map { "\(home)\($0).swift" })
        let files = SourceTree.files(below: "Sources/store", endings: [".swift"])
        #expect(neutral.isSubset(of: files.map(\.path)))
        var importing: Set<String> = []
        var named: [String] = []
        for file in files {
            for line in file.lines where !Self.isComment(line) {
                if let module = Self.importedModule(line), module.hasPrefix("GRDB") { importing.insert(file.path) }
                guard !file.path.hasPrefix(home), line.lowercased().contains("sqlite") else { continue }
                named.append("\(file.path): \(line.drop { $0 == " " })")
            }
        }
        #expect(!importing.isEmpty && importing.allSatisfy { $0.hasPrefix(home) && !neutral.contains($0) }, "\(importing)")
        #expect(named == ["Sources/store/StoreRoom.swift: package var engine = Engine.sqlite"])
    }

    @Test func theTableNamesEveryTarget() throws {
        let swiftTargets = try SourceTree.folders(below: "Sources").filter { folder in
            !SourceTree.files(below: "Sources/\(folder)", endings: [".swift"]).isEmpty
        }
        #expect(Set(swiftTargets) == Set(Self.allowed.keys))
    }

    /// Pure targets are a function of their input: no clock, no randomness, no output.
    @Test(arguments: ["Date()", "ContinuousClock", "SystemRandomNumberGenerator", ".random(", "print(", "getenv"])
    func pureTargetsHaveNoWorld(word: String) {
        for file in SourceTree.files(below: "Sources", endings: [".swift"]) where Self.pure.contains(file.target) {
            for (number, line) in file.lines.enumerated() where !Self.isComment(line) {
                #expect(!line.contains(word), "\(file.path):\(number + 1): \(word) in a pure target")
            }
        }
    }

    static func importedModule(_ line: Substring) -> String? {
        var words = line.split(separator: " ").map(String.init)
        while let first = words.first,
            first.hasPrefix("@") || ["package", "public", "internal", "private"].contains(first)
        {
            words.removeFirst()
        }
        guard words.first == "import", words.count > 1 else { return nil }
        let kinds = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
        let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
        return name.split(separator: ".").first.map(String.init)
    }

    static func isComment(_ line: Substring) -> Bool {
        line.drop { $0 == " " }.hasPrefix("//")
    }
}

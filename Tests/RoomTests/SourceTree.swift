// The repository as the tests of form see it: its own files, read as text.

import Foundation

struct SourceTree {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct File {
        /// Relative to the repository.
        let path: String
        let lines: [Substring]
        /// `Sources/<target>/…` gives the target.
        var target: String { String(path.split(separator: "/")[1]) }
    }

    /// Every file below a folder of the repository with one of these endings.
    static func files(below folder: String, endings: [String]) -> [File] {
        let start = root.appendingPathComponent(folder)
        guard let walk = FileManager.default.enumerator(atPath: start.path) else { return [] }
        var files: [File] = []
        for case let name as String in walk where endings.contains(where: name.hasSuffix) {
            guard let text = try? String(contentsOf: start.appendingPathComponent(name), encoding: .utf8) else {
                continue
            }
            files.append(
                File(path: "\(folder)/\(name)", lines: text.split(separator: "\n", omittingEmptySubsequences: false)))
        }
        return files.sorted { $0.path < $1.path }
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    static func folders(below folder: String) throws -> [String] {
        let start = root.appendingPathComponent(folder)
        return try FileManager.default.contentsOfDirectory(atPath: start.path).filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(
                atPath: start.appendingPathComponent(name).path, isDirectory: &isFolder)
                && isFolder.boolValue
        }.sorted()
    }
}

// Files of an import, whose names may be any octets. Links are not followed: a mail folder is its user's, and whoever
// imports it may read more than he.

import Glibc

/// A path as the file system has it.
struct DiskPath: Hashable {
    var octets: [UInt8]

    init(_ octets: [UInt8]) { self.octets = octets }
    init(_ text: String) { self.init(Array(text.utf8)) }

    static func / (path: DiskPath, name: some Sequence<UInt8>) -> DiskPath { DiskPath(path.octets + [0x2F] + name) }
    static func / (path: DiskPath, name: String) -> DiskPath { path / name.utf8 }

    /// For people.
    var text: String { printable(String(decoding: octets, as: UTF8.self)) }
    var name: [UInt8] { Array(octets.split(separator: 0x2F).last ?? []) }

    /// Where the links of the path lead; nil when nothing is there.
    var real: DiskPath? {
        withCString { path in
            guard let found = realpath(path, nil) else { return nil }
            defer { free(found) }
            return DiskPath(Array(UnsafeRawBufferPointer(start: found, count: strlen(found))))
        }
    }

    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (octets + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}

/// One entry of a folder.
struct DiskEntry {
    enum Kind { case file, folder, other }
    var name: [UInt8]
    var kind: Kind
}

/// Why a file cannot be read, in words.
struct DiskTrouble: Error, CustomStringConvertible {
    let description: String
    /// Nothing has this name.
    var isMissing = false
    init(_ description: String) { self.description = description }

    init(errno number: Int32) {
        self.init(errorText(number))
        isMissing = number == ENOENT
    }
}

enum DiskFolder {
    /// In the order of the names. - Throws: `DiskTrouble`.
    static func entries(_ path: DiskPath, followsLink: Bool = false) throws -> [DiskEntry] {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (followsLink ? 0 : O_NOFOLLOW)
        let descriptor = path.withCString { open($0, flags) }
        guard descriptor >= 0, let stream = fdopendir(descriptor) else {
            let number = errno
            if descriptor >= 0 { close(descriptor) }
            throw DiskTrouble(errno: number)
        }
        defer { closedir(stream) }
        var found: [DiskEntry] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name == [0x2E] || name == [0x2E, 0x2E] { continue }
            var status = stat()
            let isKnown = (name + [0]).withUnsafeBytes { octets in
                fstatat(descriptor, octets.baseAddress!.assumingMemoryBound(to: CChar.self), &status, AT_SYMLINK_NOFOLLOW) == 0
            }
            found.append(DiskEntry(name: name, kind: isKnown ? kind(status) : .other))
        }
        return found.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private static func kind(_ status: stat) -> DiskEntry.Kind {
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        default: .other
        }
    }
}

/// A file that is open for reading; or standard input, which can be read once from its beginning.
final class ReadFile {
    private let descriptor: Int32
    private var space = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    let size: UInt64
    /// Seconds since 1970.
    let modified: Int64
    let isStream: Bool

    /// - Throws: `DiskTrouble`.
    init(_ path: DiskPath) throws {
        // A pipe without a writer would not let us go.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW
        descriptor = path.withCString { open($0, flags) }
        guard descriptor >= 0 else {
            if errno == ELOOP { throw DiskTrouble("it is a link, which is not followed") }
            throw DiskTrouble(errno: errno)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw DiskTrouble("it is no file")
        }
        (size, modified, isStream) = (UInt64(max(0, status.st_size)), Int64(status.st_mtim.tv_sec), false)
    }

    init(standardInput: Void) { (descriptor, size, modified, isStream) = (STDIN_FILENO, 0, 0, true) }

    deinit {
        space.deallocate()
        if !isStream { close(descriptor) }
    }

    /// Puts at most so many octets behind those of the buffer. - Returns: how many; 0 at the end.
    func read(_ count: Int, into buffer: inout [UInt8]) throws -> Int {
        // Most files are small: room for all of it and for seeing its end.
        if space.isEmpty { space = .allocate(byteCount: isStream ? count : min(count, Int(clamping: size) + 1), alignment: 1) }
        let got = DiskFiles.again { Glibc.read(descriptor, space.baseAddress!, min(count, space.count)) }
        guard got >= 0 else { throw DiskTrouble(errno: errno) }
        buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: space[..<got]))
        return got
    }

    /// As many octets from there on as there are, up to a count.
    func read(_ count: Int, at offset: UInt64) throws -> [UInt8] {
        var octets: [UInt8] = []
        while octets.count < count {
            var piece = [UInt8](repeating: 0, count: count - octets.count)
            let got = piece.withUnsafeMutableBytes { space in
                DiskFiles.again { pread(descriptor, space.baseAddress!, space.count, off_t(offset) + off_t(octets.count)) }
            }
            guard got >= 0 else { throw DiskTrouble(errno: errno) }
            if got == 0 { break }
            octets += piece.prefix(got)
        }
        return octets
    }

    /// A small file of a mail folder; nil when it is not there, cannot be read or is over the limit.
    static func whole(_ path: DiskPath, limit: UInt64 = 64 << 20) -> [UInt8]? {
        guard let file = try? ReadFile(path), file.size <= limit else { return nil }
        return try? file.read(Int(file.size), at: 0)
    }
}

enum DiskFiles {
    /// Signals do not end a call.
    static func again(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}

// The content of a large message: a file of its own, written while the message arrives. Its record in a segment names it
// by number, length and checksum; without such a record it belongs to nobody.
//
//  state      file                 record in a segment   may a crash leave it?   what recovery does
//  F1         none                 none                  –                       –
//  F2 open    growing              none                  yes                     removes it
//  F3 sealed  complete, synced     none                  yes                     removes it
//  F4 kept    complete, synced     indexed               yes (normal)            nothing
//
//  F1→F2 init   F2→F3 seal()   F3→F4 the group commit   F2,F3→F1 remove()
//  Guarantee: a message is acknowledged only in F4.

import Glibc
import NIOCore

/// Written by one thread at a time.
package final class ContentFile: @unchecked Sendable {
    // Unchecked: whoever appends waits for the last append to be over.
    package let number: UInt64
    package private(set) var length: UInt64 = 0
    package private(set) var checksum = Checksum()
    private let file: OpenFile
    private let folder: String
    private let disk: DiskCalls

    package static func path(_ folder: String, _ number: UInt64) -> String {
        "\(folder)/\(FileNumber.text(number)).msg"
    }

    /// F1→F2. The number must never have been used.
    init(_ folder: String, number: UInt64, disk: DiskCalls) throws(DiskError) {
        self.number = number
        self.folder = folder
        self.disk = disk
        file = try OpenFile(Self.path(folder, number), flags: O_WRONLY | O_CREAT | O_EXCL)
    }

    func append(_ pieces: [ByteBuffer]) throws(DiskError) {
        var places: [iovec] = []
        var count: UInt64 = 0
        for piece in pieces {
            checksum.update(piece)
            count += UInt64(piece.readableBytes)
            places.append(piece.place)
        }
        let error = withExtendedLifetime(pieces) { disk.write(file.descriptor, places, length) }
        guard error == 0 else { throw DiskError("write", file.path, error) }
        length += count
    }

    /// F2→F3: content and name are on the disk.
    func seal() throws(DiskError) {
        let error = disk.sync(file.descriptor)
        guard error == 0 else { throw DiskError("fdatasync", file.path, error) }
        try Folder.sync(folder)
    }

    func remove() { _ = disk.remove(file.path) }
}

extension ByteBuffer {
    /// Where its bytes lie, for a system call. Good for as long as the buffer is kept and not changed.
    var place: iovec {
        withUnsafeReadableBytes {
            iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
        }
    }
}

/// Numbers in the names of files.
enum FileNumber {
    /// 16 hexadecimal digits.
    static func text(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// The number in "0000000000000001.seg"; nil for any other name.
    static func read(_ name: String, ending: String) -> UInt64? {
        guard name.hasSuffix(ending), name.utf8.count == 16 + ending.utf8.count else { return nil }
        return UInt64(name.dropLast(ending.count), radix: 16)
    }
}

// Where lines go: a descriptor, one write(2) each. Never waits for a reader that does not read when the descriptor is
// non-blocking: the line is dropped and counted, and the count is written as soon as a line gets through.

import Glibc
import Synchronization

package final class JournalOutput: Sendable {
    /// Whether lines begin with `<N>`, as systemd's journal reads them (sd-daemon(3)).
    let hasPriorities: Bool
    private let put: @Sendable (UnsafeRawBufferPointer) -> Int
    private let state = Mutex(State())

    private struct State {
        /// Lines that did not get through since one did.
        var lost = 0
        /// Only the beginning of the last line got through: a line end must come before anything else.
        var isTorn = false
    }

    /// Standard error; with priorities when it is connected to systemd's journal.
    package static let standardError = JournalOutput(
        descriptor: STDERR_FILENO,
        hasPriorities: isJournal(STDERR_FILENO, getenv("JOURNAL_STREAM").map { String(cString: $0) }))

    package convenience init(descriptor: CInt, hasPriorities: Bool = false) {
        self.init(hasPriorities: hasPriorities) { JournalOutput.write($0, to: descriptor) }
    }

    /// - Parameter put: takes a whole line with its line end and gives the number of octets that were written. Called
    ///   by one thread at a time.
    package init(hasPriorities: Bool = false, put: @escaping @Sendable (UnsafeRawBufferPointer) -> Int) {
        self.hasPriorities = hasPriorities
        self.put = put
    }

    /// Gives the number of lines that were dropped before this one got through.
    func write(_ line: UnsafeRawBufferPointer) -> Int {
        // Lines above PIPE_BUF are not atomic by themselves.
        state.withLock { state in
            if state.isTorn { state.isTorn = withUnsafeBytes(of: UInt8(ascii: "\n"), put) == 0 }
            let count = state.isTorn ? 0 : put(line)
            guard count == line.count else {
                state.isTorn = state.isTorn || count > 0
                state.lost += 1
                return 0
            }
            defer { state.lost = 0 }
            return state.lost
        }
    }

    /// Whether a descriptor is the stream that `JOURNAL_STREAM` names as device and inode.
    static func isJournal(_ descriptor: CInt, _ stream: String?) -> Bool {
        guard let stream, let colon = stream.firstIndex(of: ":") else { return false }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        return UInt64(stream[..<colon]) == UInt64(status.st_dev)
            && UInt64(stream[stream.index(after: colon)...]) == UInt64(status.st_ino)
    }

    private static func write(_ line: UnsafeRawBufferPointer, to descriptor: CInt) -> Int {
        var rest = line[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.write(descriptor, part.baseAddress, part.count)
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                break
            }
        }
        return line.count - rest.count
    }
}

// The store's own program at work for the command: fed through a pipe, perhaps heard through another.

import CLinux
import Glibc
import NIOCore

/// Used by one thread. The program's errors go where the command's go.
final class StoreProgram {
    private static let piece = 256 << 10

    private let pid: pid_t
    private var input: CInt
    private var output: CInt = -1

    /// - Parameters:
    ///   - words: behind the program's name.
    ///   - isHeard: what it says is read by `lines`; otherwise it goes where the command's output goes.
    init(_ words: [String], isHeard: Bool) throws(Failure) {
        let program: String
        do throws(RunError) { program = try RoomProcess.program(of: .store) } catch { throw Failure("\(error)") }
        var (down, up): ([CInt], [CInt]) = ([-1, -1], [-1, -1])
        guard clinux_pipe(&down) == 0, !isHeard || clinux_pipe(&up) == 0 else {
            throw Failure("cannot make a pipe: \(errorText(errno))")
        }
        signal(SIGPIPE, SIG_IGN)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, down[0], 0)
        if isHeard { posix_spawn_file_actions_adddup2(&actions, up[1], 1) }
        var child: pid_t = 0
        let wrong = withCStrings([program] + words) { posix_spawn(&child, program, &actions, nil, $0, environ) }
        close(down[0])
        if isHeard { close(up[1]) }
        (pid, input, output) = (child, down[1], up[0])
        guard wrong == 0 else { throw Failure("cannot start \(program): \(errorText(wrong))") }
    }

    deinit {
        for file in [input, output] where file >= 0 { close(file) }
    }

    /// Ends the command when the program has ended: it has said why.
    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let wrong = errno
                end()
                throw Failure(
                    wrong == EPIPE ? "nothing was restored" : "cannot write to the store's program: \(errorText(wrong))")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// What it says next; nil at its end. Waits. Nothing can be written any more.
    func piece() -> ByteBuffer? {
        shut()
        var count = 0
        var piece = ByteBuffer()
        piece.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.piece) { space in
            repeat { count = read(output, space.baseAddress, Self.piece) } while count < 0 && errno == EINTR
            return max(0, count)
        }
        return count > 0 ? piece : nil
    }

    private func shut() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// What it says, line by line, until it ends.
    func lines(_ body: (Substring) -> Void) {
        var text = ""
        var rest: [UInt8] = []
        while let piece = piece() {
            rest += piece.readableBytesView
            guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { continue }
            text = String(decoding: rest[..<end], as: UTF8.self)
            rest.removeFirst(end + 1)
            text.split(separator: "\n").forEach(body)
        }
    }

    /// Nothing more will be sent. Waits for its end. Returns its exit status.
    @discardableResult
    func end() -> Int32 {
        shut()
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
}

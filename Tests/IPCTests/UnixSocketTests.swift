// The listening socket's file: made, replaced when dead, left alone when alive or not ours.
import Glibc
import Testing

@testable import IPC

struct UnixSocketTests {
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        lstat(path, &status)
        return status.st_mode & 0o7777
    }

    @Test(arguments: [0o600, 0o660, 0o666] as [mode_t]) func modeIsWhatWasAskedFor(wanted: mode_t) throws {
        let path = Road.newPath()
        let descriptor = try UnixSocket.listen(path: path, mode: wanted)
        #expect(mode(path) == wanted)
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
        close(descriptor)
        unlink(path)
    }

    @Test func deadSocketIsReplaced() throws {
        let path = Road.newPath()
        close(try UnixSocket.listen(path: path, mode: 0o600))
        let descriptor = try UnixSocket.listen(path: path, mode: 0o600)
        _ = try RawPeer(path)
        close(descriptor)
        unlink(path)
    }

    @Test func livingSocketIsNot() throws {
        let path = Road.newPath()
        let descriptor = try UnixSocket.listen(path: path, mode: 0o600)
        #expect { try UnixSocket.listen(path: path, mode: 0o600) } throws: {
            "\($0)".contains("already served by process \(getpid())")
        }
        _ = try RawPeer(path)
        close(descriptor)
        unlink(path)
    }

    @Test func fileIsLeftAlone() throws {
        let path = Road.newPath()
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        #expect { try UnixSocket.listen(path: path, mode: 0o600) } throws: { "\($0)".contains("not a socket") }
        #expect(access(path, F_OK) == 0)
        unlink(path)
    }

    @Test func pathHasABound() throws {
        let longest = "/tmp/" + String(repeating: "p", count: UnixSocket.pathLimit - 5)
        close(try UnixSocket.listen(path: longest, mode: 0o600))
        unlink(longest)
        for path in [longest + "p", ""] {
            #expect { try UnixSocket.listen(path: path, mode: 0o600) } throws: { "\($0)".contains("1 to 107 bytes") }
        }
        // Also where there is something at what comes before the NUL.
        #expect { try UnixSocket.listen(path: "/tmp\u{0}b", mode: 0o600) } throws: { "\($0)".contains("NUL") }
        #expect { try UnixSocket.listen(path: "/nowhere/x", mode: 0o600) } throws: {
            "\($0)".contains("/nowhere/x: cannot bind: No such file or directory")
        }
    }
}

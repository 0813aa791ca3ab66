// The listening end of an edge in the runtime directory. Made before the sandbox closes; blocking calls only.
import CLinux
import Glibc

/// Why there is no listening socket. The text is for whoever started the process.
package struct UnixSocketError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

package enum UnixSocket {
    /// sockaddr_un has 108 bytes, of which one ends the path.
    package static let pathLimit = 107
    private static let backlog: CInt = 1024

    /// Binds and listens. A dead socket at the path is replaced; one that somebody answers on, or a file that is not a
    /// socket, is left alone and refused. The descriptor is non-blocking and closed by exec.
    package static func listen(path: String, mode: mode_t) throws -> CInt {
        // Before anything is looked at: a NUL would end the path there.
        _ = try bytes(of: path)
        try clear(path)
        let descriptor = try open()
        do {
            try bind(descriptor, path, mode)
            guard Glibc.listen(descriptor, backlog) == 0 else { throw failed("listen on", path) }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    /// The mode is set by the umask while binding: there is no moment with more rights than asked for.
    private static func bind(_ descriptor: CInt, _ path: String, _ mode: mode_t) throws {
        let old = umask(~mode & 0o777)
        defer { umask(old) }
        guard try with(path, { Glibc.bind(descriptor, $0, $1) }) == 0 else { throw failed("bind", path) }
        // A umask can only take away: bind gives 0777 without it, so the mode is what was asked for.
    }

    /// Makes way for `bind`, or says who is in the way.
    private static func clear(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw failed("look at", path)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw UnixSocketError("\(path): exists and is not a socket; it is left alone")
        }
        let probe = try open()
        defer { Glibc.close(probe) }
        if try with(path, { connect(probe, $0, $1) }) == 0 || errno == EAGAIN {
            var peer = clinux_peer()
            let known = clinux_peercred(probe, &peer) == 0 && peer.pid > 0
            throw UnixSocketError("\(path): already served" + (known ? " by process \(peer.pid)" : ""))
        }
        guard errno == ECONNREFUSED else { throw failed("connect to", path) }
        guard unlink(path) == 0 || errno == ENOENT else { throw failed("remove the dead socket", path) }
    }

    private static func open() throws -> CInt {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw SystemCallError("socket", errno) }
        return descriptor
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= pathLimit else {
            throw UnixSocketError(
                "\(path): the path of a socket has 1 to \(pathLimit) bytes, this one has \(bytes.count)")
        }
        guard !bytes.contains(0) else { throw UnixSocketError("the path of a socket cannot have a NUL in it") }
        return bytes
    }

    private static func with(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) throws -> CInt {
        let bytes = try bytes(of: path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func failed(_ what: String, _ path: String) -> UnixSocketError {
        UnixSocketError("\(path): cannot \(what): \(String(cString: strerror(errno)))")
    }
}

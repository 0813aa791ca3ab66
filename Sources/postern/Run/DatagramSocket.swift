// The listening side of the readiness protocol (sd_notify): one datagram socket a room.

import Glibc

enum DatagramSocket {
    /// A non-blocking datagram socket bound to `path`; whatever lay there before is removed.
    static func bind(_ path: String) throws(RunError) -> CInt {
        unlink(path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let octets = Array(path.utf8)
        guard octets.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw RunError("the path \(path) is too long for a socket: use a shorter server.state")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw RunError("cannot make a socket: \(errorText(errno))") }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let reason = errorText(errno)
            close(descriptor)
            throw RunError("cannot bind \(path): \(reason)")
        }
        return descriptor
    }

    /// One datagram as text, at most 4,096 octets; nil when there is none.
    static func read(_ descriptor: CInt) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}

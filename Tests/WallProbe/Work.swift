// What the rooms do all day, call by call, so that a wall in the wrong place is found here and not in a mail server.

import Glibc
import Mail

struct Work {
    let orders: Orders
    let thread: String

    /// - Returns: the names of the steps that failed.
    func run() -> [String] {
        var failures = steps.compactMap { $0.succeeds() ? nil : $0.name }
        if orders.room == .store, let state = orders.state { failures += keep(in: "\(state)/\(thread)") }
        return failures
    }

    private typealias Step = (name: String, succeeds: () -> Bool)

    private var steps: [Step] {
        var steps: [Step] = [
            ("proc", { !contents(of: "/proc/self/stat").isEmpty }),
            ("urandom", { open("/dev/urandom", O_RDONLY) >= 0 }),
            (
                "pipe",
                {
                    var ends: [Int32] = [0, 0]; return pipe(&ends) == 0
                }
            ),
            ("pair", pairs),
            (
                "clock",
                {
                    var now = timespec(); return clock_gettime(CLOCK_REALTIME, &now) == 0
                }
            ),
            (
                "limits",
                {
                    var limit = rlimit(); return getrlimit(__rlimit_resource_t(7), &limit) == 0
                }
            ),
            ("self-signal", { kill(getpid(), 0) == 0 }),
            (
                "usage",
                {
                    var usage = rusage(); return getrusage(__rusage_who_t(0), &usage) == 0
                }
            ),
        ]
        if let path = orders.reload { steps.append(("reload", { open(path, O_RDONLY) >= 0 })) }
        if orders.room == .router || orders.room == .delivery {
            steps.append(("udp", { socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) >= 0 }))
            steps.append(("names", resolves))
        }
        return steps
    }

    private func pairs() -> Bool {
        var ends: [Int32] = [0, 0]
        return socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0
    }

    private func resolves() -> Bool {
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo("localhost", "25", nil, &list) == 0 else { return false }
        freeaddrinfo(list)
        return true
    }

    private func keep(in directory: String) -> [String] {
        let path = "\(directory)/file"
        var failures: [String] = []
        func check(_ name: String, _ success: Bool) { if !success { failures.append("\(name) \(errno)") } }
        check("mkdir", mkdir(directory, 0o700) == 0)
        let file = open(path, O_RDWR | O_CREAT, 0o600)
        check("open", file >= 0)
        check("pwrite", pwrite(file, "0123456789", 10, 0) == 10)
        check("fallocate", posix_fallocate(file, 0, 65536) == 0)
        check("fdatasync", fdatasync(file) == 0)
        check("fsync", fsync(file) == 0)
        check("flock", flock(file, LOCK_EX) == 0)
        var lock = Glibc.flock(l_type: Int16(F_WRLCK), l_whence: 0, l_start: 0, l_len: 1, l_pid: 0)
        check("fcntl", fcntl(file, F_SETLK, &lock) == 0)
        let shared = mmap(nil, 32768, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        check("mmap", shared != MAP_FAILED)
        check("ftruncate", ftruncate(file, 100) == 0)
        check("fchmod", fchmod(file, 0o640) == 0)
        check("link", link(path, "\(directory)/linked") == 0)
        check("rename", rename(path, "\(directory)/renamed") == 0)
        check("unlink", unlink("\(directory)/renamed") == 0 && unlink("\(directory)/linked") == 0)
        check("opendir", opendir(directory) != nil)
        check("rmdir", rmdir(directory) == 0)
        return failures
    }
}

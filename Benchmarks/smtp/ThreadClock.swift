// CPU time of this thread: what else the machine does is not counted.
import Glibc

enum ThreadClock {
    /// Nanoseconds.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}

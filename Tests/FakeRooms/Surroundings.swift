// What the tests of the rooms need of the machine.

import Glibc
import Synchronization

package func currentUser() -> UInt32 { getuid() }

/// A folder of the test's own, short enough for socket paths; removed by `remove`.
package struct TemporaryFolder: Sendable {
    package let path: String

    package init() {
        var template = Array("/tmp/postern-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template))
    }

    package func remove() {
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            unlink("\(path)/\(name)")
        }
        closedir(directory)
        rmdir(path)
    }
}

/// Things that were seen, in order, from any thread.
package final class Seen<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])

    package init() {}

    package func note(_ value: Value) { values.withLock { $0.append(value) } }

    package var all: [Value] { values.withLock { $0 } }
}

/// Waits for a state that comes by itself. False when it has not come in time.
package func comes(within seconds: Double = 10, _ condition: () -> Bool) -> Bool {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let end = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9 + seconds
    while !condition() {
        clock_gettime(CLOCK_MONOTONIC, &now)
        if Double(now.tv_sec) + Double(now.tv_nsec) / 1e9 > end { return false }
        usleep(2000)
    }
    return true
}

/// Resident memory of this process in KB.
package func residentMemory() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 128)
    guard fgets(&buffer, 128, file) != nil else { return 0 }
    let words = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
    return (Int(words[1]) ?? 0) * 4
}

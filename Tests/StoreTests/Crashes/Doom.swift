// How a process of the crash tests ends: by SIGKILL at a system call of the disk, in the middle of a write, or at any time.

import Glibc
import Synchronization
import Testing

@testable import store

final class Doom: Sendable {
    /// Where it happens.
    enum Point: CaseIterable {
        case anyTime
        case beforeWrite, halfWritten, afterWrite
        case beforeSync, afterSync
        case beforeRemove, afterRemove
    }

    private let point: Point
    /// Calls until then.
    private let left: Atomic<Int>
    private let isArmed = Atomic(false)
    private let microseconds: Int

    /// - Parameters:
    ///   - call: which call of that kind it is; 0 is the first after `arm`.
    ///   - microseconds: when it happens if not before.
    init(_ point: Point, call: Int, microseconds: Int) {
        self.point = point
        left = Atomic(call)
        self.microseconds = microseconds
    }

    /// From now on.
    func arm() {
        isArmed.store(true, ordering: .releasing)
        _ = RoomThread("doom") { [microseconds] in
            usleep(UInt32(microseconds))
            Self.end()
        }
    }

    private static func end() { kill(getpid(), SIGKILL) }

    private func strikes(_ point: Point) -> Bool {
        guard point == self.point, isArmed.load(ordering: .acquiring) else { return false }
        return left.subtract(1, ordering: .relaxed).oldValue == 0
    }

    var disk: DiskCalls {
        let system = DiskCalls.system
        return DiskCalls(
            write: { [self] file, pieces, offset in
                if strikes(.beforeWrite) { Self.end() }
                if strikes(.halfWritten) {
                    _ = system.write(file, Self.half(pieces), offset)
                    Self.end()
                }
                defer { if strikes(.afterWrite) { Self.end() } }
                return system.write(file, pieces, offset)
            },
            sync: { [self] file in
                if strikes(.beforeSync) { Self.end() }
                defer { if strikes(.afterSync) { Self.end() } }
                return system.sync(file)
            },
            remove: { [self] path in
                if strikes(.beforeRemove) { Self.end() }
                defer { if strikes(.afterRemove) { Self.end() } }
                return system.remove(path)
            }, free: system.free)
    }

    /// The first half of the pieces, the last of them cut.
    private static func half(_ pieces: [iovec]) -> [iovec] {
        var half = Array(pieces.prefix(pieces.count / 2 + 1))
        half[half.count - 1].iov_len /= 2
        return half
    }
}

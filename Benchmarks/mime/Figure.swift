// One message, measured: the best of five runs of a fifth of a second each.
import CAllocations
import Glibc
import MIME

struct Figure {
    private(set) var nanoseconds = Double.infinity
    let octets: Int
    let allocations: Double

    var gigabytes: Double { Double(octets) / nanoseconds }

    init(_ message: [UInt8], piece: Int, _ limits: InspectionLimits) {
        octets = message.count
        for _ in 0..<5 {
            var rounds = 0
            let start = Self.now()
            repeat {
                Self.inspect(message, piece, limits)
                rounds += 1
            } while rounds & 15 != 0 && octets < 1 << 20 || Self.now() - start < 2e8
            nanoseconds = min(nanoseconds, (Self.now() - start) / Double(rounds))
        }
        let before = allocations_count()
        for _ in 0..<10 { Self.inspect(message, piece, limits) }
        allocations = Double(allocations_count() - before) / 10
    }

    @inline(never)
    private static func inspect(_ message: [UInt8], _ piece: Int, _ limits: InspectionLimits) {
        var inspector = ContentInspector(limits: limits)
        message.withUnsafeBytes { octets in
            var start = 0
            while start < octets.count {
                let end = min(start + piece, octets.count)
                inspector.inspect(UnsafeRawBufferPointer(rebasing: octets[start..<end]))
                start = end
            }
        }
        guard inspector.finish() == nil, inspector.facts.headerHasEnded else { fatalError("the message has a fault") }
    }

    /// CPU time of this thread, in nanoseconds: what else the machine does is not counted.
    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    func report(_ name: String) {
        let time = nanoseconds < 1e6 ? "\(Int(nanoseconds)) ns" : "\(Int(nanoseconds / 1000)) us"
        print(pad(name, 42) + pad(time, 14) + pad("\(Double(Int(gigabytes * 100)) / 100)", 6), Int(allocations))
    }

    private func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
}

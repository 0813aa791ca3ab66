// Numbers that are given out once.

import Synchronization

final class NumberSeries: Sendable {
    private let following: Atomic<UInt64>

    init(_ first: UInt64) { following = Atomic(first) }

    func next() -> UInt64 { following.add(1, ordering: .relaxed).oldValue }
}

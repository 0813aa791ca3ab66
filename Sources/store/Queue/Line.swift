// Two small orders for the schedule: a line in which one stands, and a heap by time. No clock.

import NIOCore

/// First come, first served.
struct Line: Sendable {
    private var numbers = CircularBuffer<UInt64>()

    var isEmpty: Bool { numbers.isEmpty }
    var first: UInt64? { numbers.first }

    mutating func append(_ number: UInt64) { numbers.append(number) }

    mutating func popFirst() -> UInt64? { numbers.popFirst() }

    /// In front, in this order.
    mutating func prepend(_ others: [UInt64]) { for number in others.reversed() { numbers.prepend(number) } }
}

/// The earliest first; at the same time in the order of the elements.
struct TimeHeap<Element: Comparable & Sendable>: Sendable {
    private var nodes: [(time: Int64, element: Element)] = []

    /// The earliest time.
    var first: Int64? { nodes.first?.time }

    mutating func push(_ element: Element, at time: Int64) {
        nodes.append((time, element))
        var child = nodes.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard nodes[child] < nodes[parent] else { return }
            nodes.swapAt(child, parent)
            child = parent
        }
    }

    /// The earliest, if its time is not after this one.
    mutating func pop(until time: Int64) -> (element: Element, time: Int64)? {
        guard let first = nodes.first, first.time <= time else { return nil }
        let last = nodes.removeLast()
        if !nodes.isEmpty {
            nodes[0] = last
            sink()
        }
        return (first.element, first.time)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < nodes.count && nodes[child] < nodes[least] {
                least = child
            }
            guard least != parent else { return }
            nodes.swapAt(parent, least)
            parent = least
        }
    }
}

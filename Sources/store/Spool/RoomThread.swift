// Threads of the room that wait for the disk, so that no event loop has to.

import CDisk
import Dispatch
import Glibc
import Synchronization

/// A thread of its own that runs one function to its end.
package final class RoomThread: Sendable {
    private let done = DispatchSemaphore(value: 0)

    /// - Parameter name: at most 15 octets, for tools that list threads.
    package init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let work = Work(name: name, body: body, done: done)
        var thread = pthread_t()
        let error = pthread_create(&thread, nil, { RoomThread.run($0) }, Unmanaged.passRetained(work).toOpaque())
        precondition(error == 0, "no thread can be made: errno \(error)")
        pthread_detach(thread)
    }

    /// Waits until the function has returned; to be called once.
    package func join() { done.wait() }

    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void
        let done: DispatchSemaphore

        init(name: String, body: @escaping @Sendable () -> Void, done: DispatchSemaphore) {
            self.name = name
            self.body = body
            self.done = done
        }
    }

    private static func run(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let pointer else { return nil }
        let work = Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue()
        disk_name_thread(work.name)
        work.body()
        work.done.signal()
        return nil
    }
}

/// Waits for a function to call back, once, on another thread. For the start, a reload and the end, where there is nothing
/// else to do.
func blocking<Value: Sendable>(_ body: (@escaping @Sendable (Value) -> Void) -> Void) -> Value {
    let answer = Answer<Value>()
    body { answer.give($0) }
    return answer.take()
}

private final class Answer<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    func give(_ value: Value) {
        self.value.withLock { $0 = value }
        isThere.signal()
    }

    func take() -> Value {
        isThere.wait()
        guard let value = value.withLock({ $0 }) else { preconditionFailure("the signal comes behind the value") }
        return value
    }
}

/// Work on its way to one thread. Anybody puts, one thread takes everything that waits.
package final class WorkQueue<Element: Sendable>: Sendable {
    private struct State {
        var waiting: [Element] = []
        var isSleeping = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    package init() {}

    /// False: the queue is closed, nobody will take it.
    package func put(_ element: Element) -> Bool {
        let (taken, sleeping) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.waiting.append(element)
            defer { state.isSleeping = false }
            return (true, state.isSleeping)
        }
        if sleeping { wake.signal() }
        return taken
    }

    /// Everything that waits, in order, at most `count` elements of together at most `weight` (but at least one).
    /// Waits for the first. Empty: the queue is closed and nothing is left.
    package func take(upTo count: Int, weight: Int = .max, of weigh: (Element) -> Int = { _ in 0 }) -> [Element] {
        while true {
            let (elements, closed) = state.withLock { state -> ([Element], Bool) in
                guard !state.waiting.isEmpty else {
                    state.isSleeping = !state.isClosed
                    return ([], state.isClosed)
                }
                return (Self.split(&state.waiting, count, weight, weigh), false)
            }
            if !elements.isEmpty || closed { return elements }
            wake.wait()
        }
    }

    package var isEmpty: Bool { state.withLock { $0.waiting.isEmpty } }

    /// What waits is still taken; nothing new comes in.
    package func close() {
        let sleeping = state.withLock { state in
            state.isClosed = true
            defer { state.isSleeping = false }
            return state.isSleeping
        }
        if sleeping { wake.signal() }
    }

    private static func split(
        _ waiting: inout [Element], _ count: Int, _ weight: Int, _ weigh: (Element) -> Int
    ) -> [Element] {
        var total = 0
        var taken = 0
        while taken < min(count, waiting.count) {
            total += weigh(waiting[taken])
            if taken > 0, total > weight { break }
            taken += 1
        }
        if taken == waiting.count {
            var all: [Element] = []
            swap(&all, &waiting)
            return all
        }
        let first = Array(waiting[..<taken])
        waiting.removeFirst(taken)
        return first
    }
}

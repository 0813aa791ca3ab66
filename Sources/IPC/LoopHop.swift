// Answers that come from another thread go back to the conversation's event loop.

import NIOCore

extension Exchange {
    /// A function that may be called on any thread and runs `body` on the conversation's loop.
    package func hop<Value: Sendable>(_ body: @escaping (Value) -> Void) -> @Sendable (Value) -> Void {
        let bound = NIOLoopBound(body, eventLoop: eventLoop)
        let eventLoop = eventLoop
        return { value in
            if eventLoop.inEventLoop { bound.value(value) } else { eventLoop.execute { bound.value(value) } }
        }
    }
}

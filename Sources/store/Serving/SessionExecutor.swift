// Keeps the tasks of sessions on their connection's event loop: one thread from the socket to the reply.

import NIOCore

final class SessionExecutor: TaskExecutor {
    let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        eventLoop.execute { unowned.runSynchronously(on: executor) }
    }
}

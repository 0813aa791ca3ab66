// Plain threads: the probe must have exactly those that it starts.

import Glibc

private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
}

/// Starts a thread and leaves it to itself.
@discardableResult
func onAnotherThread(_ run: @escaping () -> Void) -> pthread_t {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Body(run)).toOpaque()
    let error = pthread_create(
        &thread, nil,
        { raw in
            guard let raw else { return nil }
            Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run()
            return nil
        }, argument)
    if error != 0 { exit(2) }
    return thread
}

/// Runs the body here and then on a thread that was started behind the walls.
func onBothThreads(_ run: @escaping (String) -> Void) {
    run("main")
    pthread_join(onAnotherThread { run("other") }, nil)
}

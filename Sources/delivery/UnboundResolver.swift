// The DNS by libunbound. It resolves in a thread of its own, which begins with the first question and therefore behind
// the walls; a second small thread waits on its descriptor and hands the answers over.
// Promises: every question is answered once, within its time; never more questions are open than allowed.

import CUnbound
import DNS
import Mail
import NIOCore
import NIOPosix
import Synchronization

final class UnboundResolver: DNS.Resolver {
    struct Limits: Sendable {
        /// Open questions; one more is answered with a temporary failure.
        var questions = 1000
        /// One question, all of libunbound's own repetitions included.
        var deadline = TimeAmount.seconds(30)
        /// How often the system's list of servers is looked at for a change.
        var systemServersAge = TimeAmount.seconds(5)

        init() {}
    }

    /// The system's list of servers (T-22).
    static let systemServers = "/etc/resolv.conf"

    private let servers: [String]
    private let systemServers: String
    private let limits: Limits
    private let eventLoop: any EventLoop
    private let state = Mutex(State())

    private struct State {
        var context: UnboundContext?
        /// Of the system's list, as it was read.
        var stamp: UInt64 = 0
        var lookAgain = NIODeadline.uptimeNanoseconds(0)
        var open = 0
        var isStopped = false
    }

    /// - Parameters:
    ///   - servers: `address`, `address:port` or `[v6 address]:port`; none: the system's.
    ///   - eventLoop: keeps the deadlines.
    init(
        servers: [String], systemServers: String = UnboundResolver.systemServers, limits: Limits = Limits(),
        on eventLoop: any EventLoop
    ) {
        self.servers = servers
        self.systemServers = systemServers
        self.limits = limits
        self.eventLoop = eventLoop
    }

    func mx(_ domain: String) async -> Answer<MailExchange> {
        await ask(domain, .mx) { MailExchange(data: $0) }
    }

    func addresses(_ host: String) async -> Answer<InternetAddress> {
        async let six = ask(host, .aaaa) { InternetAddress(data: $0) }
        async let four = ask(host, .a) { InternetAddress(data: $0) }
        return await Answer.merging(six, four)
    }

    /// Open questions are answered with a temporary failure; later ones too.
    func stop() {
        let context = state.withLock { state in
            state.isStopped = true
            defer { state.context = nil }
            return state.context
        }
        context?.retire()
    }

    private func ask<Record: Hashable & Sendable>(
        _ name: String, _ type: RecordType, _ read: @escaping @Sendable (UnsafeBufferPointer<UInt8>) -> Record?
    ) async -> Answer<Record> {
        let context: UnboundContext
        switch admit() {
        case .success(let admitted): context = admitted
        case .failure(let refusal): return .temporaryFailure(because: refusal.because)
        }
        defer { state.withLock { $0.open -= 1 } }
        return await context.ask(name, type, deadline: limits.deadline, on: eventLoop, read)
    }

    private struct Refusal: Error { let because: String }

    private func admit() -> Result<UnboundContext, Refusal> {
        state.withLock { state in
            guard !state.isStopped else { return .failure(Refusal(because: "the resolver is stopping")) }
            guard state.open < limits.questions else {
                return .failure(Refusal(because: "more than \(limits.questions) DNS questions are open"))
            }
            renew(&state)
            guard let context = state.context else {
                return .failure(Refusal(because: "the DNS resolver could not be set up"))
            }
            state.open += 1
            return .success(context)
        }
    }

    /// The first context, and a fresh one when the system's list of servers has changed (T-22).
    private func renew(_ state: inout State) {
        if servers.isEmpty, NIODeadline.now() >= state.lookAgain {
            state.lookAgain = .now() + limits.systemServersAge
            let stamp = cunbound_stamp(systemServers)
            if stamp != state.stamp {
                state.context?.retire()
                state.context = nil
                state.stamp = stamp
            }
        }
        if state.context == nil { state.context = UnboundContext(servers: servers, systemServers: systemServers) }
    }
}

/// One libunbound context with the thread that waits for its answers.
final class UnboundContext: Sendable {
    // Unchecked: libunbound locks its contexts; the pointer is valid until the waiting thread has ended.
    private struct Handle: @unchecked Sendable { let pointer: OpaquePointer }

    private let handle: Handle
    private let bell: Int32
    private let waiter = NIOThreadPool(numberOfThreads: 1)
    private let open = Mutex(Open())

    private struct Open {
        var questions: [UInt64: Question] = [:]
        /// What libunbound holds a pointer to.
        var errands: [UInt64: Errand] = [:]
        var next: UInt64 = 0
        /// From here on libunbound must not be called any more, except by the waiting thread.
        var isRetired = false
    }

    /// What is to be done with an answer. Called once, by whoever takes it out of `open`.
    private struct Question {
        let finish: @Sendable (Reply) -> Void
        let deadline: Scheduled<Void>
    }

    /// Valid only during the call that it is passed to.
    enum Reply {
        case result(UnsafePointer<ub_result>)
        case trouble(String)
    }

    /// What libunbound's callback is given.
    private final class Errand: @unchecked Sendable {
        // Unchecked: `query` changes only under the lock of `open`.
        let context: UnboundContext
        let number: UInt64
        /// libunbound's number.
        var query: Int32 = 0
        init(_ context: UnboundContext, _ number: UInt64) { (self.context, self.number) = (context, number) }
    }

    init?(servers: [String], systemServers: String) {
        guard let pointer = ub_ctx_create() else { return nil }
        let bell = cunbound_bell()
        guard bell >= 0, UnboundContext.configure(pointer, servers, systemServers) else {
            ub_ctx_delete(pointer)
            if bell >= 0 { cunbound_close(bell) }
            return nil
        }
        handle = Handle(pointer: pointer)
        self.bell = bell
        waiter.start()
        // The closure keeps the context alive until `retire` has ended the thread's work.
        waiter.submit { _ in self.wait() }
    }

    /// Options count only before the first question, and `ub_ctx_zone_remove` is already like a question: it comes last.
    private static func configure(_ context: OpaquePointer, _ servers: [String], _ systemServers: String) -> Bool {
        // A thread: to make processes is forbidden behind the walls.
        guard ub_ctx_async(context, 1) == 0 else { return false }
        for (option, value) in [
            // A resolver on this very machine is the usual case.
            ("do-not-query-localhost:", "no"),
            // Private reverse zones are answered by the configured servers, not made up.
            ("unblock-lan-zones:", "yes"),
            ("use-syslog:", "no"), ("logfile:", ""), ("verbosity:", "0"),
        ] {
            guard ub_ctx_set_option(context, option, value) == 0 else { return false }
        }
        for server in servers {
            guard let target = target(server), ub_ctx_set_fwd(context, target) == 0 else { return false }
        }
        // Without servers, and without a list of the system's, libunbound asks the root servers itself.
        if servers.isEmpty { _ = ub_ctx_resolvconf(context, systemServers) }
        // RFC 6761 lets a resolver answer for .test by itself; whoever uses it has a server that knows it.
        return ub_ctx_zone_remove(context, "test.") == 0
    }

    /// libunbound's way of writing address and port.
    static func target(_ server: String) -> String? {
        if InternetAddress(server) != nil { return server }
        guard let colon = server.lastIndex(of: ":"), let port = UInt16(server[server.index(after: colon)...]), port > 0
        else { return nil }
        var host = server[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard let address = InternetAddress(host) else { return nil }
        return "\(address)@\(port)"
    }

    func ask<Record: Hashable & Sendable>(
        _ name: String, _ type: RecordType, deadline: TimeAmount, on eventLoop: any EventLoop,
        _ read: @escaping @Sendable (UnsafeBufferPointer<UInt8>) -> Record?
    ) async -> Answer<Record> {
        let number = open.withLock { open in
            open.next += 1
            return open.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                begin(number, deadline: deadline, on: eventLoop) { reply in
                    switch reply {
                    case .trouble(let because): continuation.resume(returning: .temporaryFailure(because: because))
                    case .result(let result): continuation.resume(returning: Self.answer(result, name, read))
                    }
                }
                send(name, type, number)
            }
        } onCancel: {
            finish(number, .trouble("the question was cancelled"))
        }
    }

    private func begin(
        _ number: UInt64, deadline: TimeAmount, on eventLoop: any EventLoop,
        _ finish: @escaping @Sendable (Reply) -> Void
    ) {
        let scheduled = eventLoop.scheduleTask(in: deadline) { [weak self] in
            guard let self else { return }
            self.finish(number, .trouble("the DNS gave no answer in time"))
        }
        open.withLock { $0.questions[number] = Question(finish: finish, deadline: scheduled) }
    }

    /// libunbound never calls back from within a question, so that the lock can be held meanwhile.
    private func send(_ name: String, _ type: RecordType, _ number: UInt64) {
        let failure: String? = open.withLock { open in
            guard !open.isRetired else { return "the resolver is being replaced" }
            let errand = Errand(self, number)
            let pointer = Unmanaged.passUnretained(errand).toOpaque()
            let error = ub_resolve_async(
                handle.pointer, name, Int32(type.rawValue), 1, pointer,
                { pointer, error, result in
                    let errand = Unmanaged<Errand>.fromOpaque(pointer!).takeUnretainedValue()
                    errand.context.answered(errand.number, error, result)
                }, &errand.query)
            guard error == 0 else { return String(cString: ub_strerror(error)) }
            open.errands[number] = errand
            return nil
        }
        if let failure { finish(number, .trouble(failure)) }
    }

    private func answered(_ number: UInt64, _ error: Int32, _ result: UnsafeMutablePointer<ub_result>?) {
        defer { ub_resolve_free(result) }
        let question = open.withLock { open in
            open.errands[number] = nil
            return open.questions.removeValue(forKey: number)
        }
        question?.deadline.cancel()
        if error == 0, let result {
            question?.finish(.result(UnsafePointer(result)))
        } else {
            question?.finish(.trouble(String(cString: ub_strerror(error))))
        }
    }

    /// Nobody waits for the answer any more.
    private func finish(_ number: UInt64, _ trouble: Reply) {
        let question = open.withLock { open in
            if let errand = open.errands[number], !open.isRetired, ub_cancel(handle.pointer, errand.query) == 0 {
                open.errands[number] = nil
            }
            return open.questions.removeValue(forKey: number)
        }
        question?.deadline.cancel()
        question?.finish(trouble)
    }

    /// Answers everybody, then lets the thread end and frees libunbound's memory.
    func retire() {
        let left = open.withLock { open in
            open.isRetired = true
            defer { open.questions = [:] }
            return open.questions.values.map { $0 }
        }
        for question in left {
            question.deadline.cancel()
            question.finish(.trouble("the resolver is being replaced"))
        }
        cunbound_ring(bell)
    }

    private func wait() {
        let answers = ub_fd(handle.pointer)
        while cunbound_wait(answers, bell) == 0 { ub_process(handle.pointer) }
        // libunbound forgets what is open without calling back.
        ub_ctx_delete(handle.pointer)
        open.withLock { $0.errands = [:] }
        cunbound_close(bell)
        waiter.shutdownGracefully { _ in }
    }

    private static func answer<Record>(
        _ result: UnsafePointer<ub_result>, _ name: String, _ read: (UnsafeBufferPointer<UInt8>) -> Record?
    ) -> Answer<Record> {
        let result = result.pointee
        // Bogus first: libunbound may show data beside it.
        if result.bogus != 0 {
            let reason = result.why_bogus.map { String(cString: $0) } ?? "no reason given"
            return .temporaryFailure(because: "the DNS answer for \(name) is not to be trusted: \(reason)")
        }
        if result.nxdomain != 0 { return .noSuchDomain }
        guard result.rcode == 0 else {
            return .temporaryFailure(because: "the DNS answered \(ResponseCode.name(result.rcode)) for \(name)")
        }
        guard result.havedata != 0, let data = result.data, let lengths = result.len else { return .noData }
        var records: [Record] = []
        var index = 0
        while let item = data[index] {
            let octets = UnsafeRawPointer(item).assumingMemoryBound(to: UInt8.self)
            if let record = read(UnsafeBufferPointer(start: octets, count: Int(lengths[index]))) {
                records.append(record)
            }
            index += 1
        }
        // Records that cannot be read are the domain's mistake; it may mend it.
        if records.isEmpty {
            return .temporaryFailure(because: "the DNS records of \(name) cannot be understood")
        }
        return .records(records)
    }
}

/// RFC 1035 §4.1.1.
private enum ResponseCode {
    static func name(_ code: Int32) -> String {
        switch code {
        case 1: "FORMERR"
        case 2: "SERVFAIL"
        case 4: "NOTIMP"
        case 5: "REFUSED"
        default: "response code \(code)"
        }
    }
}

// One connection to the store that is kept: for commands that ask much, with several questions under way at a time and
// content in both directions. Nothing is asked again by itself: a store that goes away ends the command, with what to do.

import IPC
import Mail
import NIOCore

/// May be used from any task.
final class StoreConversation: Sendable {
    typealias Answer = CommandToStore.Answer

    private let asker: Asker<CommandToStore>
    private var eventLoop: any EventLoop { asker.eventLoop }
    /// Seconds that content may stand still, and that the answer to a question with content may take.
    static let patience: Int64 = 600

    /// Connects. - Throws: `Failure` when nobody answers, or we are not let in.
    static func open(_ option: SettingsOption) async throws -> StoreConversation {
        StoreConversation(try await RoomCalls(option).connect(CommandToStore.self))
    }

    /// Connects for as long as the body runs.
    static func with<Result>(_ option: SettingsOption, _ body: (StoreConversation) async throws -> Result) async throws -> Result
    {
        let store = try await open(option)
        do {
            let result = try await body(store)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }

    private init(_ asker: Asker<CommandToStore>) { self.asker = asker }

    /// What is under way fails.
    func close() async { try? await asker.close().get() }

    /// One question. - Throws: `Failure` with the store's sentence when it refuses.
    func ask(_ question: CommandToStore.Question, seconds: Int64 = 30) async throws -> Answer {
        do { return try Self.taken(try await asker.ask(question, deadline: .seconds(seconds)).get()) } catch {
            throw Self.failure(error)
        }
    }

    func ask(_ question: MailboxQuestion, seconds: Int64 = 30) async throws -> MailboxAnswer {
        guard case .mailbox(let answer) = try await ask(.mailbox(question), seconds: seconds) else {
            throw Failure.misfit("store")
        }
        return answer
    }

    /// A change that is answered by `done`.
    func change(_ question: MailboxQuestion) async throws {
        if let refusal = try await refusal(of: question) { throw Failure(refusal) }
    }

    /// A change that may be refused: the store's sentence then, and nil when it is done.
    func refusal(of question: MailboxQuestion) async throws -> String? {
        let answer: Answer
        do { answer = try await asker.ask(.mailbox(question), deadline: .seconds(30)).get() } catch {
            throw Self.failure(error)
        }
        switch answer {
        case .done: return nil
        case .refused(let because): return because
        default: throw Failure.misfit("store")
        }
    }

    func upload() -> StoreUpload { StoreUpload(asker) }

    /// Begins at once. What the store sends waits here, up to a window's octets, until it is taken.
    func download(_ question: CommandToStore.Question) -> StoreDownload { StoreDownload(asker, question) }

    fileprivate static func taken(_ answer: Answer) throws -> Answer {
        if case .refused(let reason) = answer { throw StoreRefusal(description: reason) }
        return answer
    }

    fileprivate static func failure(_ error: any Error) -> Failure {
        switch error {
        case let refusal as StoreRefusal: Failure(refusal.description)
        case IPCError.deadline: Failure("the store did not answer in time")
        case IPCError.unreachable, IPCError.disconnected: Failure("the store went away")
        default: Failure("the store did not answer: \(error)")
        }
    }
}

/// The store understood and does not do it: its sentence.
struct StoreRefusal: Error, CustomStringConvertible {
    let description: String
}

/// Content on its way to the store, and the question that it belongs to. Used by one task.
final class StoreUpload: @unchecked Sendable {
    // Unchecked: what changes is only touched on the event loop.
    private let asker: Asker<CommandToStore>
    private var conversation: Conversation<CommandToStore>?
    private var trouble: IPCError?
    private var writable: EventLoopPromise<Void>?

    fileprivate init(_ asker: Asker<CommandToStore>) { self.asker = asker }

    /// Returns when more can go.
    func send(_ content: ByteBuffer) async throws {
        let sent = asker.eventLoop.flatSubmit { [self] () -> EventLoopFuture<Void> in
            let loop = asker.eventLoop
            do {
                let conversation = try opened()
                conversation.send(content)
                if conversation.isWritable { return loop.makeSucceededVoidFuture() }
                let promise = loop.makePromise(of: Void.self)
                writable = promise
                let late = loop.scheduleTask(in: .seconds(StoreConversation.patience)) { promise.fail(IPCError.deadline) }
                promise.futureResult.whenComplete { _ in late.cancel() }
                return promise.futureResult
            } catch { return loop.makeFailedFuture(error) }
        }
        do { try await sent.get() } catch { throw StoreConversation.failure(error) }
    }

    /// The last octets and the question. The answer is not waited for here.
    func finish(_ content: ByteBuffer, _ question: CommandToStore.Question) -> PendingAnswer {
        let answer = asker.eventLoop.makePromise(of: CommandToStore.Answer.self)
        asker.eventLoop.execute { [self] in
            do {
                let conversation = try opened()
                if content.readableBytes > 0 { conversation.send(content) }
                conversation.ask(question, last: true, deadline: .seconds(StoreConversation.patience)) { result in
                    answer.completeWith(result.mapError { $0 })
                }
            } catch { answer.fail(error) }
        }
        return PendingAnswer(future: answer.futureResult)
    }

    /// The store forgets what has come.
    func abandon() {
        asker.eventLoop.execute { [self] in
            conversation?.cancel()
            conversation = nil
        }
    }

    private func opened() throws -> Conversation<CommandToStore> {
        if let trouble { throw trouble }
        if let conversation { return conversation }
        let new = try asker.open()
        new.onFailure = { [weak self] error in
            self?.trouble = error
            self?.release(.failure(error))
        }
        new.onWritable = { [weak self] in self?.release(.success(())) }
        conversation = new
        return new
    }

    private func release(_ result: Result<Void, IPCError>) {
        writable?.completeWith(result.mapError { $0 })
        writable = nil
    }
}

/// An answer that will come.
struct PendingAnswer: Sendable {
    fileprivate let future: EventLoopFuture<CommandToStore.Answer>

    /// nil: the store's refusal is the answer's.
    func get() async throws -> CommandToStore.Answer {
        do { return try StoreConversation.taken(try await future.get()) } catch { throw StoreConversation.failure(error) }
    }
}

/// Content on its way from the store. Used by one task.
final class StoreDownload: @unchecked Sendable {
    // Unchecked: what changes is only touched on the event loop.
    private let asker: Asker<CommandToStore>
    private var conversation: Conversation<CommandToStore>?
    private var pieces: CircularBuffer<ByteBuffer> = []
    private var result: Result<CommandToStore.Answer, any Error>?
    private var waiting: EventLoopPromise<Piece>?

    fileprivate init(_ asker: Asker<CommandToStore>, _ question: CommandToStore.Question) {
        self.asker = asker
        asker.eventLoop.execute { [self] in
            do {
                let conversation = try asker.open()
                self.conversation = conversation
                conversation.onContent = { [weak self] in self?.heard($0) }
                conversation.ask(question, last: true, deadline: .seconds(StoreConversation.patience)) { [weak self] in
                    self?.ended($0.mapError { $0 })
                }
            } catch { ended(.failure(error)) }
        }
    }

    enum Piece: Sendable {
        case content(ByteBuffer)
        /// All has come before.
        case answer(CommandToStore.Answer)
    }

    /// What comes next. The store sends more as content is taken.
    /// - Throws: `StoreRefusal`, also in the middle; `Failure` when nothing more comes.
    func next() async throws -> Piece {
        let piece = asker.eventLoop.flatSubmit { [self] () -> EventLoopFuture<Piece> in
            let promise = asker.eventLoop.makePromise(of: Piece.self)
            waiting = promise
            give()
            return promise.futureResult
        }
        do { return try await piece.get() } catch let refusal as StoreRefusal { throw refusal } catch {
            throw StoreConversation.failure(error)
        }
    }

    /// The rest is not wanted.
    func cancel() {
        asker.eventLoop.execute { [self] in
            conversation?.cancel()
            conversation = nil
        }
    }

    private func heard(_ content: ByteBuffer) {
        pieces.append(content)
        give()
    }

    private func ended(_ result: Result<CommandToStore.Answer, any Error>) {
        self.result = result
        give()
    }

    private func give() {
        guard let promise = waiting else { return }
        if let piece = pieces.popFirst() {
            waiting = nil
            conversation?.consumed(piece.readableBytes)
            promise.succeed(.content(piece))
        } else if let result {
            waiting = nil
            promise.completeWith(result.flatMap { answer in Result { .answer(try StoreConversation.taken(answer)) } })
        }
    }
}

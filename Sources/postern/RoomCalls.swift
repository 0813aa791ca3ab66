// Questions of the command to the rooms' control sockets.

import Door
import IPC
import Mail
import NIOCore
import NIOPosix
import Settings

/// One connection a question: the command lives for moments.
struct RoomCalls {
    private let option: SettingsOption
    /// The delivery agent that is always there.
    static let firstAgent = "1"

    init(_ option: SettingsOption) { self.option = option }

    /// A question that every room knows.
    func ask(_ room: RoomName, _ question: CommandToRoom, seconds: Int64 = 30) async throws -> RoomAnswer {
        switch room {
        case .listener: return try await call(CommandToListener.self, question, seconds)
        case .router:
            guard case .room(let answer) = try await call(CommandToRouter.self, .room(question), seconds) else {
                throw Failure.misfit("router")
            }
            return answer
        case .delivery: return try await call(CommandToDelivery.self, question, seconds)
        default:
            guard case .room(let answer) = try await call(CommandToStore.self, .room(question), seconds) else {
                throw Failure.misfit("store")
            }
            return answer
        }
    }

    func call<E: Edge>(_ edge: E.Type, _ question: E.Question, _ seconds: Int64) async throws -> E.Answer {
        let (path, identity) = try way(to: E.server)
        do {
            return try await OneQuestion.ask(
                E.self, question, at: path, as: identity, deadline: .seconds(seconds),
                on: MultiThreadedEventLoopGroup.singleton.next()
            ).get()
        } catch let error as OneQuestion.NoAnswer {
            throw Failure(RoomCalls.explain(error, E.server, path))
        }
    }

    /// A connection to a room that stays, until it is closed.
    func connect<E: Edge>(_ edge: E.Type) async throws -> Asker<E> {
        let (path, identity) = try way(to: E.server)
        do {
            return try await OneQuestion.connect(
                E.self, at: path, as: identity, on: MultiThreadedEventLoopGroup.singleton.next()
            ).get()
        } catch let error as OneQuestion.NoAnswer {
            throw Failure(RoomCalls.explain(error, E.server, path))
        }
    }

    /// The room's control socket, and who we say there that we are.
    private func way(to room: RoomName) throws -> (path: String, identity: Identity) {
        let roads = try Roads(runtime: read(option).server.runtime)
        let path = roads.control(room, instance: room == .delivery ? RoomCalls.firstAgent : "")
        return (path, Identity(room: .command, release: release, key: ControlKeys.read(roads)))
    }

    static func explain(_ error: OneQuestion.NoAnswer, _ room: RoomName, _ path: String) -> String {
        switch error.kind {
        case .unreachable:
            "the \(room.rawValue) does not answer on \(path) (\(error)): is the house running? "
                + "Start it with postern run, or systemctl start postern.target"
        case .refused:
            "the \(room.rawValue) refuses this command: \(error). Commands are for root and for members of the "
                + "group that admin.group names"
        case .failed: "the \(room.rawValue) did not answer: \(error)"
        }
    }
}

/// Questions to the router.
struct RouterCall {
    private let calls: RoomCalls

    init(_ option: SettingsOption) { calls = RoomCalls(option) }

    func ask(_ question: CommandToRouter.Question) async throws -> CommandToRouter.Answer {
        let answer = try await calls.call(CommandToRouter.self, question, 30)
        if case .refused(let reason) = answer { throw Failure(reason) }
        return answer
    }
}

/// Questions to the store.
struct StoreCall {
    private let calls: RoomCalls

    init(_ option: SettingsOption) { calls = RoomCalls(option) }

    func ask(_ question: CommandToStore.Question, seconds: Int64 = 30) async throws -> CommandToStore.Answer {
        let answer = try await calls.call(CommandToStore.self, question, seconds)
        if case .refused(let reason) = answer { throw Failure(reason) }
        return answer
    }

    /// A change that is answered by `done`.
    func change(_ question: CommandToStore.Question) async throws {
        guard case .done = try await ask(question) else { throw Failure.misfit("store") }
    }

    /// Asks for page after page until one is empty.
    func pages<Entry>(_ page: (Entry?) async throws -> [Entry]) async throws -> [Entry] {
        var all: [Entry] = []
        while case let next = try await page(all.last), !next.isEmpty { all += next }
        return all
    }
}

// Serves the administrator's command: how the room is, who is shut out, and what would become of a message.

import Door
import IPC
import Mail
import NIOCore

/// Confined to its event loop.
final class CommandConversation: Conversing {
    private let room: RouterRoom
    private let facts: RoomFacts

    init(_ room: RouterRoom, _ facts: RoomFacts) {
        self.room = room
        self.facts = facts
    }

    func question(_ question: CommandToRouter.Question, in exchange: Exchange<CommandToRouter>) {
        if case .room(let question) = question {
            facts.answer(question, on: exchange.eventLoop).assumeIsolated().whenSuccess { exchange.answer(.room($0)) }
        } else {
            room.serve(question, exchange.hop { exchange.answer($0) })
        }
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<CommandToRouter>) { exchange.cancel() }

    func ended(in exchange: Exchange<CommandToRouter>) {}

    func cancelled() {}
}

// The door of the store: the five steps that every room takes. Some words lead elsewhere: the index made anew, a backup
// brought back or read again.

import Door
import IPC
import Mail
import NIOPosix
import Sandbox
import Settings
import Synchronization

@main
struct StoreMain {
    static func main() {
        let words = CommandLine.arguments.dropFirst()
        if words.first == RebuildMain.word { RebuildMain.run(Array(words.dropFirst())) }
        if words.first == RestoreMain.word { RestoreMain.run(Array(words.dropFirst())) }
        if words.first == BackupReadMain.word { BackupReadMain.run(Array(words.dropFirst())) }
        if words.first == BackupCheckMain.word { BackupCheckMain.run(Array(words.dropFirst())) }
        let door = Door(.store)
        let settings = door.settings { try StoreSettings($0) }  // 1
        door.own("\(settings.state)/store")  // 2
        let sockets = StoreSockets(
            router: ServedEdge(descriptor: door.listen(RouterToStore.self), rule: door.rule(RouterToStore.self)),
            delivery: ServedEdge(descriptor: door.listen(DeliveryToStore.self), rule: door.rule(DeliveryToStore.self)),
            command: ServedEdge(descriptor: door.listen(CommandToStore.self), rule: door.rule(CommandToStore.self)),
            sessions: ServedEdge(
                descriptor: door.listen(door.roads.sessions, named: "sessions"), rule: door.sessionRule))
        door.close(Place(state: "\(settings.state)/store", reloads: door.settingsFiles(and: settings.secretFiles)))  // 3
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let running = RunningStore()
        let facts = door.facts { running.figures() }
        let room = door.attempt {  // 4
            try StoreRoom(
                settings, sockets: sockets, identity: door.identity, on: group, road: door.journal.road(),
                log: door.journal.store(), session: door.journal.sessions()
            ) { question, eventLoop in facts.answer(question, on: eventLoop) }
        }
        running.room.withLock { $0 = room }
        door.start {  // 5
            try room.start().wait()
            return []
        }
        door.work(reload: { try room.reload(try StoreSettings($0)) }, stop: { door.wait { await room.stop() } })
    }
}

/// The figures of a room that does not exist yet when its control socket is described.
private final class RunningStore: Sendable {
    let room = Mutex<StoreRoom?>(nil)

    func figures() -> [Figure] { room.withLock { $0 }?.figures() ?? [] }
}

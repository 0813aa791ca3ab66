// The door of the listener: the five steps that every room takes.

import Door
import IPC
import NIOCore
import NIOPosix
import Sandbox
import Settings

@main
struct ListenerMain {
    static func main() {
        let door = Door(.listener)
        let settings = door.settings { try ListenerSettings($0) }  // 1
        let roads = door.roads
        let passed = door.passedSockets.map { Ports.Passed(name: $0.name, descriptor: $0.descriptor) }
        let policy = ListenerPolicy(settings)
        let ports = Ports.bind(policy.ports, passed: passed.filter { ServiceName(rawValue: $0.name) != nil })  // 2
        let control = door.listen(CommandToListener.self)
        door.close(Place(reloads: door.settingsFiles, latePorts: ports.failures.map(\.plan.port)))  // 3
        let group = MultiThreadedEventLoopGroup(numberOfThreads: ListenerPolicy.loops(settings))
        let entrance = POP3Entrance(settings, sessions: roads.sessions, log: door.journal.logins())  // 4
        let room = ListenerRoom(
            policy, ports: ports, router: roads.path(ListenerToRouter.self), identity: door.identity, on: group,
            makers: [.pop3: entrance.make], road: door.journal.road(), log: door.journal.listener())
        let facts = door.facts { room.figures() }
        door.start {  // 5
            try room.start().wait()
            return [try door.serveControl(CommandToListener.self, on: control, facts, group: group)]
        }
        door.work(
            reload: {
                let settings = try ListenerSettings($0, keeping: settings)
                entrance.reload(settings)
                room.reload(ListenerPolicy(settings))
            }, stop: { try? room.stop().wait() })
    }
}

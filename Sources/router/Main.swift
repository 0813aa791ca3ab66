// The door of the router: the five steps that every room takes.

import Door
import IPC
import NIOCore
import NIOPosix
import Sandbox
import Settings

@main
struct RouterMain {
    static func main() {
        let door = Door(.router)
        let settings = door.settings { RouterSettings($0) }  // 1
        let roads = door.roads
        let listener = ServedEdge(
            descriptor: door.listen(ListenerToRouter.self), rule: door.rule(ListenerToRouter.self))
        let delivery = ServedEdge(
            descriptor: door.listen(DeliveryToRouter.self), rule: door.rule(DeliveryToRouter.self))
        let control = door.listen(CommandToRouter.self)  // 2
        let addresses = door.attempt { try MachineAddresses.follow() }
        door.close(Place(reloads: door.settingsFiles))  // 3
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let room = RouterRoom(  // 4
            RouterPolicy(settings), listener: listener, delivery: delivery, store: roads.path(RouterToStore.self),
            addresses: addresses, identity: door.identity, on: group, road: door.journal.road(), log: door.journal.router())
        let facts = door.facts { room.figures() }
        door.start {  // 5
            try room.start().wait()
            return [try serveCommand(door, control, facts, room, group)]
        }
        door.work(reload: { room.reload(RouterPolicy(RouterSettings($0))) }, stop: { try? room.stop().wait() })
    }

    private static func serveCommand(
        _ door: Door, _ control: CInt, _ facts: RoomFacts, _ room: RouterRoom, _ group: any EventLoopGroup
    ) throws -> Server<CommandToRouter> {
        let server = Server(
            CommandToRouter.self, listening: control, identity: door.identity, rule: door.rule(CommandToRouter.self),
            on: group, log: door.journal.road()
        ) { _, _ in CommandConversation(room, facts) }
        try server.start().wait()
        return server
    }
}

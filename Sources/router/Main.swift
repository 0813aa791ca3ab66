// The door of the router: the five steps that every room takes.

import Door
import IPC
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
        door.close(Place(reloads: door.settingsFiles))  // 3
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let room = RouterRoom(  // 4
            RouterPolicy(settings), listener: listener, delivery: delivery, store: roads.path(RouterToStore.self),
            identity: door.identity, on: group, road: door.journal.road(), log: door.journal.router())
        let facts = door.facts { room.figures() }
        door.start {  // 5
            try room.start().wait()
            return [try door.serveControl(CommandToRouter.self, on: control, facts, group: group)]
        }
        door.work(reload: { room.reload(RouterPolicy(RouterSettings($0, keeping: settings))) }, stop: { try? room.stop().wait() })
    }
}

// The door of a delivery agent: the five steps that every room takes.

import Door
import IPC
import NIOPosix
import Sandbox
import Settings
import TLS

@main
struct DeliveryMain {
    static func main() {
        let door = Door(.delivery)
        let settings = door.settings { try DeliverySettings($0) }  // 1
        let roads = door.roads
        let control = door.listen(CommandToDelivery.self)  // 2
        let tls = door.attempt { try ClientTLS() }
        let dnsPorts = settings.dns.servers.map(\.port)
        door.close(Place(reloads: door.settingsFiles(and: settings.secretFiles), dnsPorts: dnsPorts))  // 3
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let room = DeliveryRoom(  // 4
            DeliveryPolicy(settings), agent: "delivery@\(door.arguments.instance)",
            paths: (roads.path(DeliveryToStore.self), roads.path(DeliveryToRouter.self)), identity: door.identity,
            on: group, tls: tls, road: door.journal.road(), log: door.journal.delivery())
        let facts = door.facts { room.figures() }
        door.start {  // 5
            room.start()
            return [try door.serveControl(CommandToDelivery.self, on: control, facts, group: group)]
        }
        door.work(
            reload: { all in
                let policy = DeliveryPolicy(try DeliverySettings(all))
                door.wait { await room.reload(policy) }
            }, stop: { door.wait { await room.stop() } })
    }
}

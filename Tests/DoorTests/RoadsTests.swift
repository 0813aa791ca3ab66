import IPC
import Mail
import Sandbox
import Testing

@testable import Door

@Suite struct RoadsTests {
    let roads = Roads(runtime: "/run/postern")

    @Test func everyEdgeHasItsSocket() {
        #expect(roads.path(ListenerToRouter.self) == "/run/postern/listener-router.sock")
        #expect(roads.path(DeliveryToStore.self) == "/run/postern/delivery-store.sock")
        #expect(roads.control(.listener) == "/run/postern/control/listener.sock")
        #expect(roads.control(.delivery, instance: "2") == "/run/postern/control/delivery-2.sock")
        let names = Roads.edges.map { $0.name }
        #expect(Set(names).count == names.count)
    }

    /// DESIGN: requests form a DAG, so that no two rooms can wait for each other.
    @Test func requestsFormNoCircle() {
        let order: [RoomName] = [.command, .listener, .delivery, .router, .store]
        for edge in Roads.edges {
            #expect(order.firstIndex(of: edge.asker)! < order.firstIndex(of: edge.server)!, "\(edge.name)")
        }
    }

    @Test func aRoomGetsTheKeysOfItsOwnEdgesOnly() {
        #expect(Roads.edges(of: .listener) == ["listener-router", "command-listener"])
        #expect(!Roads.edges(of: .listener).contains("router-store"))
        #expect(Set(Roads.edges(of: .store)) == ["router-store", "delivery-store", "command-store"])
    }

    @Test func arguments() throws {
        #expect(try RoomArguments(["--config", "/x", "--instance", "3"]).instance == "3")
        #expect(try RoomArguments([]).settings == nil)
        for wrong in [["--config"], ["--instance", ""], ["x"], ["--config", "a", "b"]] {
            #expect(throws: ArgumentError.self) { try RoomArguments(wrong) }
        }
    }

    @Test func ordersOfAttacksAreUnderstood() {
        #expect(Attack(Attack.order(.connectOut, at: "127.0.0.1:25"))?.target.port == 25)
        #expect(Attack(Attack.order(.connectOut, at: "::1:25"))?.target.address == InternetAddress("::1"))
        #expect(Attack(Attack.order(.connectOut, at: "nonsense")) == nil)
        #expect(Attack(AttackOrder(act: "make tea", target: "")) == nil)
        for kind in Attack.Kind.allCases where kind != .connectOut {
            #expect(Attack(Attack.order(kind, at: "1"))?.kind == kind)
        }
    }
}

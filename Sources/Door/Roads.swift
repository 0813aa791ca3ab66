// Where the sockets between the rooms lie. One place for rooms and command, so that they cannot miss each other.

import IPC
import Mail

/// Paths below the runtime directory. The units of systemd name the same paths.
package struct Roads: Sendable, Equatable {
    package let runtime: String

    package init(runtime: String) { self.runtime = runtime }

    /// The socket of an edge between two rooms.
    package func path<E: Edge>(_ edge: E.Type) -> String { "\(runtime)/\(E.name).sock" }

    /// Where the listener hands logged-in sessions to the store.
    package var sessions: String { "\(runtime)/sessions.sock" }

    /// The folder of the sockets on which the command asks.
    package var controls: String { "\(runtime)/control" }

    /// Where the command asks a room; delivery agents are told apart by their instance.
    package func control(_ room: RoomName, instance: String = "") -> String {
        "\(controls)/\(room.rawValue)\(instance.isEmpty ? "" : "-" + instance).sock"
    }

    /// Where the parent process of `postern run` hears that a room is ready.
    package func readiness(_ room: RoomName) -> String { "\(runtime)/notify/\(room.rawValue).sock" }

    /// What the command proves itself with when all rooms share one user.
    package var controlKeys: String { "\(controls)/keys" }

    /// Every folder below the runtime directory.
    package var folders: [String] { [runtime, controls, "\(runtime)/notify"] }

    /// Every edge of the house.
    package static let edges: [any Edge.Type] = [
        ListenerToRouter.self, RouterToStore.self, DeliveryToStore.self, DeliveryToRouter.self, CommandToListener.self,
        CommandToRouter.self, CommandToStore.self, CommandToDelivery.self,
    ]

    /// The edges that a room stands at, on either end, by name.
    package static func edges(of room: RoomName) -> [String] {
        edges.filter { $0.asker == room || $0.server == room }.map { $0.name }
    }
}

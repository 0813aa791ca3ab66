// The processes of the house by name. Everything that differs between rooms (rights, settings, edges) is keyed by this.

/// A process of the house, or the administrator's command.
package enum RoomName: String, Codable, Sendable, CaseIterable {
    case listener, router, store, delivery
    /// The `postern` command: not a room, but a peer that may ask the control edges.
    case command

    /// The four processes that `postern run` starts, in the order in which they are started.
    package static let rooms: [RoomName] = [.store, .router, .listener, .delivery]
}

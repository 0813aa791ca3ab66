// Where a room stands on this machine: the part of its walls that only the settings know.

/// What the table of rooms leaves to the settings.
package struct Place: Sendable {
    /// The state directory; only the room that owns it gets it.
    package var state: String?
    /// Files and directories that a reload reads again. A directory is better than a file: a right to a file belongs
    /// to the file as it is now, and is lost when an editor replaces it.
    package var reloads: [String]
    /// Ports that the listener tries to bind again later.
    package var latePorts: [UInt16]
    /// Ports of configured DNS servers, beside 53.
    package var dnsPorts: [UInt16]
    /// Who the room shall be; nil: whoever started it.
    package var user: RoomUser?
    /// Whether a wall that this machine cannot build ends the start (`[sandbox] require`).
    package var require: Bool

    package init(
        state: String? = nil, reloads: [String] = [], latePorts: [UInt16] = [], dnsPorts: [UInt16] = [],
        user: RoomUser? = nil, require: Bool = false
    ) {
        self.state = state
        self.reloads = reloads
        self.latePorts = latePorts
        self.dnsPorts = dnsPorts
        self.user = user
        self.require = require
    }
}

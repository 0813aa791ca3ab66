// A pair of rooms and the words they may exchange, and who each side says it is.
import Mail

/// One per pair of rooms, in Vocabulary/. A channel is typed by its edge, so a room cannot form a word that is not
/// its own.
package protocol Edge: Sendable {
    associatedtype Question: Word
    associatedtype Answer: Word
    /// The only room that may ask here.
    static var asker: RoomName { get }
    /// The room that listens and answers.
    static var server: RoomName { get }
    /// "listener-router": the name in hellos, keys and logs.
    static var name: String { get }
}

/// Who we are: what our hello says.
package struct Identity: Sendable {
    package let room: RoomName
    package let release: String
    /// The keys of our edges; nil where rooms are told apart by their uid alone.
    package let key: EdgeKeys?

    package init(room: RoomName, release: String, key: EdgeKeys? = nil) {
        self.room = room
        self.release = release
        self.key = key
    }
}

/// Who may connect to a serving room. The kernel's word (uid, gid) is looked at before a byte is read.
package struct PeerRule: Sendable {
    package let uids: Set<UInt32>
    /// Groups whose members may connect too: the peer's own group and its supplementary ones are looked at.
    package let gids: Set<UInt32>
    /// Whether the peer must also prove that it holds the edge's key: for rooms that share one uid.
    package let demandsProof: Bool

    package init(uids: Set<UInt32>, gids: Set<UInt32> = [], demandsProof: Bool = false) {
        self.uids = uids
        self.gids = gids
        self.demandsProof = demandsProof
    }
}

/// The other end of a channel: uid, gid and pid are the kernel's word, room and release the peer's own.
package struct Peer: Sendable, Equatable {
    package let uid: UInt32
    package let gid: UInt32
    package let pid: Int32
    package let room: RoomName
    package let release: String

    package init(uid: UInt32, gid: UInt32, pid: Int32, room: RoomName, release: String) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.room = room
        self.release = release
    }
}

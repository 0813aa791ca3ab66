// What happens on the roads, in the words of the journal.

import IPC
import Journal
import Mail

extension Journal {
    /// The log of channels and servers.
    package func road() -> @Sendable (IPCEvent) -> Void {
        { event in write(event) }
    }

    private func write(_ event: IPCEvent) {
        switch event {
        case .connected(let edge, let release): info(.peerConnected, [.edge: edge, .release: release])
        case .unreachable(let edge, let reason): notice(.peerUnreachable, [.edge: edge, .reason: reason])
        case .disconnected(let edge, let reason): notice(.peerLost, [.edge: edge, .reason: reason])
        case .refused(let edge, let reason): error(.peerRefused, [.edge: edge, .reason: reason])
        case .violation(let edge, let peer, let reason):
            error(.violation, [.edge: edge, .peer: peer?.room.rawValue ?? "", .reason: reason])
        case .accepted(let edge, let peer):
            log(
                level(of: peer), .peerConnected,
                [.edge: edge, .peer: peer.room.rawValue, .pid: peer.pid, .uid: peer.uid])
        case .turnedAway(let edge, let uid, let pid, let reason):
            error(.peerRefused, [.edge: edge, .uid: uid, .pid: pid, .reason: reason])
        case .left(let edge, let peer, let reason):
            log(level(of: peer), .peerLost, [.edge: edge, .peer: peer.room.rawValue, .pid: peer.pid, .reason: reason])
        case .mistake(let edge, let reason): error(.mistake, [.edge: edge, .reason: reason])
        }
    }

    /// Commands come and go all day.
    private func level(of peer: Peer) -> JournalLevel { peer.room == .command ? .debug : .info }
}

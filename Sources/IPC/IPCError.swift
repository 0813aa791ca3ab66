// What can go wrong on the road, for the caller (IPCError) and for the journal (IPCEvent).

/// Why a question got no answer. Every question gets an answer or exactly one of these.
package enum IPCError: Error, Equatable, Sendable {
    /// There was no channel to ask on.
    case unreachable
    /// The channel was lost after the question was asked: the other room may or may not have acted on it.
    case disconnected
    /// No answer came in time. The conversation is cancelled.
    case deadline
    /// The conversation was cancelled, by us or by the other room.
    case cancelled
    /// The other room did not want us (hello), or we cannot ask this at all; says why.
    case refused(String)
    /// The other room, or our own caller, broke the protocol; says how.
    case violation(String)
    /// More was queued than a conversation or a channel may hold.
    case overrun
}

/// What happened on a channel, for the room's journal. Texts never contain content or keys.
package enum IPCEvent: Sendable, Equatable {
    /// Asking side: a channel stands; the serving room's release.
    case connected(edge: String, release: String)
    /// Asking side: nobody answers at the path. Said once, and again when the reason changes.
    case unreachable(edge: String, because: String)
    /// Asking side: a channel that stood is gone.
    case disconnected(edge: String, because: String)
    /// Asking side: the hello failed (version, uid, key).
    case refused(edge: String, because: String)
    /// Either side: the peer said what is not a word of this edge. Its channel is closed. `peer` is nil when we asked.
    case violation(edge: String, peer: Peer?, because: String)
    /// Serving side: a peer was let in.
    case accepted(edge: String, peer: Peer)
    /// Serving side: somebody was not let in.
    case turnedAway(edge: String, uid: UInt32, pid: Int32, because: String)
    /// Serving side: a peer that had been let in is gone.
    case left(edge: String, peer: Peer, because: String)
    /// Either side: our own code broke a rule of the conversation, which was cancelled.
    case mistake(edge: String, because: String)
}

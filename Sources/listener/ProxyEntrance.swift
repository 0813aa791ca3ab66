// Reads the PROXY header of a load balancer, which says who the client is, before anything else of the connection.

import IPC
import Mail
import NIOCore
import ProxyProtocol

final class ProxyEntrance: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var facts: SessionFacts
    private let patience: TimeAmount
    private let log: @Sendable (ListenerEvent) -> Void
    private let next: (SessionFacts) -> Void
        private var bytes = ByteBuffer()
    private var timer: Scheduled<Void>?
    private var isOver = false

    private init(
        _ facts: SessionFacts, _ patience: TimeAmount, _ log: @escaping @Sendable (ListenerEvent) -> Void,
        _ next: @escaping (SessionFacts) -> Void
    ) {
        self.facts = facts
        self.patience = patience
        self.log = log
        self.next = next
    }

    /// - Parameter next: gets the facts with the client's own address, and the connection without the header.
    static func add(
        to channel: any Channel, _ facts: SessionFacts, within patience: TimeAmount,
        log: @escaping @Sendable (ListenerEvent) -> Void, _ next: @escaping (SessionFacts) -> Void
    ) throws {
        try channel.pipeline.syncOperations.addHandler(ProxyEntrance(facts, patience, log, next))
    }
}

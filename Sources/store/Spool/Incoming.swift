// A message on its way to the disk, and the group of them that one commit makes durable.

import Dispatch
import IPC
import Mail
import NIOCore
import Synchronization

/// Made on an event loop, carried through the two stages of the commit, answered on the loop it came from.
package final class Incoming: @unchecked Sendable {
    // Unchecked: it belongs to one side at a time. The loop hands it to the segment writer and does not touch it again
    // until `receive` is called; the writer hands it to its group with `submit`'s happens-before.
    package enum Content {
        /// Slices as they came, and their sum.
        case pieces([ByteBuffer], count: Int)
        /// Already on the disk, synced.
        case ownFile(ContentFile)
    }

    package let plan: Plan
    package let content: Content
    package let eventLoop: any EventLoop
    /// Called once, on the loop.
    fileprivate let receive: (Receipt) -> Void
    /// Called before `receive`, on the loop, when there was no room in a mailbox. Set before the message is handed over.
    var onShortage: ((QuotaShortage) -> Void)?

    var spool = SpoolID(rawValue: 0)
    var location = SpoolLocation(SpoolPosition(segment: 0, offset: 0), length: 0)
    var acceptedAt: Int64 = 0
    var shortage: QuotaShortage?
    /// The index has no place for it: no such account or mailbox.
    var isRejected = false
    fileprivate var receipt: Receipt?

    package init(
        _ plan: Plan, _ content: Content, on eventLoop: any EventLoop, receive: @escaping (Receipt) -> Void
    ) {
        self.plan = plan
        self.content = content
        self.eventLoop = eventLoop
        self.receive = receive
    }

    /// Octets that it will take in a segment, nearly.
    var weight: Int {
        let head = SpoolRecord.headLength + plan.localHeader.count + plan.header.count
        if case .pieces(_, let count) = content { return head + count }
        return head
    }

    /// Octets that go over the wire.
    var relayedSize: UInt64 {
        switch content {
        case .pieces(_, let count): UInt64(plan.header.count + count)
        case .ownFile(let file): UInt64(plan.header.count) + file.length
        }
    }

    /// The message will not be kept.
    func removeFile() { if case .ownFile(let file) = content { file.remove() } }

    var indexed: IndexedMessage {
        var ownFile: UInt64 = 0
        if case .ownFile(let file) = content { ownFile = file.number }
        return IndexedMessage(
            spool: spool, location: location, plan: plan, acceptedAt: acceptedAt, size: relayedSize, ownFile: ownFile)
    }
}

/// Our own troubles, as strangers hear of them.
package enum StoreRefusal {
    package static func full(_ because: String) -> Receipt {
        .refused(Refusal(Reply(452, "4.3.1", "Insufficient system storage"), because: because))
    }

    package static func trouble(_ because: String) -> Receipt {
        .refused(Refusal(Reply(451, "4.3.0", "Temporary system problem, try again later"), because: because))
    }

    /// RFC 3463 §3.3: X.2.2, mailbox full.
    package static func overQuota(_ shortage: QuotaShortage) -> Receipt {
        .refused(Refusal(Reply(452, "4.2.2", "Mailbox is full, try again later"), because: shortage.because))
    }

    /// Somebody has to make room: for us, or in the account.
    static func isForRoom(_ refusal: Refusal) -> Bool { refusal.reply.code == 452 }

    static func of(_ error: DatabaseError) -> Receipt {
        error == .full ? full("the index has no room") : trouble("index: \(error)")
    }
}

extension Incoming {
    /// Hands receipts back: one hop for each loop, however many messages.
    static func answer(_ messages: [Incoming], _ receipt: (Incoming) -> Receipt) {
        guard let first = messages.first else { return }
        for message in messages { message.receipt = receipt(message) }
        if messages.allSatisfy({ $0.eventLoop === first.eventLoop }) { return tell(messages, on: first.eventLoop) }
        let byLoop = Dictionary(grouping: messages) { ObjectIdentifier($0.eventLoop) }
        for messages in byLoop.values { tell(messages, on: messages[0].eventLoop) }
    }

    /// What will not be kept.
    static func refuse(_ messages: [Incoming], _ receipt: Receipt) {
        for message in messages { message.removeFile() }
        answer(messages) { _ in receipt }
    }

    private static func tell(_ messages: [Incoming], on eventLoop: any EventLoop) {
        eventLoop.execute {
            for message in messages {
                if let shortage = message.shortage { message.onShortage?(shortage) }
                if let receipt = message.receipt { message.receive(receipt) }
            }
        }
    }
}

/// One group on its way through both stages, which run side by side: the bytes reach the disk while the index commits.
/// It is answered when both are done.
final class CommitGroup: Sendable {
    let messages: [Incoming]
    private let state = Mutex(State())
    private let indexDone = DispatchSemaphore(value: 0)
    private let finish: @Sendable ([Incoming], [ChangeResult]) -> Void

    private struct State {
        var results: [ChangeResult]?
        var isSynced = false
    }

    /// - Parameter finish: called once, by whichever stage ends last, if the bytes are on the disk.
    init(_ messages: [Incoming], finish: @escaping @Sendable ([Incoming], [ChangeResult]) -> Void) {
        self.messages = messages
        self.finish = finish
    }

    /// The index has committed, or not: one result a message, at the head of the list.
    func indexed(_ results: [ChangeResult]) {
        let isComplete = state.withLock { state in
            state.results = results
            return state.isSynced
        }
        indexDone.signal()
        if isComplete { finish(messages, results) }
    }

    /// The bytes are on the disk.
    func synced() {
        let results = state.withLock { state in
            state.isSynced = true
            return state.results
        }
        if let results { finish(messages, results) }
    }

    /// The bytes are not on the disk: waits for the index, to see what must be taken back.
    func waitForIndex() -> [ChangeResult] {
        indexDone.wait()
        return state.withLock { $0.results ?? [] }
    }
}

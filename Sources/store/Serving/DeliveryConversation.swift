// Serves delivery agents: work, the bytes of work, what became of it.

import IPC
import Mail
import NIOCore
import NIOPosix

final class DeliveryServing: Sendable {
    let queue: Queue
    let reader: SpoolReader
    let files: NIOThreadPool
    let log: @Sendable (StoreEvent) -> Void

    init(queue: Queue, reader: SpoolReader, files: NIOThreadPool, log: @escaping @Sendable (StoreEvent) -> Void) {
        self.queue = queue
        self.reader = reader
        self.files = files
        self.log = log
    }
}

/// Confined to its event loop.
final class DeliveryConversation: Conversing {
    typealias E = DeliveryToStore

    /// Results of one settlement: more than a lease can have.
    private static let results = 10_000

    private let serving: DeliveryServing
    private let agent: Int32
    private var claim: UInt64?
    private var isOver = false
    private var reading: MessageReading<DeliveryToStore>?

    init(_ serving: DeliveryServing, _ peer: Peer) {
        self.serving = serving
        agent = peer.pid
    }

    func question(_ question: DeliveryToStore.Question, in exchange: Exchange<DeliveryToStore>) {
        switch question {
        case .claim(let request): claim(request, in: exchange)
        case .read(let spool, let part): read(spool, part, in: exchange)
        case .settle(let settlement):
            guard settlement.results.count <= Self.results else { return exchange.cancel() }
            serving.queue.settle(settlement, exchange.hop { exchange.answer(.settled($0)) })
        case .renew(let lease): exchange.answer(.settled(serving.queue.renew(lease)))
        }
    }

    /// No word of this edge has content in front of it.
    func content(_ bytes: ByteBuffer, in exchange: Exchange<DeliveryToStore>) { exchange.cancel() }

    func ended(in exchange: Exchange<DeliveryToStore>) {}

    func cancelled() {
        isOver = true
        if let claim { serving.queue.cancel(claim) }
        reading?.stop()
    }

    private func claim(_ request: ClaimRequest, in exchange: Exchange<DeliveryToStore>) {
        guard request.agent.utf8.count <= 64, request.saturated.count <= 10_000 else { return exchange.cancel() }
        let answer: @Sendable ([Lease]) -> Void = exchange.hop { [self] leases in
            claim = nil
            // Nobody is there to work on it.
            if isOver { return serving.queue.giveUp(leases.map(\.id)) }
            exchange.answer(.work(leases))
        }
        claim = serving.queue.claim(request, agent: agent, answer)
    }

    private func read(_ spool: SpoolID, _ part: ReadPart, in exchange: Exchange<DeliveryToStore>) {
        guard let location = serving.queue.location(of: spool, for: agent) else {
            return exchange.answer(.unreadable(because: "this agent has no lease for message \(spool)"))
        }
        do throws(SpoolReadError) {
            if let message = try serving.reader.readCached(location, spool) {
                return begin(message, part, in: exchange)
            }
        } catch {
            return fail(spool, error, in: exchange)
        }
        let answer: @Sendable (Result<StoredMessage, SpoolReadError>) -> Void = exchange.hop { [self] result in
            switch result {
            case .success(let message): begin(message, part, in: exchange)
            case .failure(let error): fail(spool, error, in: exchange)
            }
        }
        serving.files.submit { [reader = serving.reader] _ in
            do throws(SpoolReadError) { answer(.success(try reader.read(location, spool))) } catch {
                answer(.failure(error))
            }
        }
    }

    private func begin(_ message: StoredMessage, _ part: ReadPart, in exchange: Exchange<DeliveryToStore>) {
        guard !isOver else { return }
        let new = MessageReading(
            message, front: message.relayed, part, from: serving.reader, files: serving.files, to: exchange
        ) { [self] result in
            reading = nil
            switch result {
            case .success(let count): exchange.answer(.bytes(count: count))
            case .failure(let error): fail(message.record.spool, error, in: exchange)
            }
        }
        reading = new
        new.start()
    }

    private func fail(_ spool: SpoolID, _ error: SpoolReadError, in exchange: Exchange<DeliveryToStore>) {
        if case .damaged(let because) = error { serving.log(.damaged(spool, because: because)) }
        exchange.answer(.unreadable(because: "\(error)"))
    }
}

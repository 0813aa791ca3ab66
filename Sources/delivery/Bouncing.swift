// The report to the sender of a message that could not be delivered, or that went where nobody reports: composed here, taken by the router like any other
// message, from the null sender (RFC 5321 §6.1).

import Crypto
import IPC
import Mail
import NIOCore
import SMTP

extension DeliveryDesk {
    enum Telling {
        /// The store has the report.
        case told
        /// There is no sender, or nobody takes mail for it.
        case nobody(because: String)
        case later(because: String)
    }

    /// Of the original's header, a report returns this much.
    private static let headerLimit: UInt32 = 65_536
    private static let deadline = TimeAmount.seconds(60)

    func tellSender(
        _ lease: Lease, _ ended: [(QueuedRecipient, Fate)], _ action: BounceMessage.Action
    ) async -> Telling {
        guard let sender = lease.sender else { return .nobody(because: "the message has no sender") }
        let header: ByteBuffer
        switch await self.header(of: lease.message) {
        case .success(let bytes): header = bytes
        case .failure(let error): return .later(because: "the store does not give the header: \(error)")
        }
        let key = DeliveryDesk.key(lease, ended.map(\.0), action)
        let report = BounceMessage(
            reportingHost: policy.hostname, to: sender, envelopeID: lease.parameters.envelopeID, action: action,
            recipients: ended.map { DeliveryDesk.entry($0.0, $0.1) }, date: clock() / 1000,
            arrival: lease.acceptedAt / 1000, token: String(key.suffix(32)), original: Array(header.readableBytesView)
        ).render()
        let submission = Submission(trace: lease.trace, sender: nil, recipients: [sender], idempotencyKey: key)
        do {
            switch try await submit(submission, ByteBuffer(bytes: report)) {
            case .accepted(let id):
                if action == .failed { figures.count { $0.bounces += 1 } }
                log(.reported(lease, action, recipients: ended.count, as: id))
                return .told
            case .refused(let refusal) where refusal.reply.isPermanent:
                return .nobody(because: "the report was refused: \(refusal.reply.code) \(refusal.because)")
            case .refused(let refusal):
                return .later(because: "\(refusal.reply.code) \(refusal.because)")
            }
        } catch {
            return .later(because: "the router does not answer: \(error)")
        }
    }

    private static func entry(_ recipient: QueuedRecipient, _ fate: Fate) -> BounceMessage.Recipient {
        let report = fate.report
        let host = report.remote.prefix { $0 != "[" }
        let said = report.remote.isEmpty ? report.text : "\(report.remote): \(report.text)"
        return BounceMessage.Recipient(
            address: recipient.address, original: recipient.parameters.original, status: report.status,
            remote: host.isEmpty ? nil : String(host),
            diagnostic: fate.reply, explanation: said)
    }

    /// The same for every repetition of the same end, whatever the lease is called then: a crash between report and
    /// settlement makes no second report.
    static func key(_ lease: Lease, _ recipients: [QueuedRecipient], _ action: BounceMessage.Action) -> String {
        var hash = SHA256()
        for entry in recipients.map(\.entry).sorted() {
            withUnsafeBytes(of: entry.bigEndian) { hash.update(bufferPointer: $0) }
        }
        let digits = Array("0123456789abcdef")
        let text = hash.finalize().prefix(16).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "\(action == .failed ? "bounce" : action.rawValue)-\(lease.message)-" + String(text)
    }

    private func header(of message: SpoolID) async -> Result<ByteBuffer, IPCError> {
        let conversation: Conversation<DeliveryToStore>
        do { conversation = try store.open() } catch { return .failure(error as? IPCError ?? .unreachable) }
        let collected = Collected()
        conversation.onContent = { [unowned conversation] bytes in
            conversation.consumed(bytes.readableBytes)
            collected.append(bytes)
        }
        let answer = await withCheckedContinuation { continuation in
            conversation.ask(
                .read(message, .header(atMost: DeliveryDesk.headerLimit)), last: true, deadline: DeliveryDesk.deadline
            ) { continuation.resume(returning: $0) }
        }
        switch answer {
        case .success(.bytes): return .success(collected.bytes)
        // A report without the header is better than none.
        case .success(.unreadable): return .success(ByteBuffer())
        case .success: return .failure(.violation("not an answer to read"))
        case .failure(let error): return .failure(error)
        }
    }

    private func submit(_ submission: Submission, _ report: ByteBuffer) async throws -> Receipt {
        let conversation = try router.open()
        conversation.send(report)
        let answer = await withCheckedContinuation { continuation in
            conversation.ask(.submit(submission), last: true, deadline: DeliveryDesk.deadline) {
                continuation.resume(returning: $0)
            }
        }
        guard case .receipt(let receipt) = try answer.get() else { throw IPCError.violation("not a receipt") }
        return receipt
    }
}

/// Bytes that come in pieces, up to what a report returns. Confined to the event loop.
private final class Collected {
    private(set) var bytes = ByteBuffer()

    func append(_ piece: ByteBuffer) {
        var piece = piece
        guard bytes.readableBytes + piece.readableBytes <= 1 << 20 else { return }
        bytes.writeBuffer(&piece)
    }
}

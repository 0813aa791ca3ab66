// The words of the benchmark: as many fields and shapes as a real question between rooms has.
import IPC
import Mail
import NIOCore

enum BenchEdge: Edge {
    struct Question: Word {
        enum Kind: Codable, Sendable {
            case recipient(number: UInt32, address: String)
            case content
            /// Send this many bytes of content before the answer.
            case read(bytes: Int)
        }
        let trace: UInt64
        let session: UInt64
        let client: String
        let port: UInt16
        let sender: String
        let recipients: [String]
        let user: String?
        let encrypted: Bool
        let kind: Kind
    }
    struct Answer: Word {
        let trace: UInt64
        let code: Int
        let text: String
        let accepted: Bool
        let reason: String?
    }
    static let asker = RoomName.listener
    static let server = RoomName.router
    static let name = "listener-router"

    static func question(_ kind: Question.Kind) -> Question {
        Question(
            trace: 0x1234_5678_9abc_def0, session: 42, client: "192.0.2.17", port: 52_311,
            sender: "alice@sender.example.org",
            recipients: ["bob@example.test", "carol@example.test", "dave.longer.name@example.test"],
            user: "alice", encrypted: true, kind: kind)
    }
}

/// The serving room of the benchmark: counts content, or sends as much as is asked for.
final class BenchServing: Conversing {
    typealias E = BenchEdge
    private var counted = 0
    private var left = 0
    private static let piece = ByteBuffer(repeating: 0x61, count: 256 << 10)

    func question(_ question: BenchEdge.Question, in exchange: Exchange<BenchEdge>) {
        guard case .read(let bytes) = question.kind else { return answer(question.trace, in: exchange) }
        left = bytes
        exchange.onWritable = { [self, unowned exchange] in pump(question.trace, exchange) }
        pump(question.trace, exchange)
    }

    private func pump(_ trace: UInt64, _ exchange: Exchange<BenchEdge>) {
        while left > 0, exchange.isWritable {
            let length = min(left, Self.piece.readableBytes)
            exchange.send(Self.piece.getSlice(at: 0, length: length)!)
            left -= length
        }
        if left == 0 { answer(trace, in: exchange) }
    }

    private func answer(_ trace: UInt64, in exchange: Exchange<BenchEdge>) {
        exchange.answer(
            BenchEdge.Answer(trace: trace, code: counted, text: "2.1.5 Ok", accepted: true, reason: nil))
        counted = 0
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<BenchEdge>) {
        counted += bytes.readableBytes
        exchange.consumed(bytes.readableBytes)
    }

    func ended(in exchange: Exchange<BenchEdge>) {}
    func cancelled() {}
}

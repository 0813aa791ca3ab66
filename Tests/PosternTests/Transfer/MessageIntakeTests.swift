// How much is on its way to the store at a time.

import IPC
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import postern

@Suite struct MessageIntakeTests {
    /// Receipts are held back until the intake stands still; each message has a quarter of the limit.
    @Test("with 16 MB on their way, the next message waits for a receipt") func octets() async throws {
        try await MailHouse.with { house in
            let receipts = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Void.self)
            house.mail.with { $0.receipts = receipts.futureResult }
            let fed = Fed()
            let option = try house.option
            let (limit, mail) = (Int(MessageIntake.octetsUnderWay), house.mail)
            async let seen = StoreConversation.with(option) { store in
                defer { receipts.succeed() }
                let end = ContinuousClock.now + .seconds(60)
                // The store answers other questions meanwhile, and each of these answers is time for one message more.
                repeat {
                    _ = try await store.ask(.list(MailHouse.account, after: nil))
                } while mail.with { $0.unanswered } < limit
                    && ContinuousClock.now < end
                for _ in 0..<200 { _ = try await store.ask(.list(MailHouse.account, after: nil)) }
                return (fed: fed.count, octets: mail.with { $0.mostUnanswered })
            }
            let tally = try await StoreConversation.with(option) { store in
                let intake = MessageIntake(store, MailHouse.account)
                intake.enter("INBOX")
                let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 16)
                for _ in 0..<8 {
                    let message = intake.begin()
                    for _ in 0..<limit / 4 / piece.readableBytes {
                        message.append(piece)
                        try await message.flush()
                    }
                    try await intake.finish(message, ImportedFacts(flags: [], keywords: []), item: "x")
                    fed.add()
                }
                try await intake.settle()
                return intake.tally
            }
            let (before, most) = try await seen
            #expect(before == 3 && most == limit, "\(before) messages, \(most) octets")
            #expect(tally.messages == 8 && tally.octets == UInt64(limit) * 2)
            #expect(house.mail.with { $0.mostUnanswered } == limit)
        }
    }
}

/// Messages for which there was room.
private final class Fed: Sendable {
    private let number = Atomic(0)
    var count: Int { number.load(ordering: .acquiring) }
    func add() { number.add(1, ordering: .acquiringAndReleasing) }
}

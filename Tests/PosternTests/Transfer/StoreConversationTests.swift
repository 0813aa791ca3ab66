// A connection that is kept: content that is given up, refusals in the middle, a store that goes away.

import IPC
import Mail
import NIOCore
import Testing

@testable import postern

@Suite struct StoreConversationTests {
    private func read(_ uid: UInt32) -> CommandToStore.Question {
        .mailbox(.read(NamedMailbox(MailHouse.account, "INBOX"), uid: uid))
    }

    /// Larger than the window; the store forgets it, and the connection goes on.
    @Test func contentIsGivenUp() async throws {
        try await MailHouse.with { house in
            let store = try await StoreConversation.open(house.option)
            let upload = store.upload()
            for _ in 0..<40 { try await upload.send(ByteBuffer(repeating: 0x78, count: 64 << 10)) }
            upload.abandon()
            guard case .mailboxes(let entries) = try await store.ask(.list(MailHouse.account, after: nil)) else {
                throw Failure.misfit("store")
            }
            #expect(entries.map(\.name) == ["INBOX"] && house.mail.texts("INBOX") == [])
            await store.close()
        }
    }

    /// Several are read at a time, each in its order, and one refusal is its own.
    @Test func contentOfSeveral() async throws {
        try await MailHouse.with { house in
            let large = String(repeating: "0123456789", count: 300_000)
            house.mail.with { contents in
                contents.mailboxes["INBOX"] = (1...3).map { number in
                    var message = KeptMessage("\(number)" + large)
                    message.uid = UInt32(number)
                    return message
                }
            }
            let store = try await StoreConversation.open(house.option)
            let downloads = [1, 2, 9, 3].map { store.download(read($0)) }
            var texts: [String?] = []
            for download in downloads {
                var octets: [UInt8] = []
                do {
                    while case .content(let piece) = try await download.next() { octets += Array(piece.readableBytesView) }
                    texts.append(String(decoding: octets, as: UTF8.self))
                } catch is StoreRefusal { texts.append(nil) }
            }
            #expect(texts == ["1" + large, "2" + large, nil, "3" + large])
            await store.close()
        }
    }

    @Test func refusals() async throws {
        try await MailHouse.with { house in
            let store = try await StoreConversation.open(house.option)
            let failure = await #expect(throws: Failure.self) {
                try await store.change(.create(NamedMailbox(MailHouse.account, "INBOX"), use: nil))
            }
            #expect(failure?.description == "INBOX is there")
            await store.close()
        }
    }

    /// Whatever is under way or comes later fails at once.
    @Test func theStoreGoesAway() async throws {
        let house = try await MailHouse()
        let store = try await StoreConversation.open(house.option)
        let upload = store.upload()
        try await upload.send(ByteBuffer(string: "Subject: x\r\n"))
        try await house.close()
        await #expect(throws: Failure.self) {
            while true { try await upload.send(ByteBuffer(repeating: 0x78, count: 64 << 10)) }
        }
        await #expect(throws: Failure.self) { try await store.ask(.list(MailHouse.account, after: nil)) }
        await #expect(throws: Failure.self) { try await store.download(read(1)).next() }
        await #expect(throws: Failure.self) { try await upload.finish(ByteBuffer(), read(1)).get() }
        await store.close()
    }

    @Test func nobodyAnswers() async throws {
        let house = try await MailHouse()
        let option = try house.option
        try await house.stop()
        let failure = await #expect(throws: Failure.self) { try await StoreConversation.open(option) }
        #expect(failure?.description.contains("is the house running?") == true)
        try await house.close()
    }
}

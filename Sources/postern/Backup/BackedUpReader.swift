// What `postern-store read-backup` says, out of pieces as they come through a pipe. Pure: bytes in, meaning out.

import IPC
import NIOCore

/// What comes is not what the store's program says.
struct BackedUpFault: Error, Equatable {
    let description: String
    init(_ description: String) { self.description = description }
}

struct BackedUpReader {
    enum Event: Equatable {
        case item(BackedUp)
        /// The next octets of the message that was told last.
        case content(ByteBuffer)
    }

    /// No message is longer.
    static let longest: UInt64 = 1 << 40

    /// What has come and is not told yet: one item, and what came with it.
    private var inbox = ByteBuffer()
    /// Octets of the message that are still to come.
    private var left: UInt64 = 0
    private(set) var isEnded = false

    /// Takes the next piece.
    mutating func take(_ bytes: ByteBuffer) throws(BackedUpFault) {
        guard !isEnded || bytes.readableBytes == 0 else { throw BackedUpFault("something follows the end") }
        inbox.discardReadBytes()
        inbox.writeImmutableBuffer(bytes)
    }

    /// nil: more is needed.
    mutating func next() throws(BackedUpFault) -> Event? {
        if left > 0 {
            let count = Int(min(left, UInt64(inbox.readableBytes)))
            guard count > 0, let content = inbox.readSlice(length: count) else { return nil }
            left -= UInt64(count)
            return .content(content)
        }
        guard !isEnded else {
            guard inbox.readableBytes == 0 else { throw BackedUpFault("something follows the end") }
            return nil
        }
        guard let length = inbox.getInteger(at: inbox.readerIndex, endianness: .little, as: UInt32.self) else { return nil }
        guard length <= BackedUp.longest else { throw BackedUpFault("an item of \(length) octets") }
        guard inbox.readableBytes >= 4 + Int(length) else { return nil }
        inbox.moveReaderIndex(forwardBy: 4)
        let item: BackedUp
        do throws(BinaryCoderError) {
            item = try BinaryDecoder.decode(BackedUp.self, from: inbox.readSlice(length: Int(length)) ?? ByteBuffer())
        } catch { throw BackedUpFault("an item that cannot be read: \(error)") }
        if case .message(let message) = item {
            guard message.octets <= Self.longest else { throw BackedUpFault("a message of \(message.octets) octets") }
            left = message.octets
        }
        isEnded = item == .end
        return .item(item)
    }

    /// The pipe has ended. Throws when what came is not all.
    func finish() throws(BackedUpFault) {
        guard isEnded, inbox.readableBytes == 0 else { throw BackedUpFault("the backup was not read to its end") }
    }
}

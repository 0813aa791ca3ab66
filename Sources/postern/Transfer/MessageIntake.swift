// Puts messages into an account, one after the other, while the answers to those before are still under way: the store
// makes many durable at once.
//
// Each message has an identity that its bytes, its date and its mailbox make, and how many the same stood before it. The
// store takes an identity once, so what was broken off is done again from the beginning and puts nothing in twice: neither an
// import nor a restoring, nor one after the other.
//
// A message that the store refuses for itself is named and left where it is, and those behind it go in. What stands in the way
// of all of them (no room, trouble, no account) stops the work there.

import Crypto
import Glibc
import IPC
import Mail
import NIOCore

/// Used by one task.
final class MessageIntake {
    /// Messages on their way to the store, and their octets: the next one waits for some of them.
    static let underWay = 512
    static let octetsUnderWay: UInt64 = 16 << 20

    struct Tally {
        /// Put into the account now; in a dry run, that would be.
        var messages: UInt64 = 0
        var octets: UInt64 = 0
        /// Were in the account already.
        var present: UInt64 = 0
        /// Of the keywords that IMAP does not have.
        var keywordsLost: UInt64 = 0
        var mailboxes: [String: UInt64] = [:]
        var problems = TransferProblems()
    }

    private struct Pending {
        var answer: PendingAnswer
        var mailbox: String
        var octets: UInt64
        var item: String
    }

    private(set) var tally = Tally()
    private let store: StoreConversation?
    private let account: NamedAccount
    private var pending: CircularBuffer<Pending> = []
    private var pendingOctets: UInt64 = 0
    /// Of the messages with this identity in this mailbox, how many have come.
    private var seen: [UInt64: UInt32] = [:]
    private var mailbox = ""

    /// - Parameter store: nil: only look.
    init(_ store: StoreConversation?, _ account: NamedAccount) { (self.store, self.account) = (store, account) }

    /// All that comes until the next call goes there. Sources of one mailbox follow each other.
    func enter(_ mailbox: String) {
        guard self.mailbox != mailbox else { return }
        self.mailbox = mailbox
        seen = [:]
    }

    /// - Parameter isKnown: the mailbox has it. It is only looked at, and goes to `pass`.
    func begin(isKnown: Bool = false) -> IncomingMessage { IncomingMessage(isKnown ? nil : store?.upload()) }

    /// A message that the mailbox has is whole: it counts among those that are the same.
    func pass(_ message: IncomingMessage, _ facts: ImportedFacts) {
        _ = identity(message, facts)
        tally.present += 1
    }

    private func identity(_ message: IncomingMessage, _ facts: ImportedFacts) -> String {
        let (text, prefix) = message.identity(facts.internalDate.map { $0 / 1_000 })
        let number = seen[prefix, default: 0]
        seen[prefix] = number + 1
        return "\(text):\(number)"
    }

    /// It does not go in.
    func leave(_ item: String, _ reason: String) { tally.problems.leave(item, reason) }

    /// It goes in, though there is something odd about it.
    func keep(_ item: String, _ reason: String) { tally.problems.keep(item, reason) }

    /// The message is whole. Returns when there is room for the next.
    /// - Parameter item: what it is called if the store does not take it.
    func finish(_ message: IncomingMessage, _ facts: ImportedFacts, item: String) async throws {
        tally.keywordsLost += UInt64(facts.keywordsLost)
        var order = AppendOrder(
            NamedMailbox(account, mailbox), flags: facts.flags, keywords: facts.keywords,
            internalDate: facts.internalDate, createsMailbox: true)
        order.identity = identity(message, facts)
        guard let answer = message.finish(.mailbox(.append(order))) else { return count(mailbox, message.octets) }
        pending.append(Pending(answer: answer, mailbox: mailbox, octets: message.octets, item: item))
        pendingOctets += message.octets
        if pending.count >= Self.underWay || pendingOctets >= Self.octetsUnderWay {
            try await settle(leaving: Self.underWay / 2, Self.octetsUnderWay / 2)
        }
    }

    /// Waits for what is under way, and says how far it came.
    /// - Parameter what: in words: "the import".
    func stopped(_ what: String, _ failure: Failure) async -> Failure {
        try? await settle()
        let state = "\(what) stopped after \(tally.messages + tally.present) messages: \(printable(failure.description))"
        return Failure("\(state); run the same command again, it goes on there and puts nothing in twice")
    }

    /// Waits until the store has all of them.
    func settle() async throws { try await settle(leaving: 0, 0) }

    /// - Throws: what stopped the first that was stopped, after all that is under way has been answered.
    private func settle(leaving rest: Int, _ octets: UInt64) async throws {
        var trouble: (any Error)?
        while let first = pending.first, trouble != nil || pending.count > rest || pendingOctets > octets {
            pending.removeFirst()
            pendingOctets -= first.octets
            do { try await settle(first) } catch { trouble = trouble ?? error }
        }
        if let trouble { throw trouble }
    }

    private func settle(_ message: Pending) async throws {
        switch try await message.answer.get() {
        case .mailbox(.appended(let receipt)):
            if receipt.isNew { count(message.mailbox, message.octets) } else { tally.present += 1 }
        case .mailbox(.notAppended(let refusal)):
            guard refusal.cause == .message else { throw Failure(refusal.because) }
            tally.problems.refuse(message.item, refusal.because)
        default: throw Failure.misfit("store")
        }
    }

    private func count(_ mailbox: String, _ octets: UInt64) {
        tally.messages += 1
        tally.octets += octets
        tally.mailboxes[mailbox, default: 0] += 1
    }
}

/// What goes in with the bytes of a message.
struct ImportedFacts: Equatable {
    var flags: MessageFlags
    var keywords: [String]
    var keywordsLost = 0
    /// Milliseconds since 1970.
    var internalDate: Int64?
}

/// A message on its way in. Used by one task.
final class IncomingMessage {
    /// Octets that are kept here before they go.
    private static let piece = 64 << 10

    private let upload: StoreUpload?
    private var buffer = ByteBuffer()
    private var hash = SHA256()
    private var endedInReturn = false
    /// Octets with CRLF line ends.
    private(set) var octets: UInt64 = 0
    private(set) var hasNUL = false
    /// The first octets, for a look at the header.
    private(set) var front: [UInt8] = []

    fileprivate init(_ upload: StoreUpload?) { self.upload = upload }

    /// - Parameter lines: What is a line in it may end in LF alone, and gets its CR.
    func append(_ octets: ArraySlice<UInt8>, lines: Bool) {
        octets.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            if front.count < 512 { front += bytes.prefix(512 - front.count) }
            if !hasNUL, memchr(base, 0, bytes.count) != nil { hasNUL = true }
            if lines { appendLines(bytes, base) } else { write(bytes) }
        }
    }

    /// As it is.
    func append(_ content: ByteBuffer) {
        octets += UInt64(content.readableBytes)
        buffer.writeImmutableBuffer(content)
    }

    private func appendLines(_ bytes: UnsafeRawBufferPointer, _ base: UnsafeRawPointer) {
        var start = 0
        while start < bytes.count, let place = memchr(base + start, 0x0A, bytes.count - start) {
            let feed = base.distance(to: UnsafeRawPointer(place))
            let hasReturn = feed > 0 ? bytes[feed - 1] == 0x0D : endedInReturn
            if hasReturn {
                write(UnsafeRawBufferPointer(rebasing: bytes[start...feed]))
            } else {
                write(UnsafeRawBufferPointer(rebasing: bytes[start..<feed]))
                write("\r\n")
            }
            start = feed + 1
        }
        write(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        endedInReturn = bytes.last == 0x0D
    }

    private func write(_ bytes: UnsafeRawBufferPointer) {
        octets += UInt64(bytes.count)
        buffer.writeBytes(bytes)
    }

    func write(_ text: StaticString) {
        octets += UInt64(text.utf8CodeUnitCount)
        buffer.writeStaticString(text)
    }

    /// Sends what has gathered, when it is much.
    func flush() async throws {
        guard buffer.readableBytes >= Self.piece else { return }
        take()
        let full = buffer
        buffer = ByteBuffer()
        try await upload?.send(full)
    }

    private func take() { buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) } }

    /// All has come: its bytes and its date in a hash, and a short form of that.
    func identity(_ date: Int64?) -> (text: String, prefix: UInt64) {
        take()
        var whole = hash
        withUnsafeBytes(of: (date ?? .min).littleEndian) { whole.update(bufferPointer: $0) }
        let digest = Array(whole.finalize())
        let digits = digest.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
        return (digits.joined(), digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    fileprivate func finish(_ question: CommandToStore.Question) -> PendingAnswer? { upload?.finish(buffer, question) }

    /// It does not go in.
    func drop() { upload?.abandon() }

    /// What is odd about the message, which is kept as it is; nil: nothing. RFC 5322 §2.2.
    var oddity: String? {
        if hasNUL { return "there are NUL octets in it" }
        let name = front.prefix { (0x21...0x7E).contains($0) && $0 != 0x3A }
        let rest = front.dropFirst(name.count).drop { $0 == 0x20 || $0 == 0x09 }
        return name.isEmpty || rest.first != 0x3A ? "it does not begin with a header" : nil
    }
}

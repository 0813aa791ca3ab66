// A store of one account in memory, at the real socket of a house of its own: content in both directions, receipts, and
// what an import is to be held against.

import ArgumentParser
import Door
import Foundation
import IPC
import Mail
import NIOCore
import NIOPosix
import Synchronization

@testable import postern

struct KeptMessage: Equatable, Sendable {
    var bytes: [UInt8]
    var flags: MessageFlags = []
    var keywords: [String] = []
    var internalDate: Int64 = 0
    var identity: String?
    var uid: UInt32 = 0

    init(_ text: String, flags: MessageFlags = [], keywords: [String] = [], internalDate: Int64 = 0) {
        bytes = Array(text.utf8)
        (self.flags, self.keywords, self.internalDate) = (flags, keywords, internalDate)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// What the account has.
final class KeptMail: Sendable {
    struct Contents: Sendable {
        var mailboxes: [String: [KeptMessage]] = ["INBOX": []]
        var subscribed: Set<String> = []
        /// Messages with these words in them cannot be read.
        var damaged: String?
        /// So many appends are taken; then each is refused with this.
        var refusal: (after: Int, words: AppendRefusal)?
        /// A message with more octets is refused for itself.
        var largest = Int.max
        /// By mailbox.
        var rights: [String: [RightsEntry]] = [:]
        /// Nobody else can be given rights.
        var grantees: Set<NamedAccount> = []
        /// A mailbox of this name is refused.
        var impossible: String?
        var appends = 0
        /// Appends are answered so late. Milliseconds.
        var delay: Int64 = 0
        /// Appends are answered after this; nil: nothing is waited for.
        var receipts: EventLoopFuture<Void>?
        /// Octets whose receipt is awaited, and the most that were.
        var unanswered = 0
        var mostUnanswered = 0
    }

    private let state = Mutex(Contents())

    func with<Result: Sendable>(_ body: (inout Contents) -> Result) -> Result { state.withLock { body(&$0) } }
    var mailboxes: [String: [KeptMessage]] { with { $0.mailboxes } }
    func texts(_ mailbox: String) -> [String] { mailboxes[mailbox]?.map(\.text) ?? [] }

    /// The content of a `read`, and the answer.
    func answer(_ question: MailboxQuestion, _ content: [UInt8]) -> (content: [UInt8], answer: CommandToStore.Answer) {
        with { contents in
            switch question {
            case .list(_, let after):
                let names = contents.mailboxes.keys.sorted().filter { name in after.map { name > $0 } ?? true }
                return ([], .mailbox(.mailboxes(names.map { Self.entry($0, contents) })))
            case .create(let mailbox, _):
                if mailbox.name == contents.impossible { return ([], .refused("no mailbox can have that name")) }
                if contents.mailboxes[mailbox.name] != nil { return ([], .refused("\(mailbox.name) is there")) }
                contents.mailboxes[mailbox.name] = []
                return ([], .done)
            case .subscribe(let mailbox):
                contents.subscribed.insert(mailbox.name)
                return ([], .done)
            case .listRights(let mailbox): return ([], .mailbox(.rights(contents.rights[mailbox.name] ?? [])))
            case .grant(let mailbox, let whom, let letters):
                if let whom, !contents.grantees.contains(whom) { return ([], .refused("there is no account \(whom.address)")) }
                contents.rights[mailbox.name, default: []].removeAll { $0.grantee == whom }
                let rights = MailboxRights(letters: letters) ?? []
                contents.rights[mailbox.name, default: []].append(RightsEntry(grantee: whom, rights: rights))
                return ([], .done)
            case .append(let order): return ([], Self.append(order, content, &contents))
            case .messages(let mailbox, let from):
                let found = (contents.mailboxes[mailbox.name] ?? []).filter { $0.uid >= from }
                let page = found.prefix(3).map(Self.entry)
                let next = found.count > 3 ? page.last.map { $0.uid + 1 } : nil
                return ([], .mailbox(.messages(MessagePage(uidValidity: 7, messages: page, next: next))))
            case .read(let mailbox, let uid):
                guard let found = contents.mailboxes[mailbox.name]?.first(where: { $0.uid == uid }) else {
                    return ([], .refused("\(mailbox.name) has no message with the UID \(uid)"))
                }
                if let word = contents.damaged, found.text.contains(word) { return ([], .refused("it is damaged")) }
                return (found.bytes, .mailbox(.content(octets: UInt64(found.bytes.count))))
            default: return ([], .done)
            }
        }
    }

    private static func append(_ order: AppendOrder, _ content: [UInt8], _ contents: inout Contents) -> CommandToStore.Answer {
        let name = order.mailbox.name
        if let known = contents.mailboxes[name]?.first(where: { $0.identity == order.identity }) {
            return .mailbox(.appended(AppendedMessage(spool: SpoolID(rawValue: UInt64(known.uid)), isNew: false)))
        }
        if let refusal = contents.refusal, contents.appends >= refusal.after { return .mailbox(.notAppended(refusal.words)) }
        if name == contents.impossible {
            return .mailbox(.notAppended(AppendRefusal(.message, because: "no mailbox can have that name")))
        }
        if content.count > contents.largest {
            return .mailbox(.notAppended(AppendRefusal(.message, because: "it has \(content.count) octets")))
        }
        contents.appends += 1
        var message = KeptMessage("", flags: order.flags, keywords: order.keywords, internalDate: order.internalDate ?? -1)
        (message.bytes, message.identity) = (content, order.identity)
        message.uid = UInt32((contents.mailboxes[name] ?? []).count + 1)
        contents.mailboxes[name, default: []].append(message)
        return .mailbox(.appended(AppendedMessage(spool: SpoolID(rawValue: UInt64(message.uid)), isNew: true)))
    }

    private static func entry(_ name: String, _ contents: Contents) -> MailboxEntry {
        let messages = contents.mailboxes[name] ?? []
        return MailboxEntry(
            name: name, id: "F\(name.utf8.count)", uidValidity: 7, uidNext: UInt32(messages.count + 1), highestModSeq: 1,
            messages: UInt64(messages.count), unseen: 0, octets: messages.reduce(0) { $0 + UInt64($1.bytes.count) }, use: nil,
            isSubscribed: contents.subscribed.contains(name))
    }

    private static func entry(_ message: KeptMessage) -> MessageEntry {
        MessageEntry(
            uid: message.uid, flags: message.flags, keywords: message.keywords, modSeq: 1, internalDate: message.internalDate,
            size: UInt64(message.bytes.count), spool: SpoolID(rawValue: UInt64(message.uid)))
    }
}

private final class MailConversation: Conversing {
    typealias E = CommandToStore
    private let mail: KeptMail
    private var content: [UInt8] = []
    private var rest = ByteBuffer()

    init(_ mail: KeptMail) { self.mail = mail }

    func question(_ question: CommandToStore.Question, in exchange: Exchange<CommandToStore>) {
        guard case .mailbox(let words) = question else { return exchange.answer(.done) }
        if case .append = words, let wait = wait(on: exchange.eventLoop) {
            let octets = content.count
            mail.with {
                $0.unanswered += octets
                $0.mostUnanswered = max($0.mostUnanswered, $0.unanswered)
            }
            let late = NIOLoopBound((self, exchange), eventLoop: exchange.eventLoop)
            return wait.whenComplete { _ in
                let (conversation, exchange) = late.value
                conversation.mail.with { $0.unanswered -= octets }
                conversation.carryOut(words, in: exchange)
            }
        }
        carryOut(words, in: exchange)
    }

    /// What the answer to an append waits for; nil: nothing.
    private func wait(on eventLoop: any EventLoop) -> EventLoopFuture<Void>? {
        let (delay, receipts) = mail.with { ($0.delay, $0.receipts) }
        if let receipts { return receipts.hop(to: eventLoop) }
        return delay > 0 ? eventLoop.scheduleTask(in: .milliseconds(delay)) {}.futureResult : nil
    }

    private func carryOut(_ words: MailboxQuestion, in exchange: Exchange<CommandToStore>) {
        let (bytes, answer) = mail.answer(words, content)
        content = []
        rest.writeBytes(bytes)
        exchange.onWritable = { [self] in pour(answer, exchange) }
        pour(answer, exchange)
    }

    /// As much as the window takes, and the answer behind it.
    private func pour(_ answer: CommandToStore.Answer, _ exchange: Exchange<CommandToStore>) {
        while rest.readableBytes > 0 {
            guard exchange.isWritable else { return }
            exchange.send(rest.readSlice(length: min(rest.readableBytes, 64 << 10)) ?? ByteBuffer())
        }
        exchange.onWritable = nil
        exchange.answer(answer)
    }

    func content(_ bytes: ByteBuffer, in exchange: Exchange<CommandToStore>) {
        content += Array(bytes.readableBytesView)
        exchange.consumed(bytes.readableBytes)
    }

    func ended(in exchange: Exchange<CommandToStore>) {}
    func cancelled() {}
}

/// A house with a store that has mail, and a folder for files.
struct MailHouse {
    let folder: String
    let mail = KeptMail()
    private let server: Server<CommandToStore>
    private var settings: String { "\(folder)/postern.toml" }

    init() async throws {
        folder = "/tmp/postern-\(UInt32.random(in: 0 ... .max))"
        let roads = Roads(runtime: "\(folder)/run")
        try FileManager.default.createDirectory(atPath: roads.controls, withIntermediateDirectories: true)
        let mail = mail
        server = Server(
            CommandToStore.self, listening: try UnixSocket.listen(path: roads.control(.store), mode: 0o600),
            identity: Identity(room: .store, release: release), rule: PeerRule(uids: [getuid()]),
            on: MultiThreadedEventLoopGroup.singleton, log: { _ in }
        ) { _, _ in MailConversation(mail) }
        try await server.start().get()
        let text = "[server]\nhostname = \"mail.a.org\"\nstate = \"\(folder)\"\n"
        try text.write(toFile: settings, atomically: true, encoding: .utf8)
    }

    static func with(_ body: (MailHouse) async throws -> Void) async throws {
        let house = try await MailHouse()
        do { try await body(house) } catch {
            try await house.close()
            throw error
        }
        try await house.close()
    }

    func stop() async throws { try await server.stop().get() }

    func close() async throws {
        try await stop()
        try FileManager.default.removeItem(atPath: folder)
    }

    var option: SettingsOption {
        get throws { try SettingsOption.parse(["--config", settings]) }
    }

    static let account = NamedAccount(EmailAddress(localPart: "alice", domain: "a.org"))

    @discardableResult
    func importAll(
        _ path: String, format: ArchiveFormat? = nil, below: String? = nil, isDry: Bool = false
    ) async throws -> ImportReport {
        let plan = try ImportPlan.make(path, format: format, below: below, user: "alice")
        return try await StoreConversation.with(option) { store in
            let importing = Importing(
                plan, into: Self.account, of: store, Importing.Choices(), isDry: isDry,
                progress: TransferProgress(isShown: false))
            try await importing.run()
            return importing.report
        }
    }

    @discardableResult
    func exportAll(_ path: String, _ format: ArchiveFormat, _ mailbox: String? = nil) async throws -> ExportReport {
        try await StoreConversation.with(option) { store in
            let exporting = Exporting(
                Self.account, of: store, to: try ExportJournal(DiskPath(path), Self.account, format), format,
                progress: TransferProgress(isShown: false))
            try await exporting.run(mailbox)
            return exporting.report
        }
    }

    /// A file below the folder, with the folders above it. - Returns: its path.
    @discardableResult
    func file(_ name: String, _ text: String = "", modified: Int? = nil) throws -> String {
        let path = "\(folder)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        if let modified {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: Double(modified))], ofItemAtPath: path)
        }
        return path
    }
}

// The words about mailboxes: each is one reading, or one change and one line of the journal.

import IPC
import Mail

struct MailboxCommands: Sendable {
    static let page = 1_000
    /// Messages that one step of bringing back takes, and so what mail may have to wait for.
    static let undeleted = 500
    /// Octets of one answer, nearly.
    static let answer = 900_000

    let database: any Database
    let now: @Sendable () -> Int64
    let log: @Sendable (StoreEvent) -> Void

    /// Everything but `read` and `append`, which have content.
    func answer(_ question: MailboxQuestion) async -> CommandToStore.Answer {
        do {
            if let answer = try await look(question) { return .mailbox(answer) }
            if case .undelete(let order) = question { return .mailbox(.undeleted(try await undelete(order))) }
            guard let (change, what) = try await change(question) else { return .refused("a message comes with its content") }
            _ = try await make(change)
            log(.directoryChanged(what: what))
            return .done
        } catch let fault as FormFault { return .refused(fault.because) } catch {
            return .refused("the index cannot be read: \(error)")
        }
    }

    private func make(_ change: MailboxChange) async throws -> MailboxNews {
        let at = now()
        let results = await withCheckedContinuation { continuation in
            database.commit([.mailbox(change, at: at)]) { continuation.resume(returning: $0) }
        }
        switch results.first {
        case .mailbox(let news)?: return news
        case .rejected(let because)?: throw FormFault(because)
        case .failed(let error)?: throw error
        default: throw DatabaseError.trouble("the index gave no answer")
        }
    }
}

// What is meant.
extension MailboxCommands {
    func account(_ name: NamedAccount) async throws -> AccountID {
        guard let account = try await database.account(name) else {
            let what = name.kind == .user ? "account" : name.kind.rawValue
            throw FormFault("there is no \(what) \(name.address): look for it (postern \(name.kind.rawValue) list)")
        }
        return account
    }

    func mailbox(_ name: NamedMailbox) async throws -> PlacedMailbox {
        let (account, name) = (try await account(name.account), try MailboxName(name.name))
        guard let mailbox = try await database.mailbox(name, of: account) else {
            throw FormFault(Rejection.noMailbox(name).because)
        }
        return mailbox
    }

    func message(_ uid: UInt32, of name: NamedMailbox) async throws -> PlacedMessage {
        let mailbox = try await mailbox(name)
        guard let message = try await database.message(uid, of: mailbox.id) else {
            throw FormFault("\(mailbox.name) has no message with the UID \(uid): list its messages again")
        }
        return message
    }

    private func grantee(_ name: NamedAccount?) async throws -> Grantee {
        guard let name else { return .anyone }
        return .account(try await account(name))
    }
}

// Readings.
extension MailboxCommands {
    private func look(_ question: MailboxQuestion) async throws -> MailboxAnswer? {
        switch question {
        case .list(let name, let after):
            let page = try await database.mailboxes(of: try await account(name), after: after, limit: Self.page)
            return .mailboxes(page.map { MailboxEntry($0) }.first(octets: Self.answer) { $0.name.utf8.count + 80 })
        case .listRights(let name):
            let rights = try await database.rights(on: try await mailbox(name).id)
            return .rights(rights.compactMap { RightsEntry($0) })
        case .messages(let name, let uid): return .messages(try await messages(name, from: uid))
        default: return nil
        }
    }

    private func messages(_ name: NamedMailbox, from uid: UInt32) async throws -> MessagePage {
        let mailbox = try await mailbox(name)
        let found = try await database.messages(of: mailbox.id, from: uid, limit: Self.page) ?? []
        let page = found.map { MessageEntry($0) }.first(octets: Self.answer) { entry in
            entry.keywords.reduce(60) { $0 + $1.utf8.count + 2 }
        }
        let isMore = page.count < found.count || found.count == Self.page
        return MessagePage(
            uidValidity: mailbox.uidValidity, messages: page, next: isMore ? page.last.map { $0.uid &+ 1 } : nil)
    }
}

// Changes.
extension MailboxCommands {
    /// And its line of the journal.
    private func change(_ question: MailboxQuestion) async throws -> (MailboxChange, String)? {
        switch question {
        case .create(let mailbox, let use):
            let (account, name) = try await named(mailbox)
            let purpose = use.map { ", for \($0.attribute)" } ?? ""
            return (.create(name, of: account, use), "mailbox \(name) of \(mailbox.account.address) made\(purpose)")
        case .rename(let mailbox, let text):
            let ((account, name), new) = (try await named(mailbox), try MailboxName(text))
            return (.rename(name, to: new, of: account), "mailbox \(name) of \(mailbox.account.address) is \(new) now")
        case .delete(let mailbox):
            let (account, name) = try await named(mailbox)
            return (.delete(name, of: account), "mailbox \(name) of \(mailbox.account.address) deleted")
        case .subscribe(let mailbox):
            let (account, name) = try await named(mailbox)
            return (.subscribe(name, of: account), "\(mailbox.account.address) is subscribed to \(name)")
        case .unsubscribe(let mailbox):
            let (account, name) = try await named(mailbox)
            return (.unsubscribe(name, of: account), "\(mailbox.account.address) is subscribed to \(name) no longer")
        case .setUse(let mailbox, let use):
            let (account, name) = try await named(mailbox)
            let what = "mailbox \(name) of \(mailbox.account.address) is for \(use?.attribute ?? "nothing special")"
            return (.setUse(use, name, of: account), what)
        default: return try await rightsChange(question)
        }
    }

    private func rightsChange(_ question: MailboxQuestion) async throws -> (MailboxChange, String)? {
        switch question {
        case .grant(let mailbox, let whom, let letters):
            guard let rights = MailboxRights(letters: letters) else {
                throw FormFault("\"\(letters.printable)\" are no rights: use letters of lrswipkxtea (RFC 4314)")
            }
            guard !rights.isEmpty else { throw FormFault("no letters give no rights: revoke them instead") }
            let ((account, name), grantee) = (try await named(mailbox), try await grantee(whom))
            let what = "\(whom.words) has the rights \(rights) on \(name) of \(mailbox.account.address)"
            return (.grant(rights, name, of: account, to: grantee), what)
        case .revoke(let mailbox, let whom):
            let ((account, name), grantee) = (try await named(mailbox), try await grantee(whom))
            let what = "\(whom.words) has no rights on \(name) of \(mailbox.account.address)"
            return (.revoke(name, of: account, from: grantee), what)
        default: return nil
        }
    }

    private func named(_ mailbox: NamedMailbox) async throws -> (AccountID, MailboxName) {
        (try await account(mailbox.account), try MailboxName(mailbox.name))
    }

    private func undelete(_ order: UndeleteOrder) async throws -> UndeleteStep {
        let name = try order.mailbox.map { text throws(FormFault) in try MailboxName(text) }
        let undeletion = Undeletion(try await account(order.account), mailbox: name, at: order.at, after: order.after)
        guard case .undeleted(let step) = try await make(.undelete(undeletion, limit: Self.undeleted)) else {
            throw DatabaseError.trouble("the index gave another answer")
        }
        if step.messages > 0 {
            log(.directoryChanged(what: "\(step.messages) messages of \(order.account.address) are back"))
        }
        return step
    }
}

extension NamedAccount? {
    fileprivate var words: String { map { "\($0.address)" } ?? "everybody" }
}

extension MailboxEntry {
    fileprivate init(_ mailbox: PlacedMailbox) {
        self.init(
            name: mailbox.name.text, id: mailbox.id.objectID, uidValidity: mailbox.uidValidity, uidNext: mailbox.uidNext,
            highestModSeq: mailbox.highestModSeq, messages: mailbox.messages, unseen: mailbox.unseen,
            octets: mailbox.octets, use: mailbox.use, isSubscribed: mailbox.isSubscribed)
    }
}

extension MessageEntry {
    fileprivate init(_ message: PlacedMessage) {
        self.init(
            uid: message.uid, flags: message.flags, keywords: message.keywords, modSeq: message.modSeq,
            internalDate: message.internalDate, size: message.size, spool: message.spool)
    }
}

extension RightsEntry {
    /// nil: of an account that was removed.
    fileprivate init?(_ granted: GrantedRights) {
        guard granted.grantee == .anyone || granted.name != nil else { return nil }
        self.init(grantee: granted.name, rights: granted.rights)
    }
}

extension Array {
    /// As many as fit into an answer; one at least.
    fileprivate func first(octets limit: Int, _ octets: (Element) -> Int) -> [Element] {
        var sum = 0
        let end = indices.first { index in
            sum += octets(self[index])
            return index > 0 && sum > limit
        }
        return end.map { Array(self[..<$0]) } ?? self
    }
}

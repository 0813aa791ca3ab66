// postern restore: the store or the mail of an account from a backup, or what was removed and is still kept.

import ArgumentParser
import IPC
import Mail

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring back the whole store or the mail of an account from a backup, or what was removed from an account.",
        discussion: """
            --from DIR: the store becomes what a backup has. The house must be stopped. Every mailbox has the messages and UIDs of \
            the backup. Mail that waited to be sent is held, since it may have been sent after the backup was made. Ended \
            half-way, it is started again.
            ACCOUNT --from DIR: messages of the backup that are not in the account's mailboxes any more are put there, with new \
            UIDs, while the house runs. Nothing that is there is changed or removed; mailboxes that are missing are made, with \
            the rights of others. Done \
            again, it puts nothing in twice. A full account or disk stops it; done again, it goes on there. Exit status 1: a \
            message of the backup was damaged or can never be taken, and is named; or it stopped.
            ACCOUNT --at TIME: what was in the account at that time and has been removed since comes back beside what is there, \
            with new UIDs; mailboxes that were deleted are made again. It can be done for as long as store.expunge_retention \
            says, and done again at will: nothing comes back twice.
            """)
    @OptionGroup var settings: SettingsOption
    @OptionGroup var form: JSONOption
    @Argument(help: "Whose mail; without it, the whole store.", transform: Typed.address) var account: EmailAddress?
    @Option(help: "What the account is: user, folder or processor.") var kind = AccountKind.user
    @Option(
        help: ArgumentHelp("When it was there: 2h or 3d ago, '2026-11-20 14:00', or 2026-11-20T14:00:00Z.", valueName: "time"))
    var at: String?
    @Option(help: "With ACCOUNT: only what was in this mailbox.", transform: Typed.mailbox) var mailbox: String?
    @Option(help: ArgumentHelp("The folder of the backup.", valueName: "dir")) var from: String?
    @Flag(help: "Without ACCOUNT: move the store that is there aside, into a folder with today's date. Nothing of it is deleted.")
    var replace = false
    @Flag(help: "Without ACCOUNT: restore also files whose checksum is wrong; postern verify names the damaged messages then.")
    var damaged = false

    func validate() throws {
        switch (account, at, from) {
        case (nil, nil, .some) where mailbox == nil: return
        case (.some, .some, nil) where !replace && !damaged, (.some, nil, .some) where !replace && !damaged: return
        default:
            throw ValidationError(
                "say --from DIR for the whole store, ACCOUNT --from DIR for the mail of one account, or ACCOUNT --at TIME for "
                    + "what was removed; --replace and --damaged go with the whole store, --mailbox with ACCOUNT")
        }
    }

    func run() async throws {
        guard let account else {
            return try WholeRestore(config: settings.config, replace: replace, damaged: damaged).run(from ?? "")
        }
        if let from { return try await mail(of: NamedAccount(account, kind), from: from) }
        guard let at else { return }
        let now = PastMoment.now()
        let moment = try PastMoment.milliseconds(at, now: now)
        let result = try await Undeletion(settings, NamedAccount(account, kind), mailbox).carryOut(at: moment, now: now)
        if form.json { try sayJSON(result) } else { say(result.sentence) }
    }

    private func mail(of account: NamedAccount, from path: String) async throws {
        let (folder, manifest) = try BackupFolder.existing(path)
        let report = try await StoreConversation.with(settings) { store in
            let restore = MailRestore(
                BackupFolder.Source(folder: folder, manifest: manifest), madeAt: manifest.madeAt, into: account, of: store,
                progress: TransferProgress(isShown: !form.json))
            try await restore.run(mailbox)
            return restore.report
        }
        if form.json { try sayJSON(report) } else { for line in report.lines { say(line) } }
        if report.problems.leftOut > 0 { throw ExitCode(1) }
    }
}

/// The command reads the backup as whoever may; the store's own program writes, as the store's user.
struct WholeRestore {
    let config: String?
    let replace: Bool
    let damaged: Bool

    func run(_ from: String) throws {
        let (folder, manifest) = try BackupFolder.existing(from)
        let meter = BackupMeter()
        meter.begin(octets: manifest.octets)
        let words = (replace ? ["--replace"] : []) + (config.map { ["--config", $0] } ?? [])
        let program = try StoreProgram(["restore"] + words, isHeard: false)
        var wrong: [String] = []
        for entry in manifest.files {
            if try program.send(entry, of: folder, meter: meter) { continue }
            wrong.append(entry.path)
            guard damaged else {
                program.end()
                throw Failure(
                    "\(folder.path)/\(entry.path) is not what was backed up, and nothing was restored: take another backup, "
                        + "or say --damaged to restore the rest")
            }
        }
        try program.write(RestoreHead(nil).bytes)
        meter.end()
        guard program.end() == 0 else { throw ExitCode(1) }
        if !wrong.isEmpty { complain("damaged files were restored as they are: \(wrong.joined(separator: ", "))") }
        say("The backup was made at \(manifest.madeAt) UTC. Start the house; passwords are those of the backup.")
    }
}

extension StoreProgram {
    /// False: it is not what the manifest says. Ends the command when the program does not listen any more.
    fileprivate func send(_ entry: BackupManifest.File, of folder: BackupFolder, meter: BackupMeter) throws -> Bool {
        guard let file = StoreFile(path: entry.file) else { throw Failure("\(entry.file) is no file of a store") }
        // A file that is not there is none of the store either.
        guard let size = folder.size(entry.path) else { return false }
        let length = min(size, entry.length)
        try write(RestoreHead(file, length: length).bytes)
        var sum = FileSum()
        let isLong = try sum.read(folder.place(entry.path), upTo: length) { bytes in
            try write(bytes)
            meter.add(UInt64(bytes.count), isCopied: true)
        }
        guard isLong else { throw Failure("\(folder.path)/\(entry.path) became shorter") }
        return sum.text == entry.sha256
    }
}

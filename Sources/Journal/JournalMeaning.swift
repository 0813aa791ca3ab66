// What each event says and which fields it brings, for the documentation.

extension JournalEvent {
    package struct Meaning: Sendable {
        package let sentence: String
        package let fields: [JournalField]

        init(_ sentence: String, _ fields: JournalField...) {
            self.sentence = sentence
            self.fields = fields
        }
    }

    package var meaning: Meaning {
        switch self {
        case .roomStarted, .roomReady, .roomStopping, .roomDied, .wallMissing, .settingsReloaded, .settingsRejected,
            .settingNeedsRestart, .settingDoubtful:
            ofRoom
        case .portBound, .portTaken, .portReleased, .sessionOpened, .sessionClosed, .sessionLimit, .earlyTalker,
            .admissionRefused, .suspicious, .certificateDoubtful, .certificatesLoaded:
            ofSession
        case .senderRefused, .recipientRefused, .recipientAccepted, .messageAccepted, .messageRefused, .transactionLost,
            .stored, .queued:
            ofIncoming
        case .leased, .leaseExpired, .attempt, .bounced, .bounceSuppressed, .resolverFailed, .bouncePending, .unsettled,
            .claimFailed, .fellBackToClear, .reported, .reportGivenUp:
            ofOutgoing
        case .loginAccepted, .loginRefused, .loginUnavailable, .clientBanned, .clientPardoned, .maildropOpened, .maildropRefused,
            .maildropTakenOver, .maildropClosed, .directoryChanged, .quotaFull, .quotaNearlyFull, .quotaRoom:
            ofLogin
        case .peerConnected, .peerUnreachable, .peerLost, .peerRefused, .violation, .mistake: ofRoad
        case .recovered, .checksumWrong, .segmentCompacted, .diskFull, .diskRecovered, .diskTrouble, .unaccounted,
            .backupBegun, .backupFinished, .backupGivenUp:
            ofDisk
        case .linesLost, .library: ofJournal
        }
    }

    private var ofRoom: Meaning {
        switch self {
        case .roomStarted: Meaning("The process has begun.", .release, .pid, .uid, .user, .instance)
        case .roomReady: Meaning("Settings are read, walls stand, sockets answer.", .milliseconds)
        case .roomStopping: Meaning("SIGTERM: what is open is ended in good order.")
        case .roomDied: Meaning("A room ended by itself and is started again.", .peer, .pid, .reason)
        case .wallMissing: Meaning("This machine cannot give a wall; the room runs without it.", .wall, .reason)
        case .settingsReloaded: Meaning("SIGHUP: the new settings hold.")
        case .settingsRejected: Meaning("SIGHUP: the new settings are wrong, the old ones stay.", .reason)
        case .settingNeedsRestart: Meaning("A setting was changed that only a restart can change.", .key)
        default: Meaning("A setting is right but dangerous.", .key, .reason)
        }
    }

    private var ofSession: Meaning {
        switch self {
        case .portBound: Meaning("A port answers.", .service, .address, .port)
        case .portTaken: Meaning("A port cannot be had; it is tried again.", .service, .address, .port, .pid, .reason)
        case .portReleased: Meaning("A port answers no longer.", .service, .address, .port)
        case .sessionOpened: Meaning("A stranger was let in.", .trace, .service, .client, .clientPort, .port)
        case .sessionClosed:
            Meaning(
                "A session is over.", .trace, .service, .client, .reason, .messages, .octets, .milliseconds)
        case .suspicious:
            Meaning("Something about a client is not as it should be; it goes on.", .trace, .service, .client, .reason)
        case .certificateDoubtful:
            Meaning("A certificate cannot be used, or somebody will object to it.", .path, .reason)
        case .certificatesLoaded: Meaning("Certificates have changed on the disk and are shown from now on.", .count)
        case .earlyTalker: Meaning("A client spoke before the greeting (RFC 5321 §3.1).", .trace, .service, .client)
        case .sessionLimit:
            Meaning("Too many sessions: a stranger was told to come later.", .service, .client, .count, .reason)
        default: Meaning("A stranger was turned away before the greeting.", .trace, .service, .client, .rule, .reason)
        }
    }

    private var ofIncoming: Meaning {
        switch self {
        case .senderRefused:
            Meaning("MAIL was refused.", .trace, .client, .sender, .code, .status, .rule, .reason)
        case .recipientRefused:
            Meaning("RCPT was refused.", .trace, .client, .sender, .recipient, .code, .status, .rule, .reason)
        case .recipientAccepted: Meaning("RCPT was accepted.", .trace, .sender, .recipient, .rule)
        case .messageAccepted:
            Meaning(
                "A message is durable and the sender has been told so.", .trace, .message, .client, .sender,
                .recipients,
                .size, .milliseconds)
        case .messageRefused:
            Meaning(
                "A message was refused after its content.", .trace, .client, .sender, .code, .status, .rule, .reason)
        case .transactionLost:
            Meaning("A message broke off before its end; nothing was kept.", .trace, .client, .octets, .reason)
        case .stored: Meaning("A message was placed in mailboxes.", .trace, .message, .recipients, .size)
        default: Meaning("A message waits to be sent on.", .trace, .message, .sender, .recipients, .destination)
        }
    }

    private var ofOutgoing: Meaning {
        switch self {
        case .leased: Meaning("Work was taken over.", .trace, .lease, .message, .destination, .recipients, .instance)
        case .leaseExpired:
            Meaning("Nothing was heard of a lease; its work is ready again.", .lease, .message, .instance)
        case .attempt:
            Meaning(
                "One try for one recipient came to its end.", .trace, .message, .recipient, .destination, .outcome,
                .category, .remote, .code, .status, .text, .attempt, .retryAfter, .milliseconds)
        case .bounced: Meaning("The sender was told that a message failed.", .trace, .message, .sender, .recipients)
        case .bounceSuppressed:
            Meaning("A message failed and nobody can be told: it had the null sender.", .trace, .message, .recipients)
        case .reported:
            Meaning(
                "The sender, who had asked for it, was told that a message arrived or was passed on.", .trace, .message,
                .sender, .recipients, .outcome)
        case .reportGivenUp:
            Meaning("A report of good news could not be handed in, and is not tried again.", .trace, .message, .reason)
        case .bouncePending:
            Meaning(
                "The report to the sender could not be handed in now; it is tried again.", .trace, .message, .reason)
        case .unsettled:
            Meaning("The other server has a message and the store does not know it yet.", .trace, .message, .reason)
        case .claimFailed: Meaning("The store could not be asked for work.", .reason)
        case .fellBackToClear:
            Meaning("TLS was offered and failed; the message goes out in the clear.", .remote, .reason)
        default: Meaning("A name could not be looked up.", .destination, .reason)
        }
    }

    private var ofLogin: Meaning {
        switch self {
        case .loginAccepted: Meaning("A user logged in.", .trace, .service, .client, .user, .account, .mailbox)
        case .loginRefused:
            Meaning(
                "Wrong name or wrong password, or another's mailbox that is not open to the user.", .trace, .service, .client,
                .user, .reason)
        case .clientBanned:
            Meaning("A client has failed to log in too often and is shut out.", .client, .milliseconds, .reason)
        case .clientPardoned: Meaning("An administrator has let a client in again.", .client)
        case .loginUnavailable:
            Meaning("A login could not be checked; our own trouble.", .trace, .service, .client, .reason)
        case .maildropOpened: Meaning("A POP3 session sees a mailbox.", .trace, .client, .account, .user, .detail)
        case .maildropRefused: Meaning("A mailbox cannot be opened just now.", .trace, .account, .reason)
        case .maildropTakenOver:
            Meaning(
                "A session whose client was silent was ended for a new one of the same mailbox.", .trace, .client, .account, .user
            )
        case .maildropClosed:
            Meaning("A POP3 session has ended; so many messages were deleted.", .trace, .account, .count, .reason)
        case .quotaFull:
            Meaning("An account or a domain keeps what it may: mail for it is refused.", .owner, .octets, .messages)
        case .quotaNearlyFull:
            Meaning("An account or a domain keeps nine tenths of what it may.", .owner, .octets, .messages)
        case .quotaRoom: Meaning("There is room again in a full account or domain.", .owner, .octets, .messages)
        default: Meaning("A domain or an account was changed by the administrator.", .user, .detail)
        }
    }

    private var ofRoad: Meaning {
        switch self {
        case .peerConnected: Meaning("A road to another room is open.", .edge, .peer, .pid, .uid, .release)
        case .peerUnreachable: Meaning("The other room does not answer; tried again.", .edge, .reason)
        case .peerLost: Meaning("A road is broken; tried again.", .edge, .peer, .pid, .reason)
        case .peerRefused: Meaning("Somebody was not let onto a road.", .edge, .uid, .pid, .reason)
        case .violation:
            Meaning("The other end said what is not a word of this road; its channel is closed.", .edge, .peer, .reason)
        default: Meaning("Our own code broke a rule of the road: please report it.", .edge, .reason)
        }
    }

    private var ofDisk: Meaning {
        switch self {
        case .recovered:
            Meaning("After a crash: what was found and put right.", .messages, .octets, .file, .milliseconds, .detail)
        case .checksumWrong: Meaning("Bytes on the disk are not those that were written.", .message, .file, .reason)
        case .segmentCompacted: Meaning("Space came back.", .file, .octets, .milliseconds)
        case .diskFull: Meaning("No room on the disk: mail is refused for the time being.", .path, .reason)
        case .diskRecovered: Meaning("There is room on the disk again.", .path)
        case .diskTrouble: Meaning("The disk gave an error other than full.", .path, .file, .reason)
        case .backupBegun: Meaning("One moment of the store is read for a backup.", .messages, .octets, .count)
        case .backupFinished: Meaning("A backup was read to its end.", .milliseconds)
        case .backupGivenUp: Meaning("A backup was not read to its end; the one before is whole.", .reason)
        default: Meaning("The ledger does not close: recipients without an outcome.", .count)
        }
    }

    private var ofJournal: Meaning {
        switch self {
        case .linesLost: Meaning("So many lines could not be written before this one.", .count)
        default: Meaning("A library speaks.", .label, .text, .detail)
        }
    }
}

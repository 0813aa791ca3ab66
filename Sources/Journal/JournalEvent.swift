// The events of the house by name. What is not in this list cannot be written: a line is an event with fields, never
// free text. docs/operations/journal.md is made from it.

package enum JournalEvent: String, Sendable, CaseIterable {
    // The life of a room.
    case roomStarted = "room-started"
    case roomReady = "room-ready"
    case roomStopping = "room-stopping"
    case roomDied = "room-died"
    case wallMissing = "wall-missing"
    case settingsReloaded = "settings-reloaded"
    case settingsRejected = "settings-rejected"
    case settingNeedsRestart = "setting-needs-restart"
    case settingDoubtful = "setting-doubtful"

    // Ports and sessions.
    case portBound = "port-bound"
    case portTaken = "port-taken"
    case portReleased = "port-released"
    case sessionOpened = "session-opened"
    case sessionClosed = "session-closed"
    case sessionLimit = "session-limit"
    case earlyTalker = "early-talker"
    case admissionRefused = "admission-refused"
    case suspicious
    case certificateDoubtful = "certificate-doubtful"
    case certificatesLoaded = "certificates-loaded"

    // Mail that comes.
    case senderRefused = "sender-refused"
    case recipientRefused = "recipient-refused"
    case recipientAccepted = "recipient-accepted"
    case messageAccepted = "message-accepted"
    case messageRefused = "message-refused"
    case transactionLost = "transaction-lost"
    case stored
    case queued

    // Mail that leaves.
    case leased
    case leaseExpired = "lease-expired"
    case attempt
    case bounced
    case bounceSuppressed = "bounce-suppressed"
    case reported
    case reportGivenUp = "report-given-up"
    case resolverFailed = "resolver-failed"
    case bouncePending = "bounce-pending"
    case unsettled
    case claimFailed = "claim-failed"
    case fellBackToClear = "fell-back-to-clear"

    // Logins and mailboxes.
    case loginAccepted = "login-accepted"
    case loginRefused = "login-refused"
    case loginUnavailable = "login-unavailable"
    case clientBanned = "client-banned"
    case clientPardoned = "client-pardoned"
    case maildropOpened = "maildrop-opened"
    case maildropRefused = "maildrop-refused"
    case maildropTakenOver = "maildrop-taken-over"
    case maildropClosed = "maildrop-closed"
    case directoryChanged = "directory-changed"
    case quotaFull = "quota-full"
    case quotaNearlyFull = "quota-nearly-full"
    case quotaRoom = "quota-room"

    // The road between the rooms.
    case peerConnected = "peer-connected"
    case peerUnreachable = "peer-unreachable"
    case peerLost = "peer-lost"
    case peerRefused = "peer-refused"
    case violation
    case mistake

    // What must be remembered.
    case recovered
    case checksumWrong = "checksum-wrong"
    case segmentCompacted = "segment-compacted"
    case diskFull = "disk-full"
    case diskRecovered = "disk-recovered"
    case diskTrouble = "disk-trouble"
    case unaccounted
    case backupBegun = "backup-begun"
    case backupFinished = "backup-finished"
    case backupGivenUp = "backup-given-up"

    // The journal itself.
    case linesLost = "lines-lost"
    case library
}

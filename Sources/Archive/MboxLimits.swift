// What a reader of mbox may be told: the dialect, what is taken out of the header, and how far it looks.

/// How the writer of an mbox kept lines of text that look like From_ lines apart from those that are.
package enum MboxDialect: Sendable, CaseIterable {
    /// Each message's own: `mboxcl2` when its Content-Length holds, `mboxrd` otherwise. What tells mboxo from mboxrd
    /// cannot be seen in a file; they differ for `>>From ` alone.
    case detected
    /// `From ` was written as `>From `, and nothing else was changed.
    case mboxo
    /// Every line of any number of `>` and then `From ` got one `>` more. Nothing is lost.
    case mboxrd
    /// Nothing was changed; Content-Length says how many octets of body there are.
    case mboxcl2
}

/// Header fields that mail programs keep in an mbox for themselves.
package struct MboxFields: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Status, X-Status, X-Keywords; X-Mozilla-Status, X-Mozilla-Status2 and X-Mozilla-Keys.
    package static let status = MboxFields(rawValue: 1)
    /// X-UID; X-IMAP and X-IMAPbase in the first message.
    package static let uid = MboxFields(rawValue: 2)
    /// Content-Length, which is wrong as soon as the line ends change.
    package static let contentLength = MboxFields(rawValue: 4)
}

package struct MboxLimits: Sendable {
    /// Octets of a header in which fields are looked for; what is behind them is content as it stands.
    package var header = 262_144
    /// Octets of a field, with its name and continuation lines, that is understood. A longer one is content.
    package var field = 8_192
    /// Octets of a From_ line. A longer one is content.
    package var separator = 1_024

    package init() {}

    /// How many octets from where it stopped the caller must be able to keep while more are asked for.
    package var input: Int { max(field, separator) + 64 }
    /// How many octets are wanted when it asks what stands ahead.
    package var ahead: Int { separator + 8 }
}

/// What the whole of an mbox says of itself, in X-IMAP or X-IMAPbase of its first message.
package struct MboxFolder: Equatable, Sendable {
    package var uidValidity: UInt32
    /// The highest UID that was given out.
    package var lastUID: UInt32
    /// The folder's keywords, at most 128.
    package var keywords: [String]

    package init(uidValidity: UInt32, lastUID: UInt32, keywords: [String] = []) {
        (self.uidValidity, self.lastUID, self.keywords) = (uidValidity, lastUID, keywords)
    }
}

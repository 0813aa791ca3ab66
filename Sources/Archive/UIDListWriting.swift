// Writes Dovecot's `dovecot-uidlist`, version 3: a heading, and a line for each message in the order of the UIDs, so that
// it can be written while the messages are.

extension UIDList {
    /// - Parameter nextUID: The UID that the next message will get. Readers take more when the lines say more.
    package static func heading(uidValidity: UInt32, nextUID: UInt32) -> [UInt8] {
        Array("3 V\(uidValidity) N\(nextUID)\n".utf8)
    }

    /// - Parameter uid: Above the one of the line before.
    package static func line(uid: UInt32, name: MaildirFileName) -> [UInt8] {
        Array("\(uid) :".utf8) + name.withoutFlags + [0x0A]
    }
}

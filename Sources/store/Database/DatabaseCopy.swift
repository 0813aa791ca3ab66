// A copy of a database as the backup that asked for it reads it: what must come along for the copy to be worth something.

/// A snapshot in a file of its own that nobody writes to. Used by one thread; everything blocks.
package protocol DatabaseCopy {
    /// Tells databases apart, the same for all copies of one, and gives no secret away.
    func identity() throws(DatabaseError) -> String

    func messageCount() throws(DatabaseError) -> UInt64

    /// No message lies at or behind it.
    func end() throws(DatabaseError) -> SpoolPosition

    /// The segments that messages lie in, ascending, and where the last message of each ends.
    func segments() throws(DatabaseError) -> [(number: UInt64, end: UInt64)]

    /// Those of messages of which it was not known whether their bytes were on the disk.
    func unsyncedSegments() throws(DatabaseError) -> [UInt64]

    /// Numbers of the files that large messages refer to, ascending.
    func ownFiles() throws(DatabaseError) -> [UInt64]
}

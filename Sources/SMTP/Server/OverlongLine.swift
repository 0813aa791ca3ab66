// A command line beyond its limit, swallowed without being kept.

struct OverlongLine {
    enum Progress { case open, ended, bareLineFeed, endless }

    private(set) var isOpen = false
    /// What is said when it has ended.
    private(set) var reply = StandardReply.lineTooLong
    private var swallowed = 0
    private var endsInCarriageReturn = false

    mutating func open(saying reply: StandardReply) {
        isOpen = true
        self.reply = reply
        swallowed = 0
        endsInCarriageReturn = false
    }

    /// Moves `offset` behind the CRLF that ends the line, or over everything.
    mutating func swallow(_ bytes: borrowing Span<UInt8>, from offset: inout Int, limit: Int) -> Progress {
        while offset < bytes.count {
            let octet = bytes[offset]
            offset += 1
            swallowed += 1
            if octet == 10 {
                isOpen = false
                return endsInCarriageReturn ? .ended : .bareLineFeed
            }
            endsInCarriageReturn = octet == 13
            if swallowed >= limit {
                isOpen = false
                return .endless
            }
        }
        return .open
    }
}

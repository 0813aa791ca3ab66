// Messages of lines that look like the format, written and read again.
import Archive
import FuzzRun

enum WriteRun {
    private static let words = [
        "From ", "From", "Fro", ">From ", ">>From ", ">", "From a Mon Nov 24 18:22:48 1986", "\r\n", "\r\n", "\r\n\r\n", "\r",
        "\r\r\n", "\r\n\r\nFrom - ", "t", ".", "\0", "\u{E9}", " ", "Status: D\r\n", "X-UID: 3\r\n", "Content-Length: 2\r\n",
    ].map { Array($0.utf8) }

    /// - Returns: the octets of the file.
    static func play(_ random: inout SplitMix) -> Int {
        var writer = MboxWriter(lineEnd: random.chance(50) ? .lf : .crlf)
        var file: [UInt8] = []
        var messages: [[UInt8]] = []
        for _ in 0..<random.below(5) {
            let message = (0..<random.below(25)).flatMap { _ in random.pick(words) }
            let facts = ArchivedMessage(flags: ArchivedFlags(rawValue: UInt8(random.below(128))), uid: 1)
            let sender = String(decoding: random.octets(random.below(20)), as: UTF8.self)
            let date = Int64(random.next() % 300_000_000_000) - 10_000_000
            writer.begin(sender: sender, date: date, message: random.chance(50) ? facts : nil, into: &file)
            var start = 0
            while start < message.count {
                let end = min(message.count, start + 1 + random.below(30))
                let piece = Array(message[start..<end])
                writer.append(piece.span, into: &file)
                start = end
            }
            writer.finish(into: &file)
            messages.append(message)
        }
        var settings = Reading.Settings(&random)
        (settings.dialect, settings.removes, settings.limits) = (.mboxrd, [], MboxLimits())
        let reading = Reading.read(file, pieces: 1 + random.below(100), settings)
        precondition(reading.messages.count == messages.count, "another number of messages")
        for (read, message) in zip(reading.messages, messages) {
            let isEnded = message.isEmpty || message.suffix(2).elementsEqual([0x0D, 0x0A])
            // The fields of status stand before it.
            precondition(
                read.octets.suffix(message.count + (isEnded ? 0 : 2)).elementsEqual(message + (isEnded ? [] : [0x0D, 0x0A])))
        }
        return file.count
    }
}

// Our names as NTLM wants them ([MS-NLMP] §2.2.2.1), and the same in what a client gives back.

struct NTLMNames {
    /// mail.example.org
    let host: String
    /// MAIL: NetBIOS knows 15 octets.
    let machine: String
    /// example.org; the host itself if it has no dot.
    let domain: String

    init(serverName: String) {
        host = String(serverName.utf8.prefix(255).filter { 0x21...0x7E ~= $0 }.map { Character(Unicode.Scalar($0)) })
        let labels = host.split(separator: ".", maxSplits: 1)
        let first = labels.first.map(String.init) ?? ""
        machine = UTF16Text.asciiCapitals(String((first.isEmpty ? "MAIL" : first).prefix(15)))
        domain = labels.count == 2 ? String(labels[1]) : host
    }

    private enum Pair: UInt16 {
        case end = 0
        case netBIOSMachine = 1
        case netBIOSDomain = 2
        case host = 3
        case domain = 4
        case timestamp = 7
    }

    /// We are no member of a domain: the machine's name stands for it.
    func pairs(unixTime: Int64) -> [UInt8] {
        // FILETIME: 100 ns since 1601.
        let time = UInt64(clamping: unixTime &+ 11_644_473_600) &* 10_000_000
        let texts: [(Pair, String)] = [
            (.netBIOSDomain, machine), (.netBIOSMachine, machine), (.domain, domain), (.host, host),
        ]
        return texts.flatMap { Self.pair($0, UTF16Text.encode($1)) }
            + Self.pair(.timestamp, (0..<8).map { UInt8(truncatingIfNeeded: time >> (8 * $0)) }) + Self.pair(.end, [])
    }

    private static func pair(_ pair: Pair, _ value: [UInt8]) -> [UInt8] {
        [pair.rawValue, UInt16(value.count)].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] } + value
    }

    /// Whether it is one of ours, in any case.
    func isOurs(_ name: String) -> Bool {
        let name = UTF16Text.asciiCapitals(name)
        return [host, machine, domain].contains { UTF16Text.asciiCapitals($0) == name }
    }

    /// The host that a client's response was made for. The list must end where it says.
    static func machine(in octets: ArraySlice<UInt8>) throws(NTLMFault) -> String? {
        var rest = octets
        var host: String?
        while rest.count >= 4 {
            let number = UInt16(rest[rest.startIndex]) | UInt16(rest[rest.startIndex + 1]) << 8
            let count = Int(rest[rest.startIndex + 2]) | Int(rest[rest.startIndex + 3]) << 8
            rest = rest.dropFirst(4)
            guard number != Pair.end.rawValue else { return host }
            guard count <= rest.count else { break }
            if number == Pair.host.rawValue { host = UTF16Text.decode(rest.prefix(count)) }
            rest = rest.dropFirst(count)
        }
        throw NTLMFault(reason: "a list of names of NTLM without its end")
    }
}

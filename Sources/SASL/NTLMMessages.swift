// The three messages of NTLM ([MS-NLMP] §2.2.1): reading two, writing one. Every length and offset in them is a
// stranger's word.

/// [MS-NLMP] §2.2.2.5.
struct NTLMFlags: OptionSet {
    let rawValue: UInt32

    static let unicode = NTLMFlags(rawValue: 0x0000_0001)
    static let oem = NTLMFlags(rawValue: 0x0000_0002)
    static let requestTarget = NTLMFlags(rawValue: 0x0000_0004)
    static let ntlm = NTLMFlags(rawValue: 0x0000_0200)
    static let anonymous = NTLMFlags(rawValue: 0x0000_0800)
    static let alwaysSign = NTLMFlags(rawValue: 0x0000_8000)
    static let targetIsServer = NTLMFlags(rawValue: 0x0002_0000)
    static let extendedSecurity = NTLMFlags(rawValue: 0x0008_0000)
    static let targetNames = NTLMFlags(rawValue: 0x0080_0000)
}

struct NTLMFault: Error {
    let reason: String
}

/// A message's octets, read within their bounds.
struct NTLMReader {
    static let signature = Array("NTLMSSP\0".utf8)
    private let octets: [UInt8]

    /// - Parameter count: octets that this type of message has at least.
    init(_ octets: [UInt8], type: UInt32, atLeast count: Int) throws(NTLMFault) {
        self.octets = octets
        guard octets.count >= count, octets.starts(with: Self.signature), word(8) == type else {
            throw NTLMFault(reason: "no message of NTLM's type \(type)")
        }
    }

    /// Four octets, little-endian; within the least count.
    func word(_ offset: Int) -> UInt32 {
        octets[offset..<(offset + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// A security buffer: length, space (which means nothing) and offset. The empty one may point anywhere.
    func field(_ offset: Int, behind header: Int) throws(NTLMFault) -> ArraySlice<UInt8> {
        let length = Int(word(offset) & 0xFFFF)
        guard length > 0 else { return [] }
        let start = Int(word(offset + 4))
        guard start >= header, start <= octets.count, length <= octets.count - start else {
            throw NTLMFault(reason: "a field of NTLM outside its message")
        }
        return octets[start..<(start + length)]
    }
}

/// [MS-NLMP] §2.2.1.1. Its names say nothing that we need, and NTLM's own flag not either: ntlm-auth leaves it out.
struct NTLMNegotiate {
    let flags: NTLMFlags

    init(_ octets: [UInt8]) throws(NTLMFault) {
        flags = NTLMFlags(rawValue: try NTLMReader(octets, type: 1, atLeast: 16).word(12))
        guard flags.contains(.unicode) || flags.contains(.oem) else {
            throw NTLMFault(reason: "NTLM without a character set")
        }
    }
}

/// [MS-NLMP] §2.2.1.2.
struct NTLMChallenge {
    /// 8 octets.
    let challenge: [UInt8]
    let names: NTLMNames
    /// Seconds since 1970.
    let unixTime: Int64

    func message(answering asked: NTLMFlags) -> [UInt8] {
        var flags: NTLMFlags = [.ntlm, .targetNames, .targetIsServer, .requestTarget]
        flags.insert(asked.contains(.unicode) ? .unicode : .oem)
        // No session follows that could be signed or sealed; these two only have to be echoed.
        flags.formUnion(asked.intersection([.alwaysSign, .extendedSecurity]))
        let target = asked.contains(.unicode) ? UTF16Text.encode(names.machine) : Array(names.machine.utf8)
        let pairs = names.pairs(unixTime: unixTime)
        let payload = 48
        return NTLMReader.signature + Self.word(2) + Self.field(target.count, payload) + Self.word(flags.rawValue)
            + challenge + Self.word(0) + Self.word(0) + Self.field(pairs.count, payload + target.count) + target + pairs
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func field(_ count: Int, _ offset: Int) -> [UInt8] {
        word(UInt32(count) | UInt32(count) << 16) + word(UInt32(offset))
    }
}

/// NtChallengeResponse ([MS-NLMP] §2.2.2.6 and §2.2.2.8).
enum NTLMResponse {
    /// 24 octets, and the 8 of the client's own challenge if its flags speak of one ([MS-NLMP] §3.3.1).
    case version1([UInt8], ownChallenge: [UInt8]?)
    /// - `proof`: NTProofStr ([MS-NLMP] §3.3.2), 16 octets. `of`: `temp`, what the proof is of, after our challenge.
    /// - `server`: who the client believes that it spoke to; nil if it did not say.
    case version2(proof: [UInt8], of: [UInt8], server: String?)
}

/// [MS-NLMP] §2.2.1.3, with what a client of ours may say in it.
struct NTLMAuthenticate {
    /// As they came: they are part of what is hashed.
    let user: String
    let domain: String
    let response: NTLMResponse

    /// Old clients leave out the version and the MIC, which follow.
    private static let header = 64
    /// NTProofStr, the 28 octets before the target's names, and the end of those.
    private static let smallestResponse = 16 + 28 + 4

    init(_ octets: [UInt8]) throws(NTLMFault) {
        let reader = try NTLMReader(octets, type: 3, atLeast: Self.header)
        let flags = NTLMFlags(rawValue: reader.word(60))
        let newer = try reader.field(20, behind: Self.header)
        let older = try reader.field(12, behind: Self.header)
        let isUnicode = flags.contains(.unicode)
        domain = try Self.name(reader.field(28, behind: Self.header), isUnicode)
        user = try Self.name(reader.field(36, behind: Self.header), isUnicode)
        guard !user.isEmpty, !flags.contains(.anonymous) else { throw NTLMFault(reason: "NTLM without a user") }
        if newer.count == 24 {
            let hasOwnChallenge = flags.contains(.extendedSecurity) && older.count == 24
            response = .version1(Array(newer), ownChallenge: hasOwnChallenge ? Array(older.prefix(8)) : nil)
        } else {
            response = try Self.version2(newer)
        }
    }

    private static func version2(_ response: ArraySlice<UInt8>) throws(NTLMFault) -> NTLMResponse {
        guard response.count >= smallestResponse else { throw NTLMFault(reason: "NTLM without a response of its own: LM?") }
        let proven = Array(response.dropFirst(16))
        // RespType and HiRespType ([MS-NLMP] §2.2.2.7).
        guard proven[0] == 1, proven[1] == 1 else { throw NTLMFault(reason: "a response of NTLM that is not version 2") }
        let server = try NTLMNames.machine(in: proven[28...])
        return .version2(proof: Array(response.prefix(16)), of: proven, server: server)
    }

    /// In OEM the code page is anybody's guess: ASCII only.
    private static func name(_ octets: ArraySlice<UInt8>, _ isUnicode: Bool) throws(NTLMFault) -> String {
        guard octets.count <= 2 * Preparation.userLimit else { throw NTLMFault(reason: "a name of \(octets.count) octets") }
        if isUnicode, let name = UTF16Text.decode(octets) { return name }
        guard !isUnicode, octets.allSatisfy({ 0x20...0x7E ~= $0 }) else {
            throw NTLMFault(reason: "a name of NTLM in no character set of ours")
        }
        return String(decoding: octets, as: UTF8.self)
    }
}

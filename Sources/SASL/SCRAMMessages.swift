// The client's two messages of SCRAM, in the grammar of RFC 5802 §7.
import Mail

/// Why a message is none.
struct SCRAMFault: Error {
    let reason: String
}

/// client-first-message = gs2-header client-first-message-bare
struct SCRAMClientFirst {
    enum Binding: Equatable {
        /// `n`: the client cannot.
        case none
        /// `y`: the client can, and believes that we cannot.
        case unoffered
        /// `p=`: this type is bound.
        case type(String)
    }

    /// Octets. gsasl sends 24, Thunderbird 40.
    static let nonceLimit = 256

    let binding: Binding
    let authorization: String?
    let user: String
    let nonce: [UInt8]
    /// As they came: both are hashed again later.
    let header: [UInt8]
    let bare: [UInt8]

    init(_ octets: [UInt8]) throws(SCRAMFault) {
        let parts = octets.split(separator: 0x2C, omittingEmptySubsequences: false)
        guard parts.count >= 4 else { throw SCRAMFault(reason: "SCRAM's first message has \(parts.count) attributes") }
        binding = try Self.binding(parts[0])
        // gs2-header = gs2-cbind-flag "," [ authzid ] ","
        authorization = parts[1].isEmpty ? nil : try Self.name(parts[1], "a")
        header = Array(octets[..<parts[2].startIndex])
        bare = Array(octets[parts[2].startIndex...])
        // client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]
        guard parts[2].first != UInt8(ascii: "m") else { throw SCRAMFault(reason: "a mandatory extension of SCRAM") }
        user = try Self.name(parts[2], "n")
        nonce = Array(try SCRAMAttribute.value(of: parts[3], "r"))
        guard !nonce.isEmpty, nonce.count <= Self.nonceLimit, nonce.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw SCRAMFault(reason: "a nonce of SCRAM that cannot be")
        }
        try SCRAMAttribute.checkExtensions(parts[4...])
    }

    // gs2-cbind-flag = ("p=" cb-name) / "n" / "y"     cb-name = 1*(ALPHA / DIGIT / "." / "-")
    private static func binding(_ part: ArraySlice<UInt8>) throws(SCRAMFault) -> Binding {
        if part.elementsEqual("n".utf8) { return .none }
        if part.elementsEqual("y".utf8) { return .unoffered }
        let type = try SCRAMAttribute.value(of: part, "p")
        guard !type.isEmpty, type.count <= 64, type.allSatisfy(SCRAMAttribute.isNameCharacter) else {
            throw SCRAMFault(reason: "a type of channel binding that cannot be")
        }
        return .type(String(decoding: type, as: UTF8.self))
    }

    // saslname = 1*(value-safe-char / "=2C" / "=3D")
    private static func name(_ part: ArraySlice<UInt8>, _ letter: Unicode.Scalar) throws(SCRAMFault) -> String {
        var rest = try SCRAMAttribute.value(of: part, letter)
        var name: [UInt8] = []
        while let octet = rest.popFirst() {
            if octet != 0x3D {
                name.append(octet)
                continue
            }
            let escape = rest.prefix(2)
            rest = rest.dropFirst(2)
            if escape.elementsEqual("2C".utf8) {
                name.append(0x2C)
            } else if escape.elementsEqual("3D".utf8) {
                name.append(0x3D)
            } else {
                throw SCRAMFault(reason: "an escape in a name that is neither =2C nor =3D")
            }
        }
        guard let prepared = Preparation.user(name) else { throw SCRAMFault(reason: "a user name that cannot be") }
        return prepared
    }
}

/// client-final-message = client-final-message-without-proof "," proof
struct SCRAMClientFinal {
    let binding: [UInt8]
    let nonce: [UInt8]
    let proof: [UInt8]
    let withoutProof: [UInt8]

    // client-final-message-without-proof = channel-binding "," nonce ["," extensions]
    init(_ octets: [UInt8]) throws(SCRAMFault) {
        let parts = octets.split(separator: 0x2C, omittingEmptySubsequences: false)
        guard parts.count >= 3 else { throw SCRAMFault(reason: "SCRAM's last message has \(parts.count) attributes") }
        let last = parts[parts.count - 1]
        guard let binding = Base64.decode(try SCRAMAttribute.value(of: parts[0], "c")),
            let proof = Base64.decode(try SCRAMAttribute.value(of: last, "p"))
        else { throw SCRAMFault(reason: "SCRAM's last message holds bad base64") }
        self.binding = binding
        self.proof = proof
        nonce = Array(try SCRAMAttribute.value(of: parts[1], "r"))
        try SCRAMAttribute.checkExtensions(parts[2..<(parts.count - 1)])
        withoutProof = Array(octets[..<(last.startIndex - 1)])
    }
}

/// attr-val = ALPHA "=" value
enum SCRAMAttribute {
    /// Letters that have a meaning, and so cannot begin an extension.
    private static let known = Array("anmrcsipve".utf8)

    static func value(of part: ArraySlice<UInt8>, _ letter: Unicode.Scalar) throws(SCRAMFault) -> ArraySlice<UInt8> {
        guard part.count >= 2, part[part.startIndex] == UInt8(ascii: letter), part[part.startIndex + 1] == 0x3D else {
            throw SCRAMFault(reason: "no attribute \(letter) where SCRAM has it")
        }
        return part.dropFirst(2)
    }

    /// Optional extensions are ignored; what is not even one is refused.
    static func checkExtensions(_ parts: ArraySlice<ArraySlice<UInt8>>) throws(SCRAMFault) {
        for part in parts {
            guard part.count >= 3, let letter = part.first, isLetter(letter), !known.contains(letter),
                part[part.startIndex + 1] == 0x3D, !part.contains(0), String(validating: part, as: UTF8.self) != nil
            else { throw SCRAMFault(reason: "an extension of SCRAM that is none") }
        }
    }

    static func isNameCharacter(_ octet: UInt8) -> Bool {
        isLetter(octet) || 0x30...0x39 ~= octet || octet == 0x2E || octet == 0x2D
    }

    private static func isLetter(_ octet: UInt8) -> Bool { 0x41...0x5A ~= octet || 0x61...0x7A ~= octet }
}

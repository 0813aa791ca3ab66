// The first frames of a channel, before any word of the edge: version, room, release, and a proof where one is demanded.
//
//  server → asker   greeting      edge, room, release, nonce, whether a proof is demanded
//  asker → server   introduction  edge, room, release, proof
//  server → asker   welcome       or refusal with its reason, after which the server closes
//
// Payload: version (4 bytes, little-endian), step (1 byte), then the step's body. Version, step and a refusal's body
// (UTF-8 text) stay as they are in every version, so that two versions can tell each other why they do not talk.
import Crypto
import Mail
import NIOCore

enum Hello: Equatable {
    case greeting(Greeting)
    case introduction(Introduction)
    case welcome
    case refusal(String)

    struct Greeting: Codable, Equatable {
        let edge: String
        let room: String
        let release: String
        let nonce: [UInt8]
        let demandsProof: Bool
    }

    struct Introduction: Codable, Equatable {
        let edge: String
        let room: String
        let release: String
        let proof: [UInt8]
    }

    static let nonceLength = 32
    /// Bytes of a room's release or a refusal that are looked at.
    private static let textLimit = 512
}

/// Why a hello failed. The text is for both rooms' journals.
struct HelloFailure: Error, Equatable {
    let because: String

    init(_ because: String) { self.because = because }
}

// The bytes.
extension Hello {
    private var step: UInt8 {
        switch self {
        case .greeting: 0
        case .introduction: 1
        case .welcome: 2
        case .refusal: 3
        }
    }

    func payload(version: UInt32) throws(BinaryCoderError) -> ByteBuffer {
        var buffer = ByteBuffer(integer: version, endianness: .little)
        buffer.writeInteger(step)
        switch self {
        case .greeting(let greeting): try BinaryEncoder.encode(greeting, into: &buffer)
        case .introduction(let introduction): try BinaryEncoder.encode(introduction, into: &buffer)
        case .welcome: break
        case .refusal(let text): buffer.writeString(Self.printable(text))
        }
        return buffer
    }

    /// Reads a hello of our own version, or a refusal of any.
    init(_ payload: ByteBuffer, version: UInt32, edge: String) throws(HelloFailure) {
        var bytes = payload
        guard let theirs = bytes.readInteger(endianness: .little, as: UInt32.self),
            let step: UInt8 = bytes.readInteger()
        else { throw HelloFailure("hello of \(payload.readableBytes) bytes") }
        if step == 3 {
            self = .refusal(Self.printable(bytes.readString(length: bytes.readableBytes) ?? ""))
            return
        }
        guard theirs == version else {
            throw HelloFailure("\(edge): the other room speaks version \(theirs), this one version \(version)")
        }
        do throws(BinaryCoderError) {
            switch step {
            case 0: self = .greeting(try BinaryDecoder.decode(Greeting.self, from: bytes))
            case 1: self = .introduction(try BinaryDecoder.decode(Introduction.self, from: bytes))
            case 2 where bytes.readableBytes == 0: self = .welcome
            default: throw .malformed("step \(step)")
            }
        } catch { throw HelloFailure("\(edge): hello does not decode: \(error)") }
    }

    /// Text from a peer, made fit for a line of a journal.
    static func printable(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(textLimit).map { scalar -> Character in
            scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
                || scalar.value == 0x2028 || scalar.value == 0x2029 ? "?" : Character(scalar)
        }
        return String(scalars)
    }

    /// HMAC-SHA256 by the edge's key over nonce, edge, 0, room.
    static func proof(key: SymmetricKey, nonce: [UInt8], edge: String, room: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: proven(nonce, edge, room), using: key))
    }

    static func proves(_ proof: [UInt8], key: SymmetricKey, nonce: [UInt8], edge: String, room: String) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(proof, authenticating: proven(nonce, edge, room), using: key)
    }

    private static func proven(_ nonce: [UInt8], _ edge: String, _ room: String) -> [UInt8] {
        nonce + Array(edge.utf8) + [0] + Array(room.utf8)
    }
}

/// What the two sides must agree on, and what each does with the other's words. No socket, no clock.
struct HelloTerms: Sendable {
    let edge: String
    let asker: RoomName
    let server: RoomName
    let identity: Identity
    var version = WireVersion.current

    init(_ edge: (some Edge).Type, identity: Identity) {
        self.edge = edge.name
        asker = edge.asker
        server = edge.server
        self.identity = identity
    }

    /// Serving side: what we say first.
    func greeting(nonce: [UInt8], demandsProof: Bool) -> Hello {
        .greeting(
            .init(
                edge: edge, room: identity.room.rawValue, release: identity.release, nonce: nonce,
                demandsProof: demandsProof))
    }

    /// Asking side: our answer to the greeting, and the serving room's release.
    func introduction(to greeting: Hello.Greeting) throws(HelloFailure) -> (Hello, release: String) {
        guard greeting.edge == edge else {
            throw HelloFailure("\(edge): this is the socket of edge \(Hello.printable(greeting.edge))")
        }
        guard greeting.room == server.rawValue else {
            throw HelloFailure("\(edge): the other room says it is \(Hello.printable(greeting.room))")
        }
        var proof: [UInt8] = []
        if greeting.demandsProof {
            guard greeting.nonce.count == Hello.nonceLength else {
                throw HelloFailure("\(edge): nonce of wrong length")
            }
            guard let key = identity.key?.key(edge) else {
                throw HelloFailure("\(edge): a proof is demanded and this room holds no key")
            }
            proof = Hello.proof(key: key, nonce: greeting.nonce, edge: edge, room: identity.room.rawValue)
        }
        let ours = Hello.Introduction(
            edge: edge, room: identity.room.rawValue, release: identity.release, proof: proof)
        return (.introduction(ours), Hello.printable(greeting.release))
    }

    /// Serving side: whether the asker may come in.
    func check(
        _ introduction: Hello.Introduction, nonce: [UInt8], demandsProof: Bool
    ) throws(HelloFailure) -> (RoomName, release: String) {
        guard introduction.edge == edge else {
            throw HelloFailure("\(edge): the peer asks for edge \(Hello.printable(introduction.edge))")
        }
        guard introduction.room == asker.rawValue else {
            throw HelloFailure("\(edge): room \(Hello.printable(introduction.room)) does not ask here")
        }
        if demandsProof {
            guard let key = identity.key?.key(edge) else {
                throw HelloFailure("\(edge): a proof is demanded and the serving room holds no key")
            }
            guard
                Hello.proves(
                    introduction.proof, key: key, nonce: nonce, edge: edge, room: introduction.room)
            else { throw HelloFailure("\(edge): the proof is wrong") }
        }
        return (asker, Hello.printable(introduction.release))
    }
}

/// Whether the kernel's word about a peer satisfies a rule. `groups` is nil when they could not be learnt.
extension PeerRule {
    func check(uid: UInt32, gid: UInt32, groups: [UInt32]?, edge: String) throws(HelloFailure) {
        if uids.contains(uid) || gids.contains(gid) { return }
        if let groups, groups.contains(where: gids.contains) { return }
        throw HelloFailure("\(edge): uid \(uid) gid \(gid) may not connect")
    }
}

// A name server for tests: answers over UDP on a loopback port, from a table that can change, and counts who asks what.

import Mail
import NIOCore
import NIOPosix
import Synchronization

final class NameServer: Sendable {
    enum Entry: Sendable {
        case mx([(UInt16, String)])
        case addresses([String])
        /// The name is another's.
        case alias(String)
        /// The name exists without records.
        case empty
        case servfail
        /// No answer at all.
        case silent
    }

    private let table: Mutex<[String: [UInt16: Entry]]>
    private let questions = Mutex<[String]>([])
    private let channel: any Channel

    var server: String { "127.0.0.1:\(channel.localAddress!.port!)" }
    /// "name type" of every question so far, in lower case, in order.
    var asked: [String] { questions.withLock { $0 } }

    init() async throws {
        table = Mutex([:])
        let relay = Relay()
        channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { $0.pipeline.addHandler(relay) }
            .bind(host: "127.0.0.1", port: 0).get()
        relay.server.withLock { $0 = self }
    }

    func stop() { channel.close(promise: nil) }

    /// What is not in the table does not exist.
    func mx(_ domain: String, _ exchanges: (UInt16, String)...) { set(domain, 15, .mx(exchanges)) }
    func address(_ host: String, _ addresses: String...) { set(host, 1, .addresses(addresses)) }
    func address6(_ host: String, _ addresses: String...) { set(host, 28, .addresses(addresses)) }
    func entry(_ name: String, _ entry: Entry) { set(name, 0, entry) }
    func remove(_ name: String) { table.withLock { $0[name] = nil } }

    func set(_ name: String, _ type: UInt16, _ entry: Entry) {
        table.withLock { $0[name, default: [:]][type] = entry }
    }

    /// - Returns: nil for no answer.
    fileprivate func answer(_ query: [UInt8]) -> [UInt8]? {
        var index = 12
        var labels: [String] = []
        while index < query.count, query[index] != 0 {
            let end = index + 1 + Int(query[index])
            guard end < query.count else { return nil }
            labels.append(String(decoding: query[index + 1..<end], as: UTF8.self).lowercased())
            index = end
        }
        guard index + 5 <= query.count else { return nil }
        let name = labels.joined(separator: ".")
        let type = UInt16(query[index + 1]) << 8 | UInt16(query[index + 2])
        questions.withLock { $0.append("\(name) \(type)") }
        let question = Array(query[12..<index + 5])
        return reply(id: Array(query[0..<2]), question, name, type)
    }

    private func reply(id: [UInt8], _ question: [UInt8], _ name: String, _ type: UInt16) -> [UInt8]? {
        var records: [[UInt8]] = []
        var code: UInt8 = 0
        switch table.withLock({ $0[name].map { $0[type] ?? $0[0] ?? .empty } }) {
        case nil: code = 3
        case .empty: break
        case .servfail: code = 2
        case .silent: return nil
        case .mx(let exchanges):
            records = exchanges.map { Self.record(15, [UInt8($0 >> 8), UInt8($0 & 255)] + Self.name($1)) }
        case .addresses(let texts):
            records = texts.map { InternetAddress($0)! }.map { address in
                let octets =
                    (0..<8).map { UInt8(truncatingIfNeeded: address.high >> (56 - 8 * $0)) }
                    + (0..<8).map { UInt8(truncatingIfNeeded: address.low >> (56 - 8 * $0)) }
                return Self.record(type, type == 1 ? Array(octets[12...]) : octets)
            }
        case .alias(let target): records = [Self.record(5, Self.name(target))]
        }
        let header = id + [0x85, 0x80 | code, 0, 1, 0, UInt8(records.count), 0, 0, 0, 0]
        return header + question + records.flatMap { $0 }
    }

    /// Points back to the question's name; lives for no second, so that every change is seen.
    private static func record(_ type: UInt16, _ data: [UInt8]) -> [UInt8] {
        [0xC0, 12, 0, UInt8(type), 0, 1, 0, 0, 0, 0, UInt8(data.count >> 8), UInt8(data.count & 255)] + data
    }

    private static func name(_ text: String) -> [UInt8] {
        text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    private final class Relay: ChannelInboundHandler, Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>
        let server = Mutex<NameServer?>(nil)

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            guard let server = server.withLock({ $0 }),
                let answer = server.answer(Array(envelope.data.readableBytesView))
            else { return }
            let reply = AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: answer))
            context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
        }
    }
}

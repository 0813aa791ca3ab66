// A DNS server of the tests: UDP on a loopback port, A and MX records from a table, SERVFAIL on demand.

import Foundation

final class FakeDNS: @unchecked Sendable {
    enum Record {
        case address(String)
        case exchange(preference: UInt16, host: String)
    }

    let port: UInt16
    private let descriptor: CInt
    private let lock = NSLock()
    private var records: [String: [Record]] = [:]
    private var broken: Set<String> = []
    private var asked: [String] = []
    private var isStopped = false

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(descriptor, raw, length) == 0 && getsockname(descriptor, raw, &length) == 0
            }
        }
        guard bound else { throw WireError(description: "the fake DNS server cannot bind") }
        port = UInt16(bigEndian: address.sin_port)
        var limit = timeval(tv_sec: 0, tv_usec: 100_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        Thread.detachNewThread { [self] in serve() }
    }

    deinit { close(descriptor) }

    func set(_ name: String, _ list: [Record]) { lock.withLock { records[name.lowercased()] = list } }
    func breakDown(_ name: String) { lock.withLock { _ = broken.insert(name.lowercased()) } }
    func repair(_ name: String) { lock.withLock { _ = broken.remove(name.lowercased()) } }
    /// Every question so far, as "MX example.net".
    var questions: [String] { lock.withLock { asked } }
    func stop() { lock.withLock { isStopped = true } }

    private func serve() {
        var packet = [UInt8](repeating: 0, count: 1_500)
        while !lock.withLock({ isStopped }) {
            var from = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &from) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, &packet, packet.count, 0, $0, &length)
                }
            }
            guard count > 12, let answer = answer(to: Array(packet[..<count])) else { continue }
            withUnsafePointer(to: from) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = sendto(descriptor, answer, answer.count, 0, $0, length)
                }
            }
        }
    }

    private func answer(to query: [UInt8]) -> [UInt8]? {
        var index = 12
        var labels: [String] = []
        while index < query.count, query[index] > 0 {
            let end = index + 1 + Int(query[index])
            guard end <= query.count else { return nil }
            labels.append(String(decoding: query[(index + 1)..<end], as: UTF8.self))
            index = end
        }
        guard index + 5 <= query.count else { return nil }
        let name = labels.joined(separator: ".").lowercased()
        let type = UInt16(query[index + 1]) << 8 | UInt16(query[index + 2])
        let question = Array(query[12..<(index + 5)])
        let (known, isBroken) = lock.withLock {
            asked.append("\(type == 15 ? "MX" : type == 1 ? "A" : type == 28 ? "AAAA" : "\(type)") \(name)")
            return (records[name], broken.contains(name))
        }
        var answers: [[UInt8]] = []
        for record in known ?? [] {
            switch record {
            case .address(let text) where type == 1:
                answers.append([0, 1, 0, 1, 0, 0, 0, 1, 0, 4] + text.split(separator: ".").map { UInt8($0)! })
            case .exchange(let preference, let host) where type == 15:
                let data = [UInt8(preference >> 8), UInt8(preference & 0xFF)] + FakeDNS.encode(host)
                answers.append([0, 15, 0, 1, 0, 0, 0, 1, 0, UInt8(data.count)] + data)
            default: break
            }
        }
        let code: UInt8 = isBroken ? 2 : known == nil ? 3 : 0
        var packet = Array(query[0..<2]) + [0x85, 0x80 | code, 0, 1, 0, UInt8(answers.count), 0, 0, 0, 0] + question
        for answer in answers { packet += [0xC0, 0x0C] + answer }
        return packet
    }

    private static func encode(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }
}

// The socket itself: in a network namespace of its own, where addresses come and go (A-20: followed live).

import Glibc
import Mail
import Testing

@testable import router

@Suite struct OwnAddressesTests {
    private static let mayMakeNamespaces = geteuid() == 0 && access("/usr/sbin/ip", X_OK) == 0

    @Test func theseAreTheAddressesOfThisMachine() throws {
        let own = try OwnAddresses()
        #expect(own.attached.isComplete && !own.isBehind)
        for address in Self.addressesByTheCLibrary() { #expect(own.contains(address), "\(address)") }
        #expect(own.contains(InternetAddress("127.0.0.1")!))
        #expect(!own.contains(InternetAddress("192.0.2.254")!))
        #expect(own.drain() == false)
    }

    @Test(.enabled(if: mayMakeNamespaces, "needs root and ip"))
    func anAddressThatComesOrGoesIsSeenWithinASecond() {
        let story = Story()
        story.tell {
            story.note("began", try !Self.has(OwnAddresses(), "10.9.8.7"))
            let own = try OwnAddresses()
            try Self.ip("addr", "add", "10.9.8.7/24", "dev", "lo")
            story.note("v4 came", try Self.isSeen(own) && Self.has(own, "10.9.8.7"))
            story.note("its subnet", own.privateSubnets.map(\.description) == ["10.9.8.0/24"])
            try Self.ip("addr", "add", "2001:db8::7/64", "dev", "lo")
            story.note("v6 came", try Self.isSeen(own) && Self.has(own, "2001:db8::7"))
            story.note("a public subnet does not count", own.privateSubnets.count == 1)
            try Self.ip("addr", "del", "10.9.8.7/24", "dev", "lo")
            story.note("v4 went", try Self.isSeen(own) && !Self.has(own, "10.9.8.7"))
            story.note("with its subnet", own.privateSubnets.isEmpty)
            try Self.ip("link", "add", "wire", "type", "veth", "peer", "name", "other")
            try Self.ip("addr", "add", "10.9.8.7/16", "dev", "wire")
            story.note("on another interface", try Self.isSeen(own) && Self.has(own, "10.9.8.7"))
            try Self.ip("link", "del", "wire")
            story.note("the interface went", try Self.isSeen(own) && !Self.has(own, "10.9.8.7"))
        }
        #expect(story.failed == [] && story.count == 9)
    }

    /// More news than the socket holds: the kernel says ENOBUFS, and a whole list mends it.
    @Test(.enabled(if: mayMakeNamespaces, "needs root and ip"))
    func afterAnOverrunAWholeListIsRead() {
        let story = Story()
        story.tell {
            let own = try OwnAddresses()
            var size: Int32 = 2_048
            _ = setsockopt(own.descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
            for number in 1...60 { try Self.ip("addr", "add", "10.1.\(number).1/32", "dev", "lo") }
            story.note("seen", try Self.isSeen(own))
            let missing = (1...60).filter { !Self.has(own, "10.1.\($0).1") }
            story.note("all there but \(missing)", missing.isEmpty)
            story.note("nothing left to ask", !own.isBehind)
        }
        #expect(story.failed == [] && story.count == 3)
    }

    private static func has(_ own: OwnAddresses, _ text: String) -> Bool { own.contains(InternetAddress(text)!) }

    /// Waits a second at most for news.
    private static func isSeen(_ own: OwnAddresses) throws -> Bool {
        var wait = pollfd(fd: own.descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, 1_000) == 1 else { return false }
        return own.drain()
    }

    struct Failed: Error, CustomStringConvertible { let description: String }

    /// Runs `ip` in the namespace of this thread.
    private static func ip(_ words: String...) throws {
        var child: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = (["ip"] + words).map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)
        guard posix_spawn(&child, "/usr/sbin/ip", nil, nil, arguments, environ) == 0 else {
            throw Failed(description: "ip cannot be run")
        }
        var status: Int32 = 0
        guard waitpid(child, &status, 0) == child, status == 0 else {
            throw Failed(description: "ip \(words.joined(separator: " ")): \(status)")
        }
    }

    private static func addressesByTheCLibrary() -> [InternetAddress] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [InternetAddress] = []
        var next = first
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let address = entry.pointee.ifa_addr, [AF_INET, AF_INET6].contains(Int32(address.pointee.sa_family))
            else { continue }
            var text = [CChar](repeating: 0, count: 128)
            let length = socklen_t(address.pointee.sa_family == AF_INET ? 16 : 28)
            guard getnameinfo(address, length, &text, 128, nil, 0, NI_NUMERICHOST) == 0 else { continue }
            let name = String(decoding: text.prefix { $0 != 0 && $0 != 0x25 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if let own = InternetAddress(name) { found.append(own) }
        }
        return found
    }
}

/// What happened on a thread with a network namespace of its own. The thread ends with it, so no other test is moved.
private final class Story: @unchecked Sendable {
    // Unchecked: written by its thread, read after that has ended.
    private(set) var failed: [String] = []
    private(set) var count = 0
    private var body: () throws -> Void = {}

    func note(_ event: String, _ isTrue: Bool) {
        count += 1
        if !isTrue { failed.append(event) }
    }

    func tell(_ body: @escaping () throws -> Void) {
        self.body = body
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { story in
                Unmanaged<Story>.fromOpaque(story!).takeUnretainedValue().run()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
        guard code == 0 else { return failed.append("no thread: \(code)") }
        pthread_join(thread, nil)
        self.body = {}
    }

    private func run() {
        // Swift's Glibc does not name unshare.
        guard let symbol = dlsym(nil, "unshare") else { return failed.append("no unshare") }
        let unshare = unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
        guard unshare(0x4000_0000) == 0 else { return failed.append("no namespace: \(errno)") }  // CLONE_NEWNET
        do { try body() } catch { failed.append("\(error)") }
    }
}

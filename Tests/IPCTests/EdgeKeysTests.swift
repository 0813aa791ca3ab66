// The keys of edges: made, handed over a descriptor, never shown.
import Glibc
import NIOCore
import Testing

@testable import IPC

struct EdgeKeysTests {
    private func pipe() -> (read: CInt, write: CInt) {
        var ends: [CInt] = [0, 0]
        _ = Glibc.pipe(&ends)
        return (ends[0], ends[1])
    }

    @Test func overADescriptor() throws {
        let keys = EdgeKeys.generate(edges: ["listener-router", "router-store"])
        let ends = pipe()
        try keys.write(to: ends.write)
        var after: UInt8 = 0x2a
        #expect(write(ends.write, &after, 1) == 1)
        let read = try EdgeKeys.read(fd: ends.read)
        #expect(read.edges == ["listener-router", "router-store"])
        for edge in read.edges { #expect(read.key(edge) == keys.key(edge)) }
        var next: UInt8 = 0
        #expect(Glibc.read(ends.read, &next, 1) == 1)
        #expect(next == 0x2a, "not a byte too many")
        close(ends.read)
        close(ends.write)
    }

    @Test func keysDiffer() {
        let keys = EdgeKeys.generate(edges: ["a", "b"])
        #expect(keys.key("a") != keys.key("b"))
        #expect(keys.key("a") != EdgeKeys.generate(edges: ["a"]).key("a"))
        #expect(keys.key("a")?.bitCount == 256)
        #expect(keys.key("c") == nil)
        #expect(keys.subset(edges: ["b", "c"]).edges == ["b"])
        #expect(keys.subset(edges: ["b"]).key("b") == keys.key("b"))
    }

    @Test func neverShown() {
        let keys = EdgeKeys.generate(edges: ["a"])
        #expect("\(keys)" == "EdgeKeys(a)")
        var dumped = ""
        dump(keys, to: &dumped)
        #expect(!dumped.contains("keys"))
        #expect(String(reflecting: Identity(room: .router, release: "1", key: keys)).contains("EdgeKeys(a)"))
    }

    @Test(arguments: [
        "", "01", "ffffffff", "00800000", "05000000", "0400000000000000ff", "01000000ff",
        "0a000000 01000000 0161 00000000",
    ])
    func rubbish(bytes: String) throws {
        let ends = pipe()
        let buffer = unhex(bytes)
        _ = buffer.withUnsafeReadableBytes { write(ends.write, $0.baseAddress, $0.count) }
        close(ends.write)
        if bytes == "0400000000000000ff" {
            #expect(try EdgeKeys.read(fd: ends.read).edges == [], "no keys are keys too; what follows is not ours")
        } else {
            #expect(throws: (any Error).self) { try EdgeKeys.read(fd: ends.read) }
        }
        close(ends.read)
    }

    @Test func badDescriptor() {
        #expect(throws: SystemCallError("read", EBADF)) { try EdgeKeys.read(fd: 999) }
        #expect(throws: SystemCallError("write", EBADF)) { try EdgeKeys.generate(edges: ["a"]).write(to: 999) }
    }
}

// The walls of the running house: the attack matrix, and sockets that must not exist.

import Foundation
import Testing

@Suite struct WallTests {
    /// F-1: every forbidden act is tried from inside the running rooms, and none gets through.
    @Test func nothingGetsThrough() throws {
        let house = try House()
        defer { house.stop() }
        let proof = try house.postern(["confine", "--prove"])
        #expect(proof.status == 0, "\(proof.output)\(proof.error)")
        for room in ["listener", "router", "store", "delivery"] { #expect(proof.output.contains(room)) }
        #expect(try house.send(to: ["alice@example.test"], "Subject: alive\r\n\r\nx").hasPrefix("250"))
    }

    /// The same without root: one user for all rooms, and still they cannot reach each other.
    @Test(.enabled(if: getuid() == 0, "only root can become somebody else"))
    func nothingGetsThroughWithoutRootEither() throws {
        let folder = "/var/tmp/postern-test-unprivileged-\(getpid())"
        for path in [folder, folder + "/etc"] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o755, .ownerAccountID: 65_534, .groupOwnerAccountID: 65_534])
        }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try """
        [server]
        hostname = "mail.example.test"
        state = "\(folder)/state"
        [[listen]]
        service = "smtp"
        address = "127.0.0.1"
        port = \(House.freePort())
        tls = "none"
        """.write(toFile: folder + "/etc/postern.toml", atomically: true, encoding: .utf8)
        let script = """
            set -e
            cd /
            "$0/postern" run --config "$1/etc/postern.toml" 2> "$1/log" &
            house=$!
            for i in $(seq 300); do grep -q 'postern: ready' "$1/log" && break; sleep 0.1; done
            grep -q 'postern: ready' "$1/log" || { cat "$1/log"; kill $house; exit 3; }
            status=0
            "$0/postern" confine --prove --config "$1/etc/postern.toml" || status=$?
            kill $house
            wait $house || true
            exit $status
            """
        let result = try House.command(
            "/usr/bin/setpriv",
            [
                "--reuid", "65534", "--regid", "65534", "--clear-groups", "/bin/bash", "-c", script, House.programs,
                folder,
            ])
        #expect(result.status == 0, "\(result.output)\(result.error)")
    }

    /// The store has no TCP or UDP socket, before and after it served mail.
    @Test func theStoreHasNoNetworkSocket() throws {
        let house = try House()
        defer { house.stop() }
        try house.send(to: ["alice@example.test"], "Subject: x\r\n\r\nx")
        _ = try house.mailbox("alice")
        let store = try house.pid(of: "store")
        var inodes: Set<String> = []
        for table in ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"] {
            let text = (try? String(contentsOfFile: "/proc/net/\(table)", encoding: .utf8)) ?? ""
            for line in text.split(separator: "\n").dropFirst() {
                let words = line.split(separator: " ")
                if words.count > 9 { inodes.insert("socket:[\(words[9])]") }
            }
        }
        #expect(!inodes.isEmpty)
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(store)/fd")
        let links = descriptors.compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(store)/fd/\($0)")
        }
        #expect(links.contains { $0.hasPrefix("socket:") })
        #expect(links.filter(inodes.contains).isEmpty)
    }

    /// As root every room is a user of its own, without a capability.
    @Test(.enabled(if: getuid() == 0, "only root gives rooms users of their own"))
    func everyRoomIsItsOwnUser() throws {
        let house = try House()
        defer { house.stop() }
        var users: Set<String> = []
        for room in ["listener", "router", "store", "delivery"] {
            let status = try String(contentsOfFile: "/proc/\(house.pid(of: room))/status", encoding: .utf8)
            func value(_ key: String) -> String {
                status.split(separator: "\n").first { $0.hasPrefix(key + ":") }.map {
                    String($0.dropFirst(key.count + 1)).trimmingCharacters(in: .whitespaces)
                } ?? ""
            }
            users.insert(value("Uid"))
            #expect(!value("Uid").hasPrefix("0"))
            #expect(value("CapEff") == "0000000000000000" && value("CapPrm") == "0000000000000000")
            #expect(value("NoNewPrivs") == "1" && value("Seccomp") == "2")
        }
        #expect(users.count == 4)
    }
}

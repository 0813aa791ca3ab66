// sd_listen_fds(3), case by case.

import Testing

@testable import Systemd

struct SystemdSocketsTests {
    @Test(
        arguments: [
            ([:], []),
            (["LISTEN_FDS": "1"], []),
            (["LISTEN_PID": "7", "LISTEN_FDS": "2"], []),
            (["LISTEN_PID": "42", "LISTEN_FDS": "0"], []),
            (["LISTEN_PID": "42", "LISTEN_FDS": "0", "LISTEN_FDNAMES": ""], []),
            (["LISTEN_PID": "42", "LISTEN_FDS": "1"], [PassedSocket(descriptor: 3, name: "unknown")]),
            (
                ["LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "smtp:smtp:pop3"],
                [
                    PassedSocket(descriptor: 3, name: "smtp"), PassedSocket(descriptor: 4, name: "smtp"),
                    PassedSocket(descriptor: 5, name: "pop3"),
                ]
            ),
            (["LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": ""], [PassedSocket(descriptor: 3, name: "")]),
        ] as [([String: String], [PassedSocket])])
    func passed(environment: [String: String], expected: [PassedSocket]) throws {
        #expect(try SystemdSockets.passed(in: environment, to: 42) == expected)
    }

    @Test(
        arguments: [
            (["LISTEN_PID": "me", "LISTEN_FDS": "1"], .malformed(variable: "LISTEN_PID", value: "me")),
            (["LISTEN_PID": "42", "LISTEN_FDS": "-1"], .malformed(variable: "LISTEN_FDS", value: "-1")),
            (["LISTEN_PID": "42", "LISTEN_FDS": "many"], .malformed(variable: "LISTEN_FDS", value: "many")),
            (["LISTEN_PID": "42", "LISTEN_FDS": "257"], .tooManySockets(257)),
            (
                ["LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "smtp"],
                .malformed(variable: "LISTEN_FDNAMES", value: "smtp")
            ),
        ] as [([String: String], SystemdError)])
    func refused(environment: [String: String], error: SystemdError) {
        #expect(throws: error) { try SystemdSockets.passed(in: environment, to: 42) }
    }
}

// Every wrong setting has its line: file, line, key, what is wrong, what is allowed, the nearest name.

import Testing

@testable import Settings

@Suite struct FindingTests {
    /// What the check says of a text, one line each.
    static func check(_ text: String, file: String = "p.toml") -> [String] {
        do {
            return try Settings.parse(text, file: file).warnings.map { "\($0)" }
        } catch {
            return error.findings.map { "\($0)" }
        }
    }

    /// The text follows `[server]` and `hostname` on lines 1 and 2, so its first line is 3.
    static let wrong: [(text: String, findings: [String])] = [
        // Unknown names.
        ("staet = \"/x\"", ["p.toml:3: server.staet: unknown key; did you mean \"server.state\"?"]),
        (
            "\n\nmax_recipients = 5",
            ["p.toml:5: server.max_recipients: unknown key; did you mean \"smtp.max_recipients\"?"]
        ),
        ("quite_something = 5", ["p.toml:3: server.quite_something: unknown key; allowed: hostname, state, runtime"]),
        ("[smpt]\nmax_errors = 5", ["p.toml:3: smpt: unknown table; did you mean \"smtp\"?"]),
        (
            "[delivery.smart-host]\nhost = 5",
            ["p.toml:3: delivery.smart-host: unknown table; did you mean \"delivery.smarthost\"?"]
        ),
        (
            "[[listen]]\nservice = \"smtp\"\nprot = 25",
            ["p.toml:5: listen[1].prot: unknown key; did you mean \"listen.port\"?"]
        ),
        (
            "[delivery]\nsmarthost.hots = \"a:1\"",
            ["p.toml:4: delivery.smarthost.hots: unknown key; did you mean \"delivery.smarthost.host\"?"]
        ),
        (
            "[delivery]\nsmarthost = { host = \"a:1\",\tprot = 1 }",
            ["p.toml:4: delivery.smarthost.prot: unknown key; did you mean \"delivery.port\"?"]
        ),
        // A value where a table is expected, and the other way round.
        (
            "[smtp.max_errors]\nx = 1",
            ["p.toml:3: smtp.max_errors: must be a whole number, not a table; allowed: 1 to 1000000"]
        ),
        (
            "[delivery]\nsmarthost = 5",
            ["p.toml:4: delivery.smarthost: must be a table, [delivery.smarthost], not a whole number"]
        ),
        ("[listen]\nport = 25", ["p.toml:3: listen: must be written as [[listen]], once for each"]),
        // Kinds.
        (
            "state = 5",
            ["p.toml:3: server.state: must be text in quotation marks, not a whole number; allowed: an absolute path"]
        ),
        (
            "[smtp]\nmax_errors = \"20\"",
            ["p.toml:4: smtp.max_errors: must be a whole number, not text; allowed: 1 to 1000000"]
        ),
        (
            "[smtp]\nmax_errors = 2.0",
            ["p.toml:4: smtp.max_errors: must be a whole number, not a fraction; allowed: 1 to 1000000"]
        ),
        (
            "[sandbox]\nrequire = \"yes\"",
            ["p.toml:4: sandbox.require: must be true or false, not text; allowed: true, false"]
        ),
        (
            "[delivery]\nroute = 1",
            ["p.toml:4: delivery.route: must be a word in quotation marks, not a whole number; allowed: mx, smarthost"]
        ),
        (
            "[smtp]\nmax_message_size = true",
            [
                "p.toml:4: smtp.max_message_size: must be a size such as \"10 MB\" or \"256 KB\", not true or false; allowed: 64 KB to 2 GB"
            ]
        ),
        (
            "[smtp]\ncommand_timeout = 1979-05-27",
            [
                "p.toml:4: smtp.command_timeout: must be a duration such as \"30s\", \"5m\", \"4h\" or \"2d\", "
                    + "not a date or time; allowed: 1s to 1d"
            ]
        ),
        (
            "[relay]\ntrusted = \"10.0.0.0/8\"",
            [
                "p.toml:4: relay.trusted: must be a list, not text; allowed: \"loopback\", \"private-subnets\", an address, "
                    + "\"10.0.0.0/8\", \"10.0.0.5-10.0.0.9\", \"192.168.1.%\", \"2001:db8::/32\""
            ]
        ),
        // Ranges.
        ("[smtp]\nmax_recipients = 99", ["p.toml:4: smtp.max_recipients: 99 is too small; allowed: 100 to 100000"]),
        (
            "[smtp]\nmax_recipients = 100001",
            ["p.toml:4: smtp.max_recipients: 100001 is too large; allowed: 100 to 100000"]
        ),
        (
            "[smtp]\nmax_message_size = \"63 KB\"",
            ["p.toml:4: smtp.max_message_size: \"63 KB\" is too small; allowed: 64 KB to 2 GB"]
        ),
        (
            "[smtp]\nmax_message_size = \"10 MiBs\"",
            [
                "p.toml:4: smtp.max_message_size: \"10 MiBs\" is not a size such as \"10 MB\" or \"256 KB\"; allowed: 64 KB to 2 GB"
            ]
        ),
        (
            "[smtp]\ncommand_timeout = \"2d\"",
            ["p.toml:4: smtp.command_timeout: \"2d\" is too large; allowed: 1s to 1d"]
        ),
        ("[smtp]\ncommand_timeout = 0", ["p.toml:4: smtp.command_timeout: 0s is too small; allowed: 1s to 1d"]),
        (
            "[smtp]\ncommand_timeout = \"5 minutes\"",
            [
                "p.toml:4: smtp.command_timeout: \"5 minutes\" is not a duration such as \"30s\", \"5m\", \"4h\" or \"2d\"; "
                    + "allowed: 1s to 1d"
            ]
        ),
        // Words.
        (
            "[delivery]\nroute = \"smarhost\"",
            [
                "p.toml:4: delivery.route: \"smarhost\" is not one of its words; allowed: mx, smarthost; did you mean \"smarthost\"?"
            ]
        ),
        (
            "[delivery]\ntls = \"implicit\"",
            ["p.toml:4: delivery.tls: \"implicit\" is not one of its words; allowed: none, wanted, required"]
        ),
        (
            "[log]\nlevel = \"Info\"",
            [
                "p.toml:4: log.level: \"Info\" is not one of its words; allowed: debug, info, notice, warning, error; did you mean \"info\"?"
            ]
        ),
        // Elements of lists, each with its own line.
        (
            "[relay]\ntrusted = [\n  \"10.0.0.0/8\",\n  \"10.0.0.1/8\",\n  \"loopbak\",\n  5,\n  \"192.168.%5\"]",
            [
                "p.toml:6: relay.trusted[2]: \"10.0.0.1/8\" has bits set behind the prefix; allowed: " + trusted,
                "p.toml:7: relay.trusted[3]: \"loopbak\" is neither a word nor a range; allowed: " + trusted
                    + "; did you mean \"loopback\"?",
                "p.toml:8: relay.trusted[4]: must be text in quotation marks, not a whole number; allowed: " + trusted,
                "p.toml:9: relay.trusted[5]: \"192.168.%5\" is not an address or a range of addresses; allowed: "
                    + trusted,
            ]
        ),
        ("[delivery]\nretry = []", ["p.toml:4: delivery.retry: has 0 elements; allowed: 1 to 50 elements"]),
        (
            "[delivery]\nretry = [\"1m\",\n\"soon\"]",
            [
                "p.toml:5: delivery.retry[2]: \"soon\" is not a duration such as \"30s\", \"5m\", \"4h\" or \"2d\"; "
                    + "allowed: 1s to 7d"
            ]
        ),
        (
            "[dns]\nservers = [\"127.0.0.1:0\", \"ns.example.net\", \"[::1\"]",
            [
                "p.toml:4: dns.servers[1]: \"127.0.0.1:0\" is not an address with or without a port; allowed: "
                    + endpoints,
                "p.toml:4: dns.servers[2]: \"ns.example.net\" is not an address with or without a port; allowed: "
                    + endpoints,
                "p.toml:4: dns.servers[3]: \"[::1\" is not an address with or without a port; allowed: " + endpoints,
            ]
        ),
        // Paths.
        ("state = \"var/lib\"", ["p.toml:3: server.state: \"var/lib\" is a relative path; allowed: an absolute path"]),
        ("state = \"\"", ["p.toml:3: server.state: must not be empty; allowed: an absolute path"]),
        (
            "state = \"/var/../etc\"",
            [
                "p.toml:3: server.state: \"/var/../etc\" is not written plainly: no '.', '..' or needless '/'; allowed: an absolute path"
            ]
        ),
        (
            "state = \"/\"",
            [
                "p.toml:3: server.state: \"/\" is not written plainly: no '.', '..' or needless '/'; allowed: an absolute path"
            ]
        ),
        (
            "runtime = \"/" + String(repeating: "r", count: 77) + "\"",
            [
                "p.toml:3: server.runtime: \"/" + String(repeating: "r", count: 77)
                    + "\" is too long for the sockets' directory; allowed: at most 77 octets"
            ]
        ),
        // Ports.
        (
            "[[listen]]\nport = 25",
            ["p.toml:3: listen[1].service: must be set; allowed: smtp, submission, lmtp, pop3, imap, sieve"]
        ),
        (
            "[[listen]]\nservice = \"smtp\"\nport = 65536",
            ["p.toml:5: listen[1].port: 65536 is too large; allowed: 0 to 65535"]
        ),
        (
            "[[listen]]\nservice = \"smtp\"\naccept = \"any\"",
            ["p.toml:5: listen[1].accept: \"any\" needs accept_account"]
        ),
        (
            "[[listen]]\nservice = \"smtp\"\naddress = \"unix:/run/x\"",
            ["p.toml:5: listen[1].address: only lmtp can listen on a Unix socket"]
        ),
        (
            "[relay]\naccounts = \"single\"",
            ["p.toml:4: relay.accounts: \"single\" needs relay.user and relay.password_file"]
        ),
        (
            "[tls]\npfx_password_file = \"/p\"",
            ["p.toml:4: tls.pfx_password_file: needs tls.pfx"]
        ),
        (
            "[[listen]]\nservice = \"imap\"",
            ["p.toml:4: listen[1].service: \"imap\" is not served by this release; allowed: smtp, submission, lmtp, pop3"]
        ),
        (
            "[[listen]]\nservice = \"smtp\"\naddress = \"10.0.0.256\"",
            [
                "p.toml:5: listen[1].address: \"10.0.0.256\" is neither an address nor a host name; allowed: \"\", an address such as "
                    + "\"192.0.2.1\" or \"::1\", or a host name"
            ]
        ),
        (
            "[[listen]]\nservice = \"smtp\"\naddress = \"10.0.0.0/8\"",
            [
                "p.toml:5: listen[1].address: \"10.0.0.0/8\" is a range; a port is bound to one address; allowed: \"\", an address such as "
                    + "\"192.0.2.1\" or \"::1\", or a host name"
            ]
        ),
        (
            "[[listen]]\nservice = \"smtp\"\n[[listen]]\nservice = \"submission\"\nport = 25",
            ["p.toml:7: listen[2].port: port 25 is already taken by listen[1] (line 3, every address)"]
        ),
        (
            "[[listen]]\nservice = \"smtp\"\n[[listen]]\nservice = \"smtp\"\naddress = \"::1\"",
            ["p.toml:6: listen[2].service: port 25 is already taken by listen[1] (line 3, every address)"]
        ),
        (
            "[[listen]]\nservice = \"smtp\"\naddress = \"::1\"\n[[listen]]\nservice = \"smtp\"\naddress = \"0:0::1\"\nport = 25",
            ["p.toml:9: listen[2].port: port 25 is already taken by listen[1] (line 3, ::1)"]
        ),
        (
            "[[listen]]\nservice = \"smtp\"\ntls = \"implicit\"",
            [
                "p.toml:5: listen[1].tls: \"implicit\" needs tls.certificate and tls.key, or tls.pfx"
            ]
        ),
        ("[tls]\ncertificate = \"/c.pem\"", ["p.toml:4: tls.certificate: needs tls.key"]),
        ("[tls]\nkey = \"/k.pem\"", ["p.toml:4: tls.key: needs tls.certificate"]),
        // Relay (D1).
        (
            "[relay]\npolicy = \"open\"",
            ["p.toml:4: relay.policy: an open relay on every address, port 25, needs relay.i_accept_open_relay = true"]
        ),
        (
            "[relay]\npolicy = \"open\"\n[[listen]]\nservice = \"smtp\"\naddress = \"192.0.2.1\"",
            ["p.toml:4: relay.policy: an open relay on 192.0.2.1, port 25, needs relay.i_accept_open_relay = true"]
        ),
        // Smart host (T-24 … T-26).
        (
            "[delivery]\nroute = \"smarthost\"",
            ["p.toml:4: delivery.route: \"smarthost\" needs delivery.smarthost.host"]
        ),
        (
            "[delivery.smarthost]\nhost = \"smtp.example.net\"",
            [
                "p.toml:4: delivery.smarthost.host: \"smtp.example.net\" is not a host with a port; allowed: \"name:port\", \"192.0.2.1:25\", \"[2001:db8::1]:25\""
            ]
        ),
        (
            "[delivery.smarthost]\nhost = \"smtp_:99999\"",
            [
                "p.toml:4: delivery.smarthost.host: \"smtp_:99999\" is not a host with a port; allowed: \"name:port\", \"192.0.2.1:25\", \"[2001:db8::1]:25\""
            ]
        ),
        (
            "[delivery.smarthost]\nhost = \"-x:25\"",
            [
                "p.toml:4: delivery.smarthost.host: \"-x\" is neither a host name nor an address; allowed: \"name:port\", \"192.0.2.1:25\", \"[2001:db8::1]:25\""
            ]
        ),
        (
            "[delivery.smarthost]\nuser = \"a\"",
            ["p.toml:4: delivery.smarthost.user: needs delivery.smarthost.password_file"]
        ),
        (
            "[delivery.smarthost]\npassword_file = \"/p\"",
            ["p.toml:4: delivery.smarthost.password_file: needs delivery.smarthost.user"]
        ),
        (
            "[delivery.smarthost]\nmechanisms = [\"PLAIN\", \"plain\"]",
            [
                "p.toml:4: delivery.smarthost.mechanisms[2]: \"plain\" is not one of its words; "
                    + "allowed: SCRAM-SHA-256, CRAM-MD5, NTLM, PLAIN, LOGIN; did you mean \"PLAIN\"?"
            ]
        ),
        (
            "[delivery.smarthost]\nmechanisms = [\"PLAIN\", \"PLAIN\"]",
            ["p.toml:4: delivery.smarthost.mechanisms: names \"PLAIN\" twice"]
        ),
        (
            "[delivery.smarthost]\nuser = \"a\"\npassword_file = \"/p\"\nmechanisms = [\"NTLM\", \"SCRAM-SHA-256\"]",
            [
                "p.toml:6: delivery.smarthost.mechanisms: names none that this release can do; "
                    + "allowed: CRAM-MD5, PLAIN, LOGIN"
            ]
        ),
        // The rest.
        (
            "[smtp]\nbanner = \"\\u00E9\"",
            [
                "p.toml:4: smtp.banner: has a character that is not printable ASCII; allowed: printable ASCII, at most 200 characters"
            ]
        ),
        (
            "[store]\nsegment_size = \"1 MB\"\nlarge_message = \"2 MB\"",
            ["p.toml:5: store.large_message: is larger than store.segment_size"]
        ),
        (
            "[admin]\ngroup = \"Wheel!\"",
            [
                "p.toml:4: admin.group: \"Wheel!\" is not the name of a group; allowed: the name of a group: 1 to 32 lower-case letters, "
                    + "digits, '-' and '_'"
            ]
        ),
        // Syntax: the reader's line, and nothing else is said.
        ("[smtp\nmax_errors = 0", ["p.toml:3: the header is not closed by ]"]),
        ("hostname = \"twice\"", ["p.toml:3: hostname is set twice"]),
    ]
    static let trusted = "\"loopback\", \"private-subnets\", " + range
    static let range = "an address, \"10.0.0.0/8\", \"10.0.0.5-10.0.0.9\", \"192.168.1.%\", \"2001:db8::/32\""
    static let endpoints = "\"192.0.2.53\", \"127.0.0.1:5353\", \"2001:db8::53\", \"[::1]:5353\""

    @Test(arguments: wrong)
    func everyWrongSettingIsNamed(text: String, findings: [String]) {
        #expect(Self.check("[server]\nhostname = \"mail.example.org\"\n" + text) == findings)
    }

    /// T-17: an empty host name, one that is none, and none at all.
    @Test(arguments: [
        ("[server]\nhostname = \"\"", "p.toml:2: server.hostname: must not be empty; "),
        ("\n[server]\n", "p.toml:2: server.hostname: must be set; "),
        ("", "p.toml:1: server.hostname: must be set; "),
        ("[smtp]", "p.toml:1: server.hostname: must be set; "),
        ("[server]\nhostname = \"a b\"", "p.toml:2: server.hostname: \"a b\" is not a host name; "),
        ("[server]\nhostname = \"192.0.2.1\"", "p.toml:2: server.hostname: \"192.0.2.1\" is not a host name; "),
        ("server.hostname = \"x..y\"", "p.toml:1: server.hostname: \"x..y\" is not a host name; "),
    ])
    func theHostNameMustBeOne(text: String, beginning: String) {
        let allowed = "allowed: a host name, such as \"mail.example.org\"; inside a network any name"
        #expect(Self.check(text) == [beginning + allowed])
    }

    /// All errors at once, in the order of the lines, warnings among them.
    @Test func allAtOnce() {
        let text = """
            [smtp]
            max_errors = 0
            [relay]
            policy = "opne"
            [server]
            hostname = ""
            nmae = "x"
            [delivery.smarthost]
            tls = "wanted"
            user = "alice"
            password_file = "/etc/secret"
            """
        let lines = Self.check(text).map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
        #expect(
            lines == [
                "p.toml:2: smtp.max_errors:", "p.toml:4: relay.policy:", "p.toml:6: server.hostname:",
                "p.toml:7: server.nmae:", "p.toml:9: warning:",
            ])
    }

    /// Right all the same, but somebody should look.
    @Test(arguments: [
        (
            "[relay]\npolicy = \"open\"\ni_accept_open_relay = true",
            "p.toml:4: warning: relay.policy: OPEN RELAY: everybody may send to everybody through this server"
        ),
        (
            "[relay]\npolicy = \"open\"\n[[listen]]\nservice = \"smtp\"\naddress = \"127.0.0.1\"\n[[listen]]\nservice = \"pop3\"",
            "p.toml:4: warning: relay.policy: OPEN RELAY: everybody may send to everybody through this server"
        ),
        (
            "[tls]\ncertificate = \"/c\"\nkey = \"/k\"\npfx = \"/p\"",
            "p.toml:6: warning: tls.pfx: is used, and tls.certificate is not: name only one of them"
        ),
        (
            "[relay]\nblock_own = true\nallow_own = true",
            "p.toml:4: warning: relay.block_own: relay.allow_own is on too, and wins"
        ),
        (
            "[delivery.smarthost]\nuser = \"a\"\npassword_file = \"/p\"\ntls = \"none\"",
            "p.toml:6: warning: delivery.smarthost.tls: with \"none\" the password may cross the network in the clear"
        ),
    ])
    func warningsKeepNothingFromWorking(text: String, warning: String) throws {
        let settings = try Settings.parse("[server]\nhostname = \"m\"\n" + text, file: "p.toml")
        #expect(settings.warnings.map { "\($0)" } == [warning])
        #expect(settings.warnings.allSatisfy { $0.isWarning })
    }

    /// A file that is something else altogether is not answered by a book, and not slowly.
    @Test func tooManyFindingsAreCounted() {
        let text = Self.check("[server]\nhostname = \"m\"\n" + (0..<50_000).map { "k\($0) = 1\n" }.joined())
        #expect(text.count == 101 && text[0].hasPrefix("p.toml:3: server.k0: unknown key"))
        #expect(text[100] == "p.toml:102: and 49900 more")
    }

    @Test func tooManyPortsAreRefused() {
        let text = "server.hostname = \"m\"\n" + String(repeating: "[[listen]]\n", count: 60_000)
        #expect(Self.check(text) == ["p.toml:2: listen: there are 60000; allowed: at most 100"])
    }

    /// A finding is one line, whatever a file or a key is called.
    @Test func aFindingIsOneLine() {
        #expect(
            Self.check("[server]\nhostname=\"m\"\n\"a\\nb\\u001B\" = 1") == [
                "p.toml:3: server.a.b.: unknown key; allowed: hostname, state, runtime"
            ])
    }
}

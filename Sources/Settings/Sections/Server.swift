// [server]: what this machine is called, and where it keeps what it must remember.

extension Settings {
    package struct Server: Sendable, Equatable {
        /// In banners, EHLO, Received, Message-ID and bounces (T-18). Never empty (T-17).
        package let hostname: String
        package let state: String
        /// Where the sockets between the rooms lie.
        package let runtime: String

        static let state = "/var/lib/postern"

        init(_ reading: Reading) {
            let table = reading.section(
                "server", "What this machine is called and where it keeps its things.",
                rooms: [.listener, .router, .store, .delivery, .command], reload: false)
            hostname = table.required(
                "hostname", .hostName, example: "mail.example.org", reload: true,
                "The name in greetings, in EHLO, in Received fields and in bounces. To send to the internet it must "
                    + "resolve to this machine, and this machine's address back to it.")
            state = table.value(
                "state", .path, default: Server.state, rooms: [.store, .command],
                "The directory with all mail, queue and accounts. Nothing else needs a backup.")
            let runtime = table.optional(
                "runtime", .path, without: "/run/postern; with another server.state, its subdirectory run",
                example: "/run/postern", "The directory of the sockets between the rooms.")
            self.runtime = runtime ?? (state == Server.state ? "/run/postern" : state + "/run")
            // A socket's whole path must fit into 107 octets, and the house adds up to 30 behind this.
            if self.runtime.utf8.count > 77 {
                table.report(
                    runtime == nil ? "state" : "runtime",
                    "\(tomlText(self.runtime)) is too long for the sockets' directory", allowed: "at most 77 octets")
            }
        }
    }
}

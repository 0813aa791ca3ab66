// All settings of the house as one value. Made only from a text without errors; each room takes its part and forgets
// the rest (ListenerSettings, RouterSettings, StoreSettings, DeliverySettings).

package struct Settings: Sendable {
    package let server: Server
    /// At least one; what the file declares, else the default ports.
    package let listen: [ListenService]
    package let smtp: SMTP
    package let pop3: POP3
    package let tls: TLS
    package let auth: Auth
    package let attachment: Attachment
    package let defence: Defence
    package let relay: Relay
    package let delivery: Delivery
    package let dns: DNS
    package let store: Store
    package let sandbox: Sandbox
    package let rooms: Rooms
    package let admin: Admin
    package let log: Log
    /// What somebody should look at. The settings are right all the same.
    package let warnings: [Finding]
    let origin: Origin

    /// Where the values came from, for findings that a room makes later and for comparing.
    struct Origin: Sendable {
        let file: String
        let lines: [String: Int]
        let values: [String: String]
    }

    /// Reads a text.
    /// - Parameter file: names the text in findings.
    package static func parse(_ text: String, file: String) throws(SettingsError) -> Settings {
        let root: SettingsTable
        do {
            root = try TOMLReader.read(text)
        } catch {
            throw SettingsError([Finding(file: file, line: error.line, key: "", message: error.message)])
        }
        let reading = Reading(file: file, root: root)
        let settings = Settings(reading)
        guard !reading.hasErrors else { throw SettingsError(reading.allFindings) }
        return settings
    }

    /// Reads a file.
    package static func load(_ path: String) throws(SettingsError) -> Settings {
        do {
            return try parse(SettingsFile.read(path), file: path)
        } catch let error as SettingsFile.Trouble {
            throw SettingsError([Finding(file: path, line: 1, key: "", message: error.message)])
        } catch let error as SettingsError {
            throw error
        } catch {
            throw SettingsError([Finding(file: path, line: 1, key: "", message: "\(error)")])
        }
    }

    init(_ reading: Reading) {
        server = Server(reading)
        tls = TLS(reading)
        listen = ListenService.read(reading, tls)
        smtp = SMTP(reading)
        pop3 = POP3(reading)
        auth = Auth(reading)
        attachment = Attachment(reading)
        defence = Defence(reading)
        relay = Relay(reading, listen)
        delivery = Delivery(reading)
        dns = DNS(reading)
        store = Store(reading)
        sandbox = Sandbox(reading)
        rooms = Rooms(reading)
        admin = Admin(reading)
        log = Log(reading)
        reading.reportUnknown()
        warnings = reading.allFindings.filter { $0.isWarning }
        origin = Origin(file: reading.file, lines: reading.lines, values: reading.values)
    }

    /// By line; what was found first on a line stays first.
    static func ordered(_ findings: [Finding]) -> [Finding] {
        findings.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map { $0.element }
    }

    /// A finding at a key that was read before: for what only a room can see (a file, a host name).
    func finding(_ path: String, _ message: String, isWarning: Bool = false) -> Finding {
        var line = origin.lines[path]
        var table = path[...]
        while line == nil, let dot = table.lastIndex(of: ".") {
            table = table[..<dot]
            line = origin.lines[String(table)]
        }
        return Finding(file: origin.file, line: line ?? 1, key: path, message: message, isWarning: isWarning)
    }
}

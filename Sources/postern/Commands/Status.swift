// postern status

import ArgumentParser
import IPC
import Mail

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How the rooms are, and whether the ledger closes.",
        discussion: "Exit status 1 when a room does not answer or a recipient is unaccounted for.")
    @OptionGroup var settings: SettingsOption
    @OptionGroup var form: JSONOption

    func run() async throws {
        let calls = RoomCalls(settings)
        var rooms: [Shown] = []
        for room in RoomName.rooms {
            do {
                guard case .status(let status) = try await calls.ask(room, .status) else {
                    throw Failure.misfit(room.rawValue)
                }
                rooms.append(Shown(status))
            } catch let failure as Failure {
                rooms.append(Shown(room, failure: failure.description))
            }
        }
        var ledger: [String: Int64]?
        if case .audit(let audit)? = try? await StoreCall(settings).ask(.audit, seconds: 60) {
            ledger = [
                "accepted": Int64(audit.accepted), "stored": Int64(audit.stored), "delivered": Int64(audit.delivered),
                "bounced": Int64(audit.bounced), "open": Int64(audit.open), "unaccounted": audit.unaccounted,
            ]
        }
        if form.json {
            try sayJSON(Whole(rooms: rooms, ledger: ledger))
        } else {
            show(rooms, ledger)
        }
        if rooms.contains(where: { $0.failure != nil }) || ledger?["unaccounted"] != 0 { throw ExitCode(1) }
    }

    private func show(_ rooms: [Shown], _ ledger: [String: Int64]?) {
        for room in rooms {
            guard room.failure == nil else {
                say("\(room.room): \(room.failure ?? "")")
                continue
            }
            say("\(room.room): pid \(room.pid), up \(room.uptime) s, release \(room.release)")
            for figure in room.ordered { say("  \(figure.name) \(figure.value)") }
            for wall in room.missingWalls { say("  WALL MISSING: \(wall)") }
        }
        guard let ledger else { return say("ledger: the store does not answer") }
        let order = ["accepted", "stored", "delivered", "bounced", "open", "unaccounted"]
        say("ledger: " + order.map { "\($0) \(ledger[$0] ?? 0)" }.joined(separator: ", "))
    }

    private struct Whole: Encodable {
        var rooms: [Shown]
        var ledger: [String: Int64]?
    }

    private struct Shown: Encodable {
        var room: String
        var release = ""
        var pid: Int32 = 0
        var uptime: UInt64 = 0
        var figures: [String: Int64] = [:]
        var missingWalls: [String] = []
        var failure: String?
        var ordered: [Figure] = []

        enum CodingKeys: CodingKey { case room, release, pid, uptime, figures, missingWalls, failure }

        init(_ status: RoomStatus) {
            room = status.room.rawValue
            (release, pid, uptime) = (status.release, status.pid, status.uptime)
            for figure in status.figures { figures[figure.name] = figure.value }
            (missingWalls, ordered) = (status.missingWalls, status.figures)
        }

        init(_ room: RoomName, failure: String) {
            self.room = room.rawValue
            self.failure = failure
        }
    }
}

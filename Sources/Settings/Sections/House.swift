// [sandbox], [rooms], [admin] and [log]: the house itself.

import Mail

extension Settings {
    package struct Sandbox: Sendable, Equatable {
        package let require: Bool

        init(_ reading: Reading) {
            let table = reading.section(
                "sandbox", "The walls around each room. They always stand; this says what happens where they cannot.",
                rooms: RoomName.rooms, reload: false)
            require = table.value(
                "require", .truth, default: false,
                "Do not start when this machine's kernel cannot give all walls; otherwise what is missing "
                    + "is said loudly."
            )
        }
    }

    package struct Rooms: Sendable, Equatable {
        package let uidBase: UInt32
        /// 0: as many as the listener thinks right.
        package let listenerLoops: Int

        init(_ reading: Reading) {
            let table = reading.section(
                "rooms", "The processes of the house.", rooms: RoomName.rooms + [.command], reload: false)
            uidBase = UInt32(
                table.value(
                    "uid_base", .number(1_000...4_000_000_000), default: 64_100,
                    "Started as root, each room becomes the user postern-listener, postern-router … Where these "
                        + "do not exist, the rooms take numeric ids from this one on."))
            listenerLoops = table.value(
                "listener_loops", .number(0...256), default: 0, rooms: [.listener],
                "Event loops of the listener; 0 for one on each processor, but at most two.")
        }
    }

    package struct Admin: Sendable, Equatable {
        package let group: String

        init(_ reading: Reading) {
            let table = reading.section(
                "admin", "Who may use the command postern.", rooms: RoomName.rooms + [.command], reload: false)
            group = table.value(
                "group", .groupName, default: "postern-admin", "Members of this group, and root, may command the rooms."
            )
        }
    }

    package struct Log: Sendable, Equatable {
        package enum Level: String, Sendable, CaseIterable, SettingWord {
            case debug, info, notice, warning, error
        }

        package let level: Level

        init(_ reading: Reading) {
            let table = reading.section("log", "What is written to the logs.", rooms: RoomName.rooms)
            level = table.value(
                "level", .word, default: .info, "Events below this level are left out.")
        }
    }
}

extension Form where Value == String {
    static let groupName = text("the name of a group: 1 to 32 lower-case letters, digits, '-' and '_'") { text in
        let isName =
            (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { octet in
                switch octet {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            }
        return isName && !text.hasPrefix("-") ? nil : "\(tomlText(text)) is not the name of a group"
    }
}

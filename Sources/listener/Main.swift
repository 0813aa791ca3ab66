// The door of the listener: the five steps that every room takes.

import Door
import Glibc
import IPC
import NIOCore
import NIOPosix
import Sandbox
import Settings

/// What a link leads to, as certbot has them: the walls know files by where they really are.
private func realPath(_ path: String) -> [String] {
    guard let real = realpath(path, nil) else { return [] }
    defer { free(real) }
    return [String(cString: real)]
}

@main
struct ListenerMain {
    static func main() {
        let door = Door(.listener)
        let settings = door.settings { try ListenerSettings($0) }  // 1
        let roads = door.roads
        let passed = door.passedSockets.map { Ports.Passed(name: $0.name, descriptor: $0.descriptor) }
        let policy = ListenerPolicy(settings)
        let (encryption, faults) = Encryption.read(settings)
        let ports = Ports.bind(policy.ports, passed: passed.filter { ServiceName(rawValue: $0.name) != nil })  // 2
        let control = door.listen(CommandToListener.self)
        let certificates = settings.tls.certificates.flatMap(\.paths).flatMap { [$0] + realPath($0) }
        door.close(Place(reloads: door.settingsFiles(and: certificates), latePorts: ports.failures.map(\.plan.port)))  // 3
        let group = MultiThreadedEventLoopGroup(numberOfThreads: ListenerPolicy.loops(settings))
        let entrance = POP3Entrance(settings, sessions: roads.sessions, log: door.journal.logins())  // 4
        let room = ListenerRoom(
            policy, ports: ports, router: roads.path(ListenerToRouter.self), identity: door.identity, on: group,
            encryption: encryption, makers: [.pop3: entrance.make], road: door.journal.road(), log: door.journal.listener())
        let facts = door.facts { room.figures() }
        let log = door.journal.listener()
        for trouble in settings.troubles { log(.certificate(path: trouble.key, finding: trouble.message, isError: true)) }
        for fault in faults { log(.certificate(path: fault.file, finding: "\(fault): \(fault.fix)", isError: true)) }
        let disk = NIOThreadPool(numberOfThreads: 1)
        disk.start()
        door.start {  // 5
            try room.start().wait()
            encryption.start(on: group.next(), threads: disk, names: [settings.hostname], log: log)
            return [try door.serveControl(CommandToListener.self, on: control, facts, group: group)]
        }
        door.work(
            reload: {
                let settings = try ListenerSettings($0, keeping: settings)
                entrance.reload(settings)
                room.reload(ListenerPolicy(settings))
            }, stop: { try? room.stop().wait() })
    }
}

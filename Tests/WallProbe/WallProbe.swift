// Enters the walls of one room and reports what it then finds, one line per finding, for SandboxTests.
// wall-probe ROOM key=value …; the keys are read by `Orders`.

import Glibc
import Mail
import Sandbox

@main
struct WallProbe {
    static func main() {
        let orders = Orders(CommandLine.arguments)
        orders.becomeNobody()
        if orders.has("victim") { sleepAsSomebodyElse() }
        if orders.has("no-walls") { return onBothThreads(orders.attack) }
        if orders.has("late") { onAnotherThread { pause() } }
        do {
            let report = try Sandbox.enter(orders.room, orders.place)
            say("landlock", "\(report.landlock)")
            say("user", "\(report.user):\(report.group)")
            report.gaps.forEach { say("gap", $0.wall.rawValue) }
            report.remarks.forEach { say("remark", $0) }
        } catch {
            say("error", "\(error)")
            exit(1)
        }
        if orders.has("status") { onBothThreads(reportStatus) }
        if orders.has("work") { onBothThreads(orders.work) }
        if orders.has("attack") { onBothThreads(orders.attack) }
        if orders.has("deadly") { callTheUnnamed() }
        say("end", "reached")
    }

    private static func reportStatus(_ thread: String) {
        let keys = ["Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"]
        for line in contents(of: "/proc/thread-self/status").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, keys.contains(String(parts[0])) else { continue }
            let value = parts[1].split(whereSeparator: \.isWhitespace).joined(separator: " ")
            say("\(thread) \(parts[0])", value)
        }
    }

    /// An ordinary process of the same user, for others to attack. Only after an exec may others of its user look in.
    private static func sleepAsSomebodyElse() {
        say("victim", "ready")
        let arguments = [strdup("sleep"), strdup("120"), nil]
        execv("/bin/sleep", arguments)
        exit(4)
    }

    /// A harmless call that stands in none of the lists.
    private static func callTheUnnamed() {
        var interval = timespec()
        sched_rr_get_interval(0, &interval)
    }
}

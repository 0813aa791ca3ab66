// The lists of system calls: no name misspelt, none in two lists.

import CSeccomp
import Mail
import Testing

@testable import Sandbox

struct SystemCallsTests {
    private static let lists = SystemCalls.everywhere + SystemCalls.keeping + SystemCalls.refused

    @Test func noNameTwice() {
        var seen: Set<String> = []
        let twice = Self.lists.filter { !seen.insert($0).inserted }
        #expect(twice == [])
    }

    /// libseccomp knows every name of its time; these are younger than some that we build with.
    @Test func everyNameExists() {
        let young: Set<String> = [
            "mseal", "futex_wait", "futex_wake", "futex_requeue", "map_shadow_stack", "fchmodat2",
            "set_mempolicy_home_node", "quotactl_fd", "process_mrelease",
        ]
        let unknown = Self.lists.filter { !young.contains($0) && seccomp_syscall_resolve_name($0) == __NR_SCMP_ERROR }
        #expect(unknown == [])
    }

    /// A call with rules on its arguments must not be allowed or refused as a whole as well.
    @Test(arguments: RoomName.rooms)
    func noRuleSwallowsAnother(name: RoomName) throws {
        let rules = CallFilter.rules(try #require(Room.named(name)), Place(latePorts: [25]))
        let whole = rules.filter(\.arguments.isEmpty).map(\.call)
        let partly = Set(rules.filter { !$0.arguments.isEmpty }.map(\.call))
        #expect(Set(whole).count == whole.count)
        #expect(partly.intersection(whole) == [])
    }
}

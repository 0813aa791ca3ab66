// Feeds the inspector with what chance makes of MIME. Deterministic: the same seed gives the same run. Fails when it
// traps, when it sees something else in other pieces, when a limit does not hold, or when a name or an address is not
// bounded and printable.

import FuzzRun

@main
struct Fuzzer {
    static func main() {
        Fuzzing.run("mime-fuzz", counting: "octets") { random in
            var run = InspectionRun(random)
            return run.play()
        }
    }
}

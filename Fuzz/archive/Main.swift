// Feeds the readers of mbox and Maildir with what chance makes of them. Deterministic: the same seed gives the same run.
// Fails when one traps or does not stop, when a file is something else in other pieces, when an octet of a message is
// lost or more is kept than the limits say, or when what was written is not read as it was.

import FuzzRun

@main
struct Fuzzer {
    static func main() {
        Fuzzing.run("archive-fuzz", counting: "octets") { random in
            switch random.below(4) {
            case 0: NameRun.play(&random)
            case 1: WriteRun.play(&random)
            default: SplitRun.play(&random)
            }
        }
    }
}

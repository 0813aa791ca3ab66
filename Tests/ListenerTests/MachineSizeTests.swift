// How many sessions a machine gets that nobody has configured.

import Testing

@testable import listener

@Suite struct MachineSizeTests {
    @Test(arguments: [
        // A small machine is held by its memory, a large one by its descriptors, and nobody has more than 20,000.
        (512 << 20, 65_536, 256), (1 << 20, 65_536, 100), (24 << 30, 1_024, 512), (24 << 30, 65_536, 12_288),
        (1 << 40, 1 << 20, 20_000), (24 << 30, 10, 100),
    ])
    func sessions(memory: Int, descriptors: Int, sessions: Int) {
        #expect(MachineSize(memory: memory, descriptors: descriptors).sessions == sessions)
    }

    @Test func thisMachineHoldsSome() { #expect((100...20_000).contains(MachineSize.current.sessions)) }
}

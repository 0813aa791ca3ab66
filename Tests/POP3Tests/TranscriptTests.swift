// The transcripts, at four sizes of read, in step and pipelined.

import Testing

@Suite struct TranscriptTests {
    @Test func thereAreTranscripts() { #expect(Transcript.all.count >= 45) }

    @Test(arguments: Transcript.all, [1, 3, 7, 4096])
    func inStep(_ transcript: Transcript, readSize: Int) {
        var player = TranscriptPlayer(transcript, readSize: readSize)
        player.play(pipelined: false)
        #expect(player.log == transcript.dialogue)
    }

    /// RFC 2449 §6.6: the client may send commands before it has read the replies.
    @Test(arguments: Transcript.all.filter { !$0.isInStepOnly }, [1, 3, 7, 4096])
    func pipelined(_ transcript: Transcript, readSize: Int) {
        var player = TranscriptPlayer(transcript, readSize: readSize)
        player.play(pipelined: true)
        #expect(player.log == transcript.dialogue.filter { !$0.hasPrefix("C") })
    }
}

// Throws rubbish at the road: the binary decoder, the frame reader, and a living server. None may trap, a value that was
// read must be written back the same, and the server must go on serving others.
//
//   ipc-fuzz [--seconds N] [--iterations N] [--seed N]     exit 1 when a rule is broken; a trap is a trap
import Glibc
import IPC
import Mail
import NIOCore
import NIOPosix

@main
struct Fuzz {
    static func main() throws {
        var seconds = 20.0
        var iterations = Int.max
        var seed: UInt64 = 1
        var words = CommandLine.arguments.dropFirst().makeIterator()
        while let word = words.next() {
            switch (word, words.next()) {
            case ("--seconds", let value?): seconds = Double(value) ?? seconds
            case ("--iterations", let value?): iterations = Int(value) ?? iterations
            case ("--seed", let value?): seed = UInt64(value) ?? seed
            default:
                print("usage: ipc-fuzz [--seconds N] [--iterations N] [--seed N]")
                exit(2)
            }
        }
        var random = SplitMix(seed)
        let server = try LivingServer()
        let end = now() + seconds
        var done = 0
        while done < iterations, done % 64 != 0 || now() < end {
            let state = random.state
            do {
                try decode(&random)
                try spell(&random)
                try readFrames(&random)
                if done % 16 == 0 { try server.attack(&random) }
                if done % 1024 == 0 { try server.serves() }
            } catch {
                print("iteration \(done), seed \(state): \(error)")
                exit(1)
            }
            done += 1
        }
        try server.serves()
        print("\(done) iterations, \(server.attacks) attacks on the server, \(server.refusals) refused by it")
        server.stop()
    }

    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

struct BrokenRule: Error { let rule: String }

/// What random bytes must not be able to do to the decoder.
private func decode(_ random: inout SplitMix) throws {
    let coder = BinaryEncoder()
    var buffer = ByteBuffer()
    if random.chance(3, of: 4) { try coder.encode(FuzzEdge.Question.random(&random), into: &buffer) }
    random.mutate(&buffer)
    guard let value = try? BinaryDecoder.decode(FuzzEdge.Question.self, from: buffer) else { return }
    var again = ByteBuffer()
    try coder.encode(value, into: &again)
    guard again == buffer else { throw BrokenRule(rule: "\(value) has two forms") }
}

/// Words that spell themselves hear the same in any bytes as Codable does.
private func spell(_ random: inout SplitMix) throws {
    let address = EmailAddress(localPart: random.text(), domain: random.text())
    let parameters = SenderParameters(declaredSize: random.next(), envelopeID: random.text(), returns: .full)
    if random.chance(1, of: 2) {
        var plan = Plan(
            trace: TraceID(high: random.next(), low: random.next()), sender: address, localHeader: [random.byte()],
            header: [], placements: [LocalPlacement(recipient: address, account: AccountID(rawValue: 7))],
            relays: [RelayedRecipient(address, RecipientParameters(notify: .failure, original: random.text()))],
            parameters: parameters)
        plan.internalDate = Int64(bitPattern: random.next())
        try compare(RouterToStore.Question.commit(plan), &random)
    } else {
        let client = InternetAddress(high: random.next(), low: random.next())
        let facts = SessionFacts(
            trace: TraceID(high: 1, low: random.next()), service: .smtp, client: client, clientPort: 25, local: client,
            localPort: 25, greeting: random.text(), login: Ticket(bytes: [random.byte()]))
        try compare(ListenerToRouter.Question.sender(facts, address, parameters), &random)
    }
}

private func compare<Value: Word>(_ word: Value, _ random: inout SplitMix) throws {
    var buffer = ByteBuffer()
    try BinaryEncoder.encode(word, into: &buffer)
    random.mutate(&buffer)
    let plain = try? BinaryDecoder().decode(Value.self, from: buffer)
    let own = try? BinaryDecoder().decode(word: Value.self, from: buffer)
    guard let plain, let own else {
        guard plain == nil, own == nil else { throw BrokenRule(rule: "only one form reads \(buffer)") }
        return
    }
    var forms = (plain: ByteBuffer(), own: ByteBuffer())
    try BinaryEncoder.encode(plain, into: &forms.plain)
    try BinaryEncoder.encode(own, into: &forms.own)
    guard forms.plain == forms.own else { throw BrokenRule(rule: "two forms of \(buffer)") }
}

/// Any cutting of the same bytes gives the same frames, or the same refusal.
private func readFrames(_ random: inout SplitMix) throws {
    var stream = ByteBuffer()
    for _ in 0..<random.below(6) { Frame.random(&random).write(into: &stream) }
    random.mutate(&stream)
    let whole = frames(stream) { stream.readableBytes }
    let parts = frames(stream) { 1 + random.below(40) }
    guard whole.text == parts.text else { throw BrokenRule(rule: "cut frames differ: \(whole.text) \(parts.text)") }
    guard whole.bytes <= stream.readableBytes else { throw BrokenRule(rule: "more bytes came out than went in") }
}

/// Content is joined over pieces and frames, since it is one stream of bytes.
private func frames(_ stream: ByteBuffer, by size: () -> Int) -> (text: String, bytes: Int) {
    var reader = FrameReader()
    var rest = stream
    var text = ""
    var bytes = 0
    var content: (number: UInt32, bytes: Int)?
    func endContent() {
        if let content { text += " content \(content.number): \(content.bytes)" }
        content = nil
    }
    do throws(FrameViolation) {
        while rest.readableBytes > 0, let part = rest.readSlice(length: min(size(), rest.readableBytes)) {
            reader.append(part)
            while let frame = try reader.next() {
                bytes += frame.payload.readableBytes
                if frame.kind != .content || frame.number != content?.number { endContent() }
                if frame.kind == .content {
                    content = (frame.number, (content?.bytes ?? 0) + frame.payload.readableBytes)
                    guard frame.last else { continue }
                    endContent()
                }
                text += " \(frame.kind) \(frame.number) \(frame.last)"
                if frame.kind != .content { text += " \(frame.payload)" }
            }
        }
        endContent()
    } catch {
        endContent()
        text += " \(error.because)"
    }
    return (text, bytes)
}

// Chance, as the room's owner provides it: a test gives numbers that it knows.

struct Randomness: RandomNumberGenerator, Sendable {
    private let source: @Sendable () -> UInt64

    init(_ source: @escaping @Sendable () -> UInt64) { self.source = source }

    static let system = Randomness {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    mutating func next() -> UInt64 { source() }
}

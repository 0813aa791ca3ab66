// Which messages of a maildrop DELE has marked, and what is left without them.

struct DeletedMessages: Equatable {
    /// Messages and octets that are not marked.
    private(set) var count: Int
    private(set) var octets: UInt64
    /// Empty until the first mark: most sessions that leave mail on the server delete nothing.
    private var marks: [Bool] = []
    private let total: Int

    init(count: Int, octets: UInt64) {
        self.count = count
        self.octets = octets
        total = count
    }

    /// In ascending order.
    var indices: [Int] { marks.indices.filter { marks[$0] } }

    func contains(_ index: Int) -> Bool { !marks.isEmpty && marks[index] }

    /// The message is not marked yet.
    mutating func mark(_ index: Int, octets size: UInt64) {
        if marks.isEmpty { marks = [Bool](repeating: false, count: total) }
        marks[index] = true
        count -= 1
        octets &-= size
    }

    mutating func forgetAll(of messages: [POP3Message]) {
        marks = []
        count = total
        octets = messages.reduce(0) { $0 &+ $1.size }
    }
}

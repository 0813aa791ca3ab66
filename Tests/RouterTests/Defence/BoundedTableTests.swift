// The table against a dictionary, and its bound under a flood.

import Testing

@testable import router

@Suite struct BoundedTableTests {
    struct Note: Forgettable, Hashable {
        var text: Int
        var worthUntil: Int64
    }

    @Test func isADictionaryWhileThereIsRoom() {
        var table = BoundedTable<UInt64, Note>(limit: 1_000)
        var model: [UInt64: Note] = [:]
        var dice = Dice(1)
        for step in 0..<20_000 {
            let key = dice.next() % 900
            if dice.next() % 3 == 0 {
                table.remove(key)
                model[key] = nil
            } else {
                table.change(key, at: 0, from: Note(text: 0, worthUntil: 1)) { $0.text += step }
                model[key, default: Note(text: 0, worthUntil: 1)].text += step
            }
            #expect(table[key] == model[key])
            #expect(table.count == model.count)
        }
        var seen: [UInt64: Note] = [:]
        table.forEach { seen[$0] = $1 }
        #expect(seen == model)
        #expect(table.evictions == 0)
    }

    @Test(arguments: [1, 2, 15, 16, 17, 100])
    func neverHoldsMoreThanItsLimit(limit: Int) {
        var table = BoundedTable<UInt64, Note>(limit: limit)
        var dice = Dice(2)
        for now in Int64(0)..<5_000 {
            let key = dice.next() % 400
            let until = now + Int64(dice.next() % 500)
            table.change(key, at: now, from: Note(text: 0, worthUntil: until)) { _ in }
            #expect(table.count <= limit)
            #expect(table[key] != nil, "the newest is there")
        }
        #expect(table.evictions > 0)
    }

    @Test func whatMeansMoreSurvivesAFlood() {
        var table = BoundedTable<UInt64, Note>(limit: 1_000)
        for key in UInt64(0)..<100 {
            table.change(key, at: 0, from: Note(text: 1, worthUntil: 1_000_000)) { _ in }
        }
        for key in UInt64(1_000)..<200_000 {
            table.change(key, at: 0, from: Note(text: 2, worthUntil: 1_000)) { _ in }
        }
        // The first hundred lie side by side: of each sixteen that are looked at, one goes at most once.
        let left = (UInt64(0)..<100).count { table[$0] != nil }
        #expect(left >= 93, "\(left)")
        #expect(table.count == 1_000)
    }

    @Test func whatMeansNothingGoesByItself() {
        var table = BoundedTable<UInt64, Note>(limit: 10_000)
        for key in UInt64(0)..<5_000 {
            table.change(key, at: 0, from: Note(text: 1, worthUntil: 10)) { _ in }
        }
        for key in UInt64(10_000)..<16_000 {
            table.change(key, at: 20, from: Note(text: 1, worthUntil: 1_000)) { _ in }
        }
        #expect(table.count < 6_100)
        #expect(table.evictions == 0)
    }

    @Test func theForgottenAtTheEndOfTheTableDoNotMisleadTheHand() {
        var table = BoundedTable<UInt64, Note>(limit: 20)
        var dice = Dice(3)
        for now in Int64(0)..<20_000 {
            let until = dice.next() % 2 == 0 ? now : now + Int64(dice.next() % 50)
            table.change(dice.next(), at: now, from: Note(text: 0, worthUntil: until)) { _ in }
            #expect((1...20).contains(table.count))
        }
    }

    @Test func changesOnlyWhatIsThere() {
        var table = BoundedTable<UInt64, Note>(limit: 4)
        table.changeKnown(1) { $0.text = 9 }
        #expect(table[1] == nil)
        table.change(1, at: 0, from: Note(text: 1, worthUntil: 1)) { _ in }
        table.changeKnown(1) { $0.text = 9 }
        #expect(table[1]?.text == 9)
    }

    @Test func removesByRule() {
        var table = BoundedTable<UInt64, Note>(limit: 100)
        for key in UInt64(0)..<50 { table.change(key, at: 0, from: Note(text: Int(key), worthUntil: 1)) { _ in } }
        #expect(table.removeAll { key, _ in key % 2 == 0 } == 25)
        #expect(table.count == 25)
        #expect((UInt64(0)..<50).allSatisfy { (table[$0] != nil) == ($0 % 2 == 1) })
        #expect(table.removeAll { _, note in note.text > 100 } == 0)
    }

    @Test func aLimitOfNothingIsOne() {
        var table = BoundedTable<UInt64, Note>(limit: 0)
        for key in UInt64(0)..<5 { table.change(key, at: 0, from: Note(text: 0, worthUntil: .max)) { _ in } }
        #expect(table.count == 1)
        #expect(table[4] != nil)
    }
}

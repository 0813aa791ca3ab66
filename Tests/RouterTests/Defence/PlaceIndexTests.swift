// The index against a list, with hashes that fall together on purpose.

import Testing

@testable import router

@Suite struct PlaceIndexTests {
    /// Few hashes for many places, among them such that lie at the end of the table and run over to its beginning.
    @Test(
        arguments: [
            [0], [15, 31, 47], [14, 15, 0, 1], [UInt32.max, UInt32.max - 1, 0], [3, 3 + 16, 3 + 1_024, 4, 5, 1_023],
        ] as [[UInt32]])
    func findsWhatIsThereAndNothingElse(hashes: [UInt32]) {
        var index = PlaceIndex()
        var model: [Int: UInt32] = [:]
        var dice = Dice(UInt64(hashes.count))
        for _ in 0..<3_000 {
            let place = Int(dice.next() % 60)
            if let hash = model[place] {
                let new = 100 + place
                index.move(hash, from: place, to: new)
                #expect(index.place(of: hash) { $0 == new } == new)
                #expect(index.place(of: hash) { $0 == place } == nil)
                index.remove(hash, place: new)
                model[place] = nil
            } else {
                let hash = hashes[Int(dice.next() % UInt64(hashes.count))]
                index.insert(hash, place: place)
                model[place] = hash
            }
            for (place, hash) in model where index.place(of: hash, where: { $0 == place }) != place {
                Issue.record("\(place) is lost")
            }
        }
        #expect(index.place(of: 77) { _ in true } == nil)
    }
}

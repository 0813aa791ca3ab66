// What is remembered of the directory, and when it is forgotten.

import IPC
import Mail
import Testing

@testable import router

@Suite struct DirectoryMemoryTests {
    static let one = EmailAddress("one@example.org")!
    static let two = EmailAddress("two@example.org")!
    static let account = DirectoryEntry.local(LocalEntry(user: AccountID(rawValue: 7), domain: "example.org"))

    @Test func remembersAsLongAsTheVersionIsTheSame() {
        var memory = DirectoryMemory()
        memory.adopt(3)
        memory.learn(Self.one, Self.account, version: 3)
        memory.learn(Self.two, .local(LocalEntry(domain: "example.org")), version: 3)
        #expect(memory.entry(of: Self.one) == Self.account)
        #expect(memory.entry(of: Self.two) == .local(LocalEntry(domain: "example.org")))
        memory.adopt(3)
        #expect(memory.entry(of: Self.one) == Self.account)
        memory.adopt(4)
        #expect(memory.entry(of: Self.one) == nil)
        #expect(memory.count == 0)
    }

    @Test func anAnswerOfANewerVersionForgetsTheRest() {
        var memory = DirectoryMemory()
        memory.learn(Self.one, Self.account, version: 3)
        memory.learn(Self.two, .local(LocalEntry(domain: "example.org")), version: 4)
        #expect(memory.entry(of: Self.one) == nil)
        #expect(memory.entry(of: Self.two) == .local(LocalEntry(domain: "example.org")))
        #expect(memory.version == 4)
    }

    /// The look-up was answered before the change and heard behind the news of it.
    @Test func anOvertakenAnswerIsNotRemembered() {
        var memory = DirectoryMemory()
        memory.adopt(4)
        memory.learn(Self.one, Self.account, version: 3)
        #expect(memory.entry(of: Self.one) == nil)
        #expect(memory.version == 4)
    }

    @Test func aForeignDomainIsForeignWithAllItsAddresses() {
        var memory = DirectoryMemory()
        memory.learn(EmailAddress("a@example.net")!, .foreign, version: 1)
        #expect(memory.entry(of: EmailAddress("b@EXAMPLE.net")!) == .foreign)
        #expect(memory.entry(of: EmailAddress("b@sub.example.net")!) == nil)
    }

    @Test func addressesDifferByTheirLocalPartsAsTheyAreWritten() {
        var memory = DirectoryMemory()
        memory.learn(Self.one, Self.account, version: 1)
        #expect(memory.entry(of: EmailAddress("One@example.org")!) == nil)
        #expect(memory.entry(of: EmailAddress("one@Example.ORG")!) == Self.account)
    }

    /// A directory of a million accounts is not in the router.
    @Test func twentyTimesItsLimitOfAddressesStaysWithinIt() {
        var memory = DirectoryMemory(limit: 1_000)
        for number in 0..<20_000 {
            memory.learn(EmailAddress("u\(number)@example.org")!, Self.account, version: 1)
            memory.learn(EmailAddress("u@d\(number).example.net")!, .foreign, version: 1)
            #expect(memory.count <= 2_000)
        }
        #expect(memory.entry(of: EmailAddress("u19999@example.org")!) == Self.account)
        #expect(memory.entry(of: EmailAddress("u0@example.org")!) == nil)
        #expect(memory.entry(of: EmailAddress("x@d19999.example.net")!) == .foreign)
        #expect(memory.entry(of: EmailAddress("x@d0.example.net")!) == nil)
    }

    @Test func holdsNoMoreThanItsLimitAndForgetsTheUnused() {
        var memory = Generations<Int, Int>(limit: 100)
        for number in 0..<1000 {
            memory[number] = number
            #expect(memory[0] == 0, "0 is asked for all the time")
            #expect(memory.count <= 101)
        }
        #expect(memory[1] == nil)
        #expect(memory[999] == 999)
        memory[999] = 5
        #expect(memory[999] == 5)
        memory[999] = nil
        #expect(memory[999] == nil)
    }
}

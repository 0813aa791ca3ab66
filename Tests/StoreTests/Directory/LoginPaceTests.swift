// LOGIN-DELAY (RFC 2449 §6.5): between two logins of an account, through whichever connection.

import Mail
import POP3House
import Settings
import Testing

@testable import store

@Suite struct LoginPaceTests {
    private let clock = TestClock()
    private let alice = Self.visit(1)
    private let bob = Self.visit(2)

    private static func visit(_ maildrop: Int64, by login: Int64? = nil) -> MaildropVisit {
        let login = AccountID(rawValue: login ?? maildrop)
        return MaildropVisit(
            login: login, user: SessionHouse.name(login), maildrop: AccountID(rawValue: maildrop), isReadOnly: false)
    }

    private func pace(_ delay: Duration) -> LoginPace {
        let pace = LoginPace(now: { [clock] in clock.now })
        pace.set(delay)
        return pace
    }

    @Test("each account waits for itself, from its last login on") func waits() {
        let pace = pace(.seconds(60))
        #expect(pace.seconds == 60 && pace.mayEnter(alice))
        pace.entered(alice)
        #expect(!pace.mayEnter(alice) && pace.mayEnter(bob))
        clock.advance(seconds: 59)
        #expect(!pace.mayEnter(alice))
        // Who was turned away does not wait longer for it.
        clock.advance(seconds: 1)
        #expect(pace.mayEnter(alice))
        pace.entered(alice)
        #expect(!pace.mayEnter(alice))
    }

    /// T-27: two who share a mailbox do not know of each other, and one who reads two asks for both at once.
    @Test("who reads the maildrop of another waits for each alone") func shared() {
        let pace = pace(.seconds(60))
        let (info, bobs) = (Self.visit(3, by: 1), Self.visit(3, by: 2))
        pace.entered(alice)
        #expect(pace.mayEnter(info) && pace.mayEnter(bobs))
        pace.entered(info)
        #expect(!pace.mayEnter(info) && pace.mayEnter(bobs) && !pace.mayEnter(alice))
        // To read less than before is no way around it.
        var less = info
        less.isReadOnly = true
        #expect(!pace.mayEnter(less))
        clock.advance(seconds: 60)
        #expect(pace.mayEnter(info) && pace.mayEnter(alice))
    }

    @Test("a clock that is set back keeps nobody out") func clockSetBack() {
        let pace = pace(.seconds(60))
        pace.entered(alice)
        clock.advance(seconds: -3_600)
        #expect(pace.mayEnter(alice))
    }

    @Test("another setting counts at once, none at all too; what CAPA says is whole seconds") func settings() {
        let pace = pace(.milliseconds(1_500))
        #expect(pace.seconds == 2)
        pace.entered(alice)
        pace.set(.seconds(1))
        clock.advance(seconds: 1)
        #expect(pace.mayEnter(alice))
        pace.entered(alice)
        pace.set(.zero)
        #expect(pace.mayEnter(alice) && pace.seconds == 0)
        pace.entered(alice)
        pace.set(.seconds(60))
        #expect(pace.mayEnter(alice), "logins without a delay are not remembered")
    }

    @Test("the settings say it, and a reload says it again") func reload() throws {
        let store = try TestStore(more: "[pop3]\nlogin_delay = \"90s\"\n")
        #expect(store.house.pace.seconds == 90)
        let text = TestStore.settings.replacing("STATE", with: store.folder.path)
        try store.house.reload(try StoreSettings(try Settings.parse(text, file: "test")))
        #expect(store.house.pace.seconds == 0)
        store.stop()
    }

    @Test("over the session socket: told so, announced, and the maildrop is not touched") func overTheSocket() async throws {
        let pace = pace(.seconds(60))
        let house = try await SessionHouse([alice.maildrop: [], bob.maildrop: []], pace: pace)
        let clock = clock
        try await onThread {
            let first = try house.client("1")
            #expect(try first.text() == "+OK 0 messages")
            #expect(try first.say("CAPA") == "+OK Capabilities follow")
            #expect(String(decoding: try first.body(), as: UTF8.self).contains("LOGIN-DELAY 60\r\n"))
            let held = try house.client("1")
            #expect(try held.text() == "-ERR [LOGIN-DELAY] Your last login was a moment ago, try again later")
            #expect(try held.isAtEnd())
            #expect(try first.say("QUIT") == "+OK Goodbye")
            let again = try house.client("1")
            #expect(try again.text().hasPrefix("-ERR [LOGIN-DELAY]"))
            #expect(try house.client("2").text() == "+OK 0 messages")
            clock.advance(seconds: 60)
            #expect(try house.client("1").text() == "+OK 0 messages")
        }
        #expect(house.maildrops.account(alice.maildrop).opened == 2)
        #expect(house.events.all.filter { if case .tooSoon(_, alice) = $0 { true } else { false } }.count == 2)
        await house.socket.stop()
    }

    @Test("a maildrop that could not be opened is no login") func inUse() async throws {
        let pace = pace(.seconds(60))
        let house = try await SessionHouse([alice.maildrop: []], pace: pace)
        let clock = clock
        try await onThread {
            let first = try house.client("1")
            #expect(try first.text() == "+OK 0 messages")
            clock.advance(seconds: 61)
            #expect(try house.client("1").text().hasPrefix("-ERR [IN-USE]"))
            #expect(try first.say("QUIT") == "+OK Goodbye")
            #expect(try house.client("1").text() == "+OK 0 messages")
        }
        await house.socket.stop()
    }
}

// Chance makes changes of the directory: the fewer the better known, so that accounts live for a while.

import IPC
import Mail
import SASL

@testable import store

extension ChangeMaker {
    /// What everything else needs.
    static let beginning: [DirectoryChange] =
        domains.prefix(3).map { .addDomain($0) }
        + domains.prefix(2).flatMap { domain in
            locals.map { .addAccount(EmailAddress("\($0)@\(domain)")!, .user, KeptPassword(hash: "*", verifiers: [])) }
        }

    mutating func directoryChange(_ model: MemoryModel) -> DirectoryChange {
        switch number(1...22) {
        case 1: return .addDomain(one(Self.domains))
        case 2: return .addDomainAlias(one(Self.domains), target: one(Self.domains))
        case 3:
            return .setDomain(
                one(Self.domains),
                DomainChoices(
                    catchAll: one([nil, "", "bob@a.test"]), transport: one([nil, "", "h:25"]), delimiters: one([nil, "", "-+"])))
        case 4: return .removeDomain(one(Self.domains))
        case 5...7: return .addAccount(address(), one(AccountKind.allCases), isLucky(50) ? password() : nil)
        case 8: return .removeAccount(address(), one(AccountKind.allCases))
        case 9: return .setPassword(address(), password())
        case 10...11: return .addPassword(address(), named())
        case 12: return .removePassword(address(), name: one(["phone", "tablet"]))
        case 13: return .setPasswordScopes(address(), one([nil, [.pop3], [.pop3, .submission]]))
        case 14: return .addAlias(address(), targets: (0..<number(0...3)).map { _ in address() })
        case 15: return .removeAlias(address(), targets: isLucky(50) ? [] : [address()])
        case 16: return .addRule(words(), account: address())
        case 17: return .removeRule(number: UInt64(number(1...12)))
        case 18: return .addRange(one(AccessList.allCases), AddressRange("10.\(number(0...3)).0.0/16")!)
        case 19: return .removeRange(one(AccessList.allCases), AddressRange("10.\(number(0...3)).0.0/16")!)
        case 20...21: return quota()
        default: return .touch
        }
    }

    private mutating func password() -> KeptPassword {
        let kinds = VerifierKind.allCases.filter { _ in isLucky(30) }
        let salt = Array("0123456789abcdef".utf8)
        let verifiers = kinds.compactMap { try? Verifier.make($0, password: Secret("secret"), salt: salt, iterations: 4_096) }
        return KeptPassword(hash: "hash \(number(1...99))", verifiers: verifiers)
    }

    private mutating func named() -> StoredPassword {
        var password = StoredPassword(
            name: one(["phone", "tablet", "print er", "desk", "Ölpresse"]), hash: isLucky(50) ? "{SHA-256}AAAA" : "$y$j9T$aa")
        password.scopes = one([nil, [.imap], [.pop3, .imap]])
        password.expiresAt = isLucky(40) ? now + Int64(number(-1...9)) * Day.milliseconds : nil
        return password
    }

    private mutating func words() -> RuleWords {
        RuleWords(
            localPart: one(["*", "sales*", "a?ice"]), domain: one([nil, "a.test"]), sender: one([nil, "", "*@far.test"]),
            source: one([nil, AddressRange("192.0.2.0/24")]))
    }

    private mutating func word(_ most: Int) -> QuotaWord? {
        isLucky(40) ? nil : one([.usual, QuotaWord.none, .limit(UInt64(number(1...most))), .limit(UInt64(number(1...most)))])
    }

    private mutating func quota() -> DirectoryChange {
        let isDomain = isLucky(50)
        let change = QuotaChange(
            octets: word(isDomain ? 15_000 : 9_000), messages: word(isDomain ? 30 : 20),
            accountOctets: isDomain ? word(9_000) : nil, accountMessages: isDomain ? word(20) : nil)
        return .setQuota(
            isDomain ? .domain(one(Self.domains)) : .account(address(), isLucky(50) ? nil : one(AccountKind.allCases)), change)
    }
}

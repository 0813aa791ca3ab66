// The directory: aliases, receive rules, lists of addresses.

import IPC
import Mail

@testable import store

extension MemoryModel {
    mutating func addAlias(_ address: EmailAddress, _ new: [EmailAddress]) throws -> DirectoryNews {
        try mustBeOurs(address.domain)
        guard !new.isEmpty else { throw Rejection("an alias needs somebody to lead to") }
        var targets = aliases[address.folded]?.targets ?? []
        for target in new {
            if folded(target) == address.folded, accounts(address).keys.allSatisfy({ $0 == .processor }) {
                throw Rejection("the alias \(address) would lead to itself, and there is no mailbox of that name")
            }
            if !targets.contains(target) { targets.append(target) }
        }
        guard targets.count <= DirectoryLimits.targets else {
            throw Rejection("an alias leads to \(DirectoryLimits.targets) addresses at most: make more than one of it")
        }
        write(targets, of: address)
        return .alias(address, targets: targets)
    }

    mutating func removeAlias(_ address: EmailAddress, _ old: [EmailAddress]) throws -> DirectoryNews {
        guard let targets = aliases[address.folded]?.targets else { throw Rejection("there is no alias \(address)") }
        if let stranger = old.first(where: { !targets.contains($0) }) {
            throw Rejection("the alias \(address) does not lead to \(stranger)")
        }
        let left = old.isEmpty ? [] : targets.filter { !old.contains($0) }
        write(left, of: address)
        return .alias(address, targets: left)
    }

    private mutating func write(_ targets: [EmailAddress], of address: EmailAddress) {
        aliases[address.folded] =
            targets.isEmpty ? nil : Alias(address: address, targets: targets, foldedTargets: targets.map { folded($0) })
    }

    /// As an account of ours would be looked up.
    private func folded(_ address: EmailAddress) -> String {
        EmailAddress(localPart: address.localPart, domain: domains[address.domain]?.aliasOf ?? address.domain).folded
    }

    var numberedRules: [NumberedRule] {
        rules.sorted { $0.key < $1.key }.map {
            NumberedRule(
                number: $0.key, $0.value.words, account: $0.value.account, of: accounts[$0.value.account]!.address.domain)
        }
    }

    mutating func addRule(_ words: RuleWords, _ address: EmailAddress) throws -> DirectoryNews {
        let known = accounts(address)
        guard let id = known[.processor] ?? known[.user] ?? known[.folder] else {
            throw Rejection("there is no account \(address): add it first (postern account add \(address))")
        }
        guard rules.count < DirectoryLimits.rules else {
            throw Rejection("there are \(DirectoryLimits.rules) rules already, and more there cannot be: remove one first")
        }
        if let same = rules.filter({ $0.value.words == words && $0.value.account == id }).keys.min() {
            throw Rejection("rule \(same) says the same already")
        }
        lastRule += 1
        rules[lastRule] = Rule(words: words, account: id)
        return .rules(numberedRules)
    }

    mutating func removeRule(_ number: UInt64) throws -> DirectoryNews {
        guard rules.removeValue(forKey: number) != nil else {
            throw Rejection("there is no rule \(number): postern rule list shows those there are")
        }
        return .rules(numberedRules)
    }

    func inOrder(_ list: AccessList) -> [AddressRange] {
        ranges[list, default: []].sorted { $1.description.isBehind($0.description) }
    }

    mutating func addRange(_ list: AccessList, _ range: AddressRange) throws -> DirectoryNews {
        guard !ranges[list, default: []].contains(range) else { throw Rejection("\(range) is \(list.rawValue) already") }
        guard ranges[list, default: []].count < DirectoryLimits.ranges else {
            throw Rejection("the list has \(DirectoryLimits.ranges) ranges already, and more there cannot be: remove one first")
        }
        ranges[list, default: []].append(range)
        return .ranges(list, inOrder(list))
    }

    mutating func removeRange(_ list: AccessList, _ range: AddressRange) throws -> DirectoryNews {
        guard let place = ranges[list, default: []].firstIndex(of: range) else {
            throw Rejection(
                "\(range) is not in the list: postern \(list.rawValue) list shows what is, settings come from the file")
        }
        ranges[list]?.remove(at: place)
        return .ranges(list, inOrder(list))
    }
}

// Limits in the form in which they are kept, or a sentence that says what to write instead; and in words, for the journal.

import IPC
import Mail

extension DirectoryForm {
    static func quota(
        _ owner: QuotaOwner, _ change: QuotaChange
    ) throws(FormFault) -> (owner: QuotaOwner, change: QuotaChange) {
        let all = [change.octets, change.messages, change.accountOctets, change.accountMessages]
        guard all.contains(where: { $0 != nil }) else {
            throw FormFault("nothing was said about a limit: give a size or a number of messages")
        }
        for case .limit(let number)? in all where !QuotaLimits.range.contains(number) {
            throw FormFault("\(number) cannot be a limit: write 1 to 2^60, or none")
        }
        switch owner {
        case .domain(let name): return (.domain(name.lowercased()), change)
        case .account(let address, _):
            guard change.accountOctets == nil, change.accountMessages == nil else {
                throw FormFault("\(address) is one account: limits for each account are a domain's")
            }
            return (owner, change)
        }
    }
}

extension QuotaOwner {
    var words: String {
        switch self {
        case .account(let address, _): "\(address)"
        case .domain(let name): "domain \(name)"
        }
    }
}

extension QuotaChange {
    var words: String {
        let all = [
            ("size", octets), ("messages", messages), ("size of each account", accountOctets),
            ("messages of each account", accountMessages),
        ]
        return "quota " + all.compactMap { name, word in word.map { "\(name) \($0.words)" } }.joined(separator: ", ")
    }
}

extension QuotaWord {
    fileprivate var words: String {
        switch self {
        case .usual: "default"
        case .none: "none"
        case .limit(let number): "\(number)"
        }
    }
}

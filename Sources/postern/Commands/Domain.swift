// postern domain add|list|remove

import ArgumentParser
import IPC
import Mail

struct Domain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The domains whose mail stays here.", subcommands: [Add.self, List.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Receive mail for a domain.")
        @OptionGroup var settings: SettingsOption
        @Argument(help: "Such as example.org.") var domain: String

        func run() async throws {
            guard EmailAddress.isDomain(domain) else {
                throw Failure("'\(domain)' is not a domain name, such as example.org")
            }
            try await StoreCall(settings).change(.addDomain(domain.lowercased()))
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Receive no more mail for a domain without accounts.")
        @OptionGroup var settings: SettingsOption
        @Argument var domain: String

        func run() async throws { try await StoreCall(settings).change(.removeDomain(domain.lowercased())) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the domains.")
        @OptionGroup var settings: SettingsOption
        @OptionGroup var form: JSONOption

        func run() async throws {
            let call = StoreCall(settings)
            let domains = try await call.pages { (last: DomainEntry?) in
                guard case .domains(let page) = try await call.ask(.listDomains(after: last?.name)) else {
                    throw Failure("the store gave an answer that does not fit")
                }
                return page
            }
            if form.json { return try sayJSON(domains) }
            sayTable(["DOMAIN", "ACCOUNTS"], domains.map { [$0.name, "\($0.accounts)"] })
        }
    }
}

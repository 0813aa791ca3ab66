// postern check and postern describe

import ArgumentParser
import Settings

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the settings: all errors at once, with their lines.")
    @OptionGroup var settings: SettingsOption
    @Argument(help: "The settings file; else as for every command.") var file: String?

    func run() throws {
        var option = settings
        if let file { option.config = file }
        let all = try read(option)
        let findings = Settings.findings(of: all)
        for finding in findings { complain("\(finding)") }
        guard findings.allSatisfy(\.isWarning) else { throw ExitCode(1) }
        say("\(settingsPath(option)): right")
    }
}

struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Every setting with its default, what is allowed and what it does.")
    @OptionGroup var form: JSONOption
    @Argument(help: "Only the keys that begin with this.") var key: String?
    @Flag(help: "Print a settings file with every key, to start from.") var example = false

    func run() throws {
        if example { return say(Settings.example) }
        let keys = Settings.described(beginning: key ?? "")
        guard !keys.isEmpty else {
            throw Failure(
                "there is no setting '\(key ?? "")'"
                    + (Settings.nearest(to: key ?? "").map { "; did you mean \($0)?" } ?? ""))
        }
        if form.json { return try sayJSON(keys) }
        for key in keys { say(key.text) }
    }
}

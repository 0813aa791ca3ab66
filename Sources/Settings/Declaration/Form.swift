// What a setting may look like: how it is read, what is allowed in words, how a value of it is written.

/// Why a written value is not one of its form. The line may be that of an element of a list.
struct Problem {
    let line: Int
    let message: String
    var allowed: String?
    var nearest: String?
    /// From 1, when the problem is an element of a list.
    var element: Int?
}

/// The form of one setting.
struct Form<Value: Sendable>: Sendable {
    /// One word or two: "text", "number", "duration".
    let type: String
    /// The range or the words, for a person.
    let allowed: String
    /// Gives nil after it has reported at least one problem.
    let read: @Sendable (TOMLNode, inout [Problem]) -> Value?
    /// The value as TOML writes it.
    let write: @Sendable (Value) -> String

    /// A form that takes one kind of TOML value and turns it into its own.
    init(
        type: String, allowed: String, write: @escaping @Sendable (Value) -> String,
        read: @escaping @Sendable (TOMLNode) -> Result<Value, FormError>
    ) {
        self.type = type
        self.allowed = allowed
        self.write = write
        self.read = { node, problems in
            switch read(node) {
            case .success(let value): return value
            case .failure(let error):
                problems.append(
                    Problem(line: node.line, message: error.message, allowed: allowed, nearest: error.nearest))
                return nil
            }
        }
    }

    init(
        type: String, allowed: String, write: @escaping @Sendable (Value) -> String,
        reading: @escaping @Sendable (TOMLNode, inout [Problem]) -> Value?
    ) {
        self.type = type
        self.allowed = allowed
        self.write = write
        read = reading
    }
}

struct FormError: Error {
    let message: String
    var nearest: String?
}

/// Words that a setting chooses from.
protocol SettingWord: RawRepresentable<String>, CaseIterable, Sendable, Equatable {}

/// Text in the notation of TOML.
package func tomlText(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": quoted += "\\" + String(scalar)
        case "\n": quoted += "\\n"
        case "\t": quoted += "\\t"
        default: quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}

extension Form where Value == String {
    /// Text for which `check` gives nil, or says what is wrong with it.
    static func text(_ allowed: String, _ check: @escaping @Sendable (String) -> String? = { _ in nil }) -> Form {
        Form(type: "text", allowed: allowed, write: { tomlText($0) }) { node in
            guard case .text(let text) = node.value else { return .failure(.kind("text in quotation marks", node)) }
            if let trouble = check(text) { return .failure(FormError(message: trouble)) }
            return .success(text)
        }
    }

    /// An absolute path without `.`, `..` and a slash at the end.
    static let path = text("an absolute path") { text in
        if text.isEmpty { return "must not be empty" }
        guard text.hasPrefix("/") else { return "\(tomlText(text)) is a relative path" }
        guard !text.utf8.contains(0) else { return "a path has no NUL" }
        let parts = text.split(separator: "/", omittingEmptySubsequences: true)
        return parts.isEmpty || parts.contains("..") || parts.contains(".") || text.hasSuffix("/")
            || text.contains("//")
            ? "\(tomlText(text)) is not written plainly: no '.', '..' or needless '/'" : nil
    }

    /// A host name, also a short one as it is used inside a network (T-19).
    static let hostName = text("a host name, such as \"mail.example.org\"; inside a network any name") { text in
        if text.isEmpty { return "must not be empty" }
        return HostName.isName(text) ? nil : "\(tomlText(text)) is not a host name"
    }
}

extension Form where Value == Bool {
    static var truth: Form {
        Form(type: "true or false", allowed: "true, false", write: { "\($0)" }) { node in
            guard case .truth(let truth) = node.value else { return .failure(.kind("true or false", node)) }
            return .success(truth)
        }
    }
}

extension Form where Value == Int {
    static func number(_ range: ClosedRange<Int>) -> Form {
        let allowed = "\(range.lowerBound) to \(range.upperBound)"
        return Form(type: "number", allowed: allowed, write: { "\($0)" }) { node in
            guard case .integer(let number) = node.value else { return .failure(.kind("a whole number", node)) }
            guard range.contains(number) else { return .failure(.outside(range, number, "\(number)")) }
            return .success(number)
        }
    }
}

extension Form where Value: SettingWord {
    static var word: Form { word(among: Array(Value.allCases)) }

    static func word(among allowed: [Value]) -> Form {
        let words = allowed.map { $0.rawValue }
        return Form(type: "word", allowed: words.joined(separator: ", "), write: { tomlText($0.rawValue) }) { node in
            guard case .text(let text) = node.value else { return .failure(.kind("a word in quotation marks", node)) }
            guard let word = allowed.first(where: { $0.rawValue == text }) else {
                return .failure(
                    FormError(
                        message: "\(tomlText(text)) is not one of its words",
                        nearest: Nearest.word(to: text, among: words)))
            }
            return .success(word)
        }
    }
}

extension Form {
    /// A list of values of one form. Each wrong element is a problem with a line of its own.
    static func list<Element: Sendable>(of form: Form<Element>, count: ClosedRange<Int>) -> Form
    where Value == [Element] {
        Form(
            type: "list", allowed: "a list of \(count.lowerBound) to \(count.upperBound): \(form.allowed)",
            write: { "[" + $0.map(form.write).joined(separator: ", ") + "]" },
            reading: { node, problems in
                guard case .list(let nodes) = node.value else {
                    problems.append(
                        Problem(line: node.line, message: FormError.kind("a list", node).message, allowed: form.allowed)
                    )
                    return nil
                }
                guard count.contains(nodes.count) else {
                    problems.append(
                        Problem(
                            line: node.line, message: "has \(nodes.count) elements",
                            allowed: "\(count.lowerBound) to \(count.upperBound) elements"))
                    return nil
                }
                var elements: [Element] = []
                for (index, inner) in nodes.enumerated() {
                    var found: [Problem] = []
                    if let element = form.read(inner, &found) { elements.append(element) }
                    problems += found.map {
                        Problem(
                            line: $0.line, message: $0.message, allowed: $0.allowed, nearest: $0.nearest,
                            element: index + 1)
                    }
                }
                return elements.count == nodes.count ? elements : nil
            })
    }

    /// A setting that may be left out: there is no default.
    var optional: Form<Value?> {
        Form<Value?>(
            type: type, allowed: allowed, write: { $0.map(write) ?? "" }, reading: { .some(read($0, &$1)) })
    }
}

extension FormError {
    static func kind(_ expected: String, _ node: TOMLNode) -> FormError {
        FormError(message: "must be \(expected), not \(node.kind)")
    }

    static func outside<Bound: Comparable>(_ range: ClosedRange<Bound>, _ value: Bound, _ written: String) -> FormError {
        FormError(message: "\(written) is too \(value < range.lowerBound ? "small" : "large")")
    }
}

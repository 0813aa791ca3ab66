// How the words of a transaction between listener and router spell themselves.

import Mail

extension SenderParameters: Word {
    package func spell(into sink: BinarySink) {
        sink.optional(declaredSize) { sink.varint($0) }
        sink.single(body.rawValue)
        sink.flag(isInternational)
        sink.optional(envelopeID) { sink.text($0) }
        sink.optional(returns) { sink.single($0.rawValue) }
    }

    package init(spelledIn source: BinarySource) throws {
        self.init(
            declaredSize: try source.optional { try source.varint() }, body: try source.raw(ContentForm.self),
            isInternational: try source.flag(), envelopeID: try source.optional { try source.text() },
            returns: try source.optional { try source.raw(ReturnedPart.self) })
    }
}

extension RecipientParameters: Word {
    package func spell(into sink: BinarySink) {
        sink.optional(notify) { wishes in
            sink.byte(1)
            sink.byte(wishes.rawValue)
        }
        sink.optional(original) { sink.text($0) }
    }

    package init(spelledIn source: BinarySource) throws {
        let notify = try source.optional {
            try source.single()
            return NotifyWishes(rawValue: try source.byte())
        }
        self.init(notify: notify, original: try source.optional { try source.text() })
    }
}

extension ListenerToRouter.Question {
    package func spell(into sink: BinarySink) throws {
        switch self {
        case .sender(let facts, let sender, let parameters):
            sink.name("sender")
            try facts.spell(into: sink)
            try sink.optional(sender)
            parameters.spell(into: sink)
        case .recipient(let address, let parameters):
            sink.name("recipient")
            address.spell(into: sink)
            parameters.spell(into: sink)
        case .deliver: sink.name("deliver")
        default: try sink.write(self)
        }
    }

    package init(spelledIn source: BinarySource) throws {
        if source.hears("recipient") {
            self = .recipient(try EmailAddress(spelledIn: source), try RecipientParameters(spelledIn: source))
        } else if source.hears("sender") {
            self = .sender(
                try SessionFacts(spelledIn: source), try source.optional(EmailAddress.self),
                try SenderParameters(spelledIn: source))
        } else if source.hears("deliver") {
            self = .deliver
        } else {
            self = try source.read(Self.self)
        }
    }
}

extension Verdict: Word {
    package func spell(into sink: BinarySink) {
        switch self {
        case .accepted: sink.name("accepted")
        case .refused(let refusal):
            sink.name("refused")
            refusal.spell(into: sink)
        }
    }

    package init(spelledIn source: BinarySource) throws {
        if source.hears("accepted") {
            self = .accepted
        } else if source.hears("refused") {
            self = .refused(try Refusal(spelledIn: source))
        } else {
            throw BinaryCoderError.malformed("Verdict")
        }
    }
}

extension ListenerToRouter.Answer {
    package func spell(into sink: BinarySink) throws {
        switch self {
        case .verdict(let verdict):
            sink.name("verdict")
            verdict.spell(into: sink)
        case .receipt(let receipt):
            sink.name("receipt")
            receipt.spell(into: sink)
        default: try sink.write(self)
        }
    }

    package init(spelledIn source: BinarySource) throws {
        if source.hears("verdict") {
            self = .verdict(try Verdict(spelledIn: source))
        } else if source.hears("receipt") {
            self = .receipt(try Receipt(spelledIn: source))
        } else {
            self = try source.read(Self.self)
        }
    }
}

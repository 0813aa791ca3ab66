// How the words with which the router commits a message to the store spell themselves.

import Mail

extension LocalPlacement: Word {
    package func spell(into sink: BinarySink) {
        recipient.spell(into: sink)
        sink.byte(1)
        sink.signed(account.rawValue)
        sink.optional(mailbox) { sink.text($0) }
        sink.byte(1)
        sink.byte(flags.rawValue)
        sink.texts(keywords)
    }

    package init(spelledIn source: BinarySource) throws {
        let recipient = try EmailAddress(spelledIn: source)
        try source.single()
        self.init(recipient: recipient, account: AccountID(rawValue: try source.signed(Int64.self)))
        mailbox = try source.optional { try source.text() }
        try source.single()
        flags = MessageFlags(rawValue: try source.byte())
        keywords = try source.texts()
    }
}

extension RelayedRecipient: Word {
    package func spell(into sink: BinarySink) {
        address.spell(into: sink)
        parameters.spell(into: sink)
    }

    package init(spelledIn source: BinarySource) throws {
        self.init(try EmailAddress(spelledIn: source), try RecipientParameters(spelledIn: source))
    }
}

extension Plan: Word {
    package func spell(into sink: BinarySink) throws {
        trace.spell(into: sink)
        try sink.optional(sender)
        sink.raw(localHeader)
        sink.raw(header)
        try sink.sequence(placements)
        try sink.sequence(relays)
        parameters.spell(into: sink)
        sink.optional(idempotencyKey) { sink.text($0) }
        sink.flag(isAppended)
        sink.optional(internalDate) { sink.signed($0) }
        sink.flag(createsMailboxes)
        sink.optional(identity) { sink.text($0) }
        sink.flag(isOwnReport)
    }

    package init(spelledIn source: BinarySource) throws {
        self.init(
            trace: try TraceID(spelledIn: source), sender: try source.optional(EmailAddress.self),
            localHeader: Array(try source.raw()), header: Array(try source.raw()),
            placements: try source.sequence(LocalPlacement.self), relays: try source.sequence(RelayedRecipient.self),
            parameters: try SenderParameters(spelledIn: source),
            idempotencyKey: try source.optional { try source.text() })
        isAppended = try source.flag()
        internalDate = try source.optional { try source.signed(Int64.self) }
        createsMailboxes = try source.flag()
        identity = try source.optional { try source.text() }
        isOwnReport = try source.flag()
    }
}

extension RouterToStore.Question {
    package func spell(into sink: BinarySink) throws {
        guard case .commit(let plan) = self else { return try sink.write(self) }
        sink.name("commit")
        try plan.spell(into: sink)
    }

    package init(spelledIn source: BinarySource) throws {
        if source.hears("commit") {
            self = .commit(try Plan(spelledIn: source))
        } else {
            self = try source.read(Self.self)
        }
    }
}

extension RouterToStore.Answer {
    package func spell(into sink: BinarySink) throws {
        guard case .receipt(let receipt) = self else { return try sink.write(self) }
        sink.name("receipt")
        receipt.spell(into: sink)
    }

    package init(spelledIn source: BinarySource) throws {
        if source.hears("receipt") {
            self = .receipt(try Receipt(spelledIn: source))
        } else {
            self = try source.read(Self.self)
        }
    }
}

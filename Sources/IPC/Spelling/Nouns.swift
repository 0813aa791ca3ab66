// How the nouns of every message spell themselves: properties in the order of their declarations.

import Mail

extension EmailAddress: Word {
    package func spell(into sink: BinarySink) {
        sink.text(localPart)
        sink.text(domain)
    }

    package init(spelledIn source: BinarySource) throws {
        self.init(localPart: try source.text(), lowercasedDomain: try source.text())
    }
}

extension TraceID: Word {
    package func spell(into sink: BinarySink) {
        sink.varint(high)
        sink.varint(low)
    }

    package init(spelledIn source: BinarySource) throws {
        self.init(high: try source.varint(), low: try source.varint())
    }
}

extension InternetAddress: Word {
    package func spell(into sink: BinarySink) {
        sink.varint(high)
        sink.varint(low)
    }

    package init(spelledIn source: BinarySource) throws {
        self.init(high: try source.varint(), low: try source.varint())
    }
}

extension Ticket: Word {
    package func spell(into sink: BinarySink) { sink.raw(bytes) }

    package init(spelledIn source: BinarySource) throws { self.init(bytes: Array(try source.raw())) }
}

extension SessionFacts: Word {
    package func spell(into sink: BinarySink) throws {
        trace.spell(into: sink)
        sink.single(service.rawValue)
        client.spell(into: sink)
        sink.varint(UInt64(clientPort))
        local.spell(into: sink)
        sink.varint(UInt64(localPort))
        sink.text(greeting)
        sink.flag(isExtended)
        sink.flag(isEncrypted)
        sink.varint(UInt64(listener))
        try sink.optional(login)
    }

    package init(spelledIn source: BinarySource) throws {
        self.init(
            trace: try TraceID(spelledIn: source), service: try source.raw(ServiceName.self),
            client: try InternetAddress(spelledIn: source), clientPort: try source.unsigned(UInt16.self),
            local: try InternetAddress(spelledIn: source), localPort: try source.unsigned(UInt16.self),
            greeting: try source.text(), isExtended: try source.flag(), isEncrypted: try source.flag(),
            listener: try source.unsigned(UInt16.self), login: try source.optional(Ticket.self))
    }
}

extension Refusal: Word {
    package func spell(into sink: BinarySink) {
        sink.varint(UInt64(reply.code))
        sink.optional(reply.status) { sink.text($0) }
        sink.text(reply.text)
        sink.text(because)
    }

    package init(spelledIn source: BinarySource) throws {
        let code = try source.unsigned(UInt16.self)
        let status = try source.optional { try source.text() }
        self.init(Reply(code, status, try source.text()), because: try source.text())
    }
}

extension Receipt: Word {
    package func spell(into sink: BinarySink) {
        switch self {
        case .accepted(let spool):
            sink.name("accepted")
            sink.byte(1)
            sink.varint(spool.rawValue)
        case .refused(let refusal):
            sink.name("refused")
            refusal.spell(into: sink)
        }
    }

    package init(spelledIn source: BinarySource) throws {
        if source.hears("accepted") {
            try source.single()
            self = .accepted(SpoolID(rawValue: try source.varint()))
        } else if source.hears("refused") {
            self = .refused(try Refusal(spelledIn: source))
        } else {
            throw BinaryCoderError.malformed("Receipt")
        }
    }
}

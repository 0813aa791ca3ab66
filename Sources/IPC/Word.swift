// What crosses an edge: any Codable value in the binary form, and how some of them say it faster.

/// A question or an answer, or a part of one.
///
/// By default its bytes are those that its Codable conformance gives. Codable's containers are generic over the type of
/// their keys, which the runtime has to find again for every value: a third of the router's time went there. What is said
/// for every message therefore spells its bytes itself (`Spelling/`): the same ones, to which `SpellingTests` holds it.
package protocol Word: Codable, Sendable {
    func spell(into sink: BinarySink) throws
    init(spelledIn source: BinarySource) throws
}

extension Word {
    package func spell(into sink: BinarySink) throws { try sink.write(self) }

    package init(spelledIn source: BinarySource) throws { self = try source.read(Self.self) }
}

// What spellings are made of.
extension BinarySink {
    func flag(_ value: Bool) { byte(value ? 1 : 0) }

    /// The name of an enum's case; its payload follows.
    func name(_ name: StaticString) {
        raw(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// A single value, such as what stands for an enum with raw values.
    func single(_ text: String) {
        byte(1)
        self.text(text)
    }

    /// A property that may be missing.
    @inline(__always)
    func optional<Value>(_ value: Value?, _ write: (Value) throws -> Void) rethrows {
        guard let value else { return byte(0) }
        byte(1)
        try write(value)
    }

    @inline(__always)
    func optional(_ word: (some Word)?) throws { try optional(word) { try $0.spell(into: self) } }

    /// A sequence of values that each take a byte at least.
    @inline(__always)
    func sequence(_ words: [some Word]) throws {
        fixed(UInt32(truncatingIfNeeded: words.count))
        for word in words { try word.spell(into: self) }
    }
}

extension BinarySource {
    /// Whether an enum's case of this name comes next, which is read then.
    func hears(_ name: StaticString) -> Bool {
        let length = name.utf8CodeUnitCount
        guard length < 0x80, let next = ahead(length + 1), next[0] == UInt8(length) else { return false }
        guard
            UnsafeRawBufferPointer(rebasing: next[1...]).elementsEqual(
                UnsafeRawBufferPointer(start: name.utf8Start, count: length))
        else { return false }
        move(to: offset + length + 1)
        return true
    }

    /// The 1 in front of a single value.
    func single() throws(BinaryCoderError) {
        guard try byte() == 1 else { throw .malformed("single value") }
    }

    /// An enum whose raw values are texts.
    @inline(__always)
    func raw<Value: RawRepresentable>(_ type: Value.Type) throws(BinaryCoderError) -> Value
    where Value.RawValue == String {
        try single()
        guard let value = Value(rawValue: try text()) else { throw .malformed("\(type)") }
        return value
    }

    @inline(__always)
    func optional<Value>(_ read: () throws -> Value) throws -> Value? { try flag() ? try read() : nil }

    @inline(__always)
    func optional<Value: Word>(_ type: Value.Type) throws -> Value? {
        try flag() ? try Value(spelledIn: self) : nil
    }

    @inline(__always)
    func sequence<Value: Word>(_ type: Value.Type) throws -> [Value] {
        let count = try elements()
        var values: [Value] = []
        // A count may be as high as there are bytes; a value in memory is larger than one byte.
        values.reserveCapacity(min(count, 64))
        for _ in 0..<count { values.append(try Value(spelledIn: self)) }
        return values
    }
}

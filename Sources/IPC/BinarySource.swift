// The reading half of the binary form: the Decoder that values meet, and its containers. Nothing it is given can make it
// read outside the bytes, reserve more than they can hold, or recur without end.

/// The bytes of one value while it is read.
package final class BinarySource: Decoder {
    private var base: UnsafeRawPointer?
    private(set) var offset = 0
    private var end = 0
    private var depth = 0
    /// After an enum's case was looked at: where it stood and where it ended.
    private var peeked = (start: -1, end: 0)

    package var codingPath: [any CodingKey] { [] }
    package var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Bytes not read yet.
    var left: Int { end - offset }

    func open(_ bytes: UnsafeRawBufferPointer) {
        base = bytes.baseAddress
        end = bytes.count
        offset = 0
        depth = 0
        peeked.start = -1
    }

    /// A container that outlives its value finds nothing more to read.
    func close() {
        base = nil
        end = 0
        offset = 0
    }

    package func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        if ObjectIdentifier(type) == BinaryCoder.dictionaryKey {
            return KeyedDecodingContainer(try DictionarySource<Key>(source: self))
        }
        return KeyedDecodingContainer(KeyedSource<Key>(source: self))
    }

    package func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        UnkeyedSource(source: self, total: try elements())
    }

    package func singleValueContainer() throws -> any SingleValueDecodingContainer { SingleSource(source: self) }

    /// Reads any value: directly what has a form of its own, the rest by its own `init(from:)`.
    @inline(__always)
    func read<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if type == String.self { return unsafeBitCast(try text(), to: type) }
        if type == Bool.self { return unsafeBitCast(try flag(), to: type) }
        if type == Int.self { return unsafeBitCast(Int(try signed(Int64.self)), to: type) }
        if type == UInt32.self { return unsafeBitCast(try unsigned(UInt32.self), to: type) }
        if type == UInt64.self { return unsafeBitCast(try varint(), to: type) }
        if type == Int64.self { return unsafeBitCast(try signed(Int64.self), to: type) }
        if type == Int32.self { return unsafeBitCast(try signed(Int32.self), to: type) }
        if type == UInt8.self { return unsafeBitCast(try byte(), to: type) }
        if type == UInt16.self { return unsafeBitCast(try unsigned(UInt16.self), to: type) }
        if type == Double.self { return unsafeBitCast(Double(bitPattern: try fixed(UInt64.self)), to: type) }
        if type == Float.self { return unsafeBitCast(Float(bitPattern: try fixed(UInt32.self)), to: type) }
        if type == UInt.self { return unsafeBitCast(UInt(try varint()), to: type) }
        if type == Int16.self { return unsafeBitCast(try signed(Int16.self), to: type) }
        if type == Int8.self { return unsafeBitCast(Int8(bitPattern: try byte()), to: type) }
        if type == [UInt8].self { return unsafeBitCast(Array(try raw()), to: type) }
        if type == [String].self { return unsafeBitCast(try texts(), to: type) }
        return try nested(type)
    }

    @inline(never)
    private func nested<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard depth < BinaryCoder.depth else { throw BinaryCoderError.tooDeep }
        depth += 1
        defer { depth -= 1 }
        return try Value(from: self)
    }
}

// The forms.
extension BinarySource {
    func byte() throws(BinaryCoderError) -> UInt8 {
        guard let base, offset < end else { throw .truncated }
        defer { offset += 1 }
        return base.load(fromByteOffset: offset, as: UInt8.self)
    }

    func flag() throws(BinaryCoderError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw .malformed("Bool")
        }
    }

    /// Only the shortest form is accepted, so that a value has one form.
    func varint() throws(BinaryCoderError) -> UInt64 {
        var value = UInt64(try byte())
        guard value > 0x7f else { return value }
        value &= 0x7f
        var shift: UInt64 = 7
        while true {
            let next = try byte()
            if shift == 63 && next > 1 { throw .malformed("integer") }
            value |= UInt64(next & 0x7f) << shift
            if next <= 0x7f {
                guard next != 0 else { throw .malformed("integer") }
                return value
            }
            shift += 7
        }
    }

    func unsigned<Number: FixedWidthInteger>(_ type: Number.Type) throws(BinaryCoderError) -> Number {
        guard let value = Number(exactly: try varint()) else { throw .malformed("integer") }
        return value
    }

    func signed<Number: FixedWidthInteger>(_ type: Number.Type) throws(BinaryCoderError) -> Number {
        let bits = try varint()
        let value = Int64(bitPattern: bits >> 1) ^ -Int64(bitPattern: bits & 1)
        guard let value = Number(exactly: value) else { throw .malformed("integer") }
        return value
    }

    func fixed<Number: FixedWidthInteger>(_ type: Number.Type) throws(BinaryCoderError) -> Number {
        guard let base, left >= MemoryLayout<Number>.size else { throw .truncated }
        defer { offset += MemoryLayout<Number>.size }
        return Number(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    func raw() throws(BinaryCoderError) -> UnsafeRawBufferPointer {
        let length = try varint()
        guard let base, length <= UInt64(left) else { throw .truncated }
        defer { offset += Int(length) }
        return UnsafeRawBufferPointer(start: base + offset, count: Int(length))
    }

    func text() throws(BinaryCoderError) -> String {
        let bytes = try raw()
        // The validating initialiser costs as much as the rest of a small value; ASCII needs no validation.
        if Self.isASCII(bytes) { return String(decoding: bytes, as: UTF8.self) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
        return text
    }

    private static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var place = 0
        var found: UInt64 = 0
        while place + 8 <= bytes.count {
            found |= bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            place += 8
        }
        while place < bytes.count {
            found |= UInt64(bytes[place])
            place += 1
        }
        return found & 0x8080_8080_8080_8080 == 0
    }

    func texts() throws(BinaryCoderError) -> [String] {
        let count = try varint()
        guard count <= UInt64(left) else { throw .truncated }
        var values: [String] = []
        values.reserveCapacity(Int(count))
        for _ in 0..<Int(count) { values.append(try text()) }
        return values
    }

    /// The count of a sequence; each element takes a byte at least.
    func elements() throws(BinaryCoderError) -> Int {
        let count = try fixed(UInt32.self)
        guard count <= left else { throw .truncated }
        return Int(count)
    }

    /// The name of an enum's case, without reading on.
    func peek() -> String? {
        let start = offset
        defer { offset = start }
        guard let name = try? text() else { return nil }
        peeked = (start, offset)
        return name
    }

    /// Reads the name of a case, which is known already if it was looked at here.
    func skip(_ key: some CodingKey) throws(BinaryCoderError) {
        if peeked.start == offset {
            offset = peeked.end
            return
        }
        guard try text() == key.stringValue else { throw .malformed("name of a case") }
    }

    func skip(_ length: Int) throws(BinaryCoderError) {
        guard length <= left else { throw .truncated }
        offset += length
    }

    func move(to place: Int) { offset = place }

    /// The next bytes, without reading them; nil when there are not so many.
    func ahead(_ length: Int) -> UnsafeRawBufferPointer? {
        guard let base, length <= left else { return nil }
        return UnsafeRawBufferPointer(start: base + offset, count: length)
    }
}

/// Properties in order. `contains` and `decodeNil` read the byte before an optional, as the protocol's own
/// `decodeIfPresent` calls them.
private struct KeyedSource<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let source: BinarySource
    var codingPath: [any CodingKey] { [] }

    /// Only the synthesised code of enums asks.
    var allKeys: [Key] {
        guard let name = source.peek(), let key = Key(stringValue: name) else { return [] }
        return [key]
    }

    func contains(_ key: Key) -> Bool { true }

    func decodeNil(forKey key: Key) throws -> Bool { try !source.flag() }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try source.read(type) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try source.skip(key)
        return try source.container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try source.unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { source }
    func superDecoder(forKey key: Key) throws -> any Decoder { source }
}

private struct UnkeyedSource: UnkeyedDecodingContainer {
    let source: BinarySource
    let total: Int
    private(set) var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { total }
    var isAtEnd: Bool { currentIndex >= total }

    init(source: BinarySource, total: Int) {
        self.source = source
        self.total = total
    }

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try next()
        let start = source.offset
        let value = try source.read(type)
        if source.offset == start, try source.byte() != 0 { throw BinaryCoderError.malformed("empty element") }
        return value
    }

    private mutating func next() throws(BinaryCoderError) {
        guard currentIndex < total else { throw .truncated }
        currentIndex += 1
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try next()
        return try source.container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next()
        return try source.unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder {
        try next()
        return source
    }
}

private struct SingleSource: SingleValueDecodingContainer {
    let source: BinarySource
    var codingPath: [any CodingKey] { [] }

    /// Optional asks this first; a value's own 1 is left for `decode`.
    func decodeNil() -> Bool {
        let start = source.offset
        if (try? source.byte()) == 0 { return true }
        source.move(to: start)
        return false
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard try source.byte() == 1 else { throw BinaryCoderError.malformed("single value") }
        return try source.read(type)
    }
}

/// Dictionary with String or Int keys: lists the places of all values first.
private struct DictionarySource<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let source: BinarySource
    private var places: [String: Range<Int>] = [:]
    private(set) var allKeys: [Key] = []
    var codingPath: [any CodingKey] { [] }

    init(source: BinarySource) throws {
        self.source = source
        for _ in 0..<(try source.elements()) {
            let name = try source.text()
            let length = Int(try source.fixed(UInt32.self))
            let start = source.offset
            try source.skip(length)
            guard let key = Key(stringValue: name), places.updateValue(start..<start + length, forKey: name) == nil
            else { throw BinaryCoderError.malformed("key of a dictionary") }
            allKeys.append(key)
        }
    }

    func contains(_ key: Key) -> Bool { places[key.stringValue] != nil }

    func decodeNil(forKey key: Key) throws -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        guard let place = places[key.stringValue] else { throw BinaryCoderError.malformed("key of a dictionary") }
        let after = source.offset
        source.move(to: place.lowerBound)
        let value = try source.read(type)
        guard source.offset == place.upperBound else { throw BinaryCoderError.malformed("length in a dictionary") }
        source.move(to: after)
        return value
    }

    // Dictionary calls nothing but `allKeys` and `decode`.
    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw BinaryCoderError.unsupported("nested in a dictionary") }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw BinaryCoderError.unsupported("nested in a dictionary")
    }
    func superDecoder() throws -> any Decoder { source }
    func superDecoder(forKey key: Key) throws -> any Decoder { source }
}

// The writing half of the binary form: the Encoder that values meet, and its containers.

/// Where values are written: a growing piece of memory that is kept for the next value.
package final class BinarySink: Encoder {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0
    private var depth = 0

    package var codingPath: [any CodingKey] { [] }
    package var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Storage above this is given back before the next value.
    private static let kept = 64 << 10

    init() {
        capacity = 1024
        base = .allocate(byteCount: capacity, alignment: 8)
    }

    deinit { base.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    func reset() {
        count = 0
        depth = 0
        if capacity > Self.kept { resize(to: 1024) }
    }

    package func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if ObjectIdentifier(type) == BinaryCoder.dictionaryKey {
            return KeyedEncodingContainer(DictionarySink<Key>(sink: self, slot: counter()))
        }
        return KeyedEncodingContainer(KeyedSink<Key>(sink: self))
    }

    package func unkeyedContainer() -> any UnkeyedEncodingContainer { UnkeyedSink(sink: self, slot: counter()) }

    package func singleValueContainer() -> any SingleValueEncodingContainer { SingleSink(sink: self) }

    /// Writes any value: directly what has a form of its own, the rest by its own `encode(to:)`.
    @inline(__always)
    func write<Value: Encodable>(_ value: Value) throws {
        if Value.self == String.self { return text(unsafeBitCast(value, to: String.self)) }
        if Value.self == Bool.self { return byte(unsafeBitCast(value, to: Bool.self) ? 1 : 0) }
        if Value.self == Int.self { return signed(Int64(unsafeBitCast(value, to: Int.self))) }
        if Value.self == UInt32.self { return varint(UInt64(unsafeBitCast(value, to: UInt32.self))) }
        if Value.self == UInt64.self { return varint(unsafeBitCast(value, to: UInt64.self)) }
        if Value.self == Int64.self { return signed(unsafeBitCast(value, to: Int64.self)) }
        if Value.self == Int32.self { return signed(Int64(unsafeBitCast(value, to: Int32.self))) }
        if Value.self == UInt8.self { return byte(unsafeBitCast(value, to: UInt8.self)) }
        if Value.self == UInt16.self { return varint(UInt64(unsafeBitCast(value, to: UInt16.self))) }
        if Value.self == Double.self { return fixed(unsafeBitCast(value, to: Double.self).bitPattern) }
        if Value.self == Float.self { return fixed(unsafeBitCast(value, to: Float.self).bitPattern) }
        if Value.self == UInt.self { return varint(UInt64(unsafeBitCast(value, to: UInt.self))) }
        if Value.self == Int16.self { return signed(Int64(unsafeBitCast(value, to: Int16.self))) }
        if Value.self == Int8.self { return byte(UInt8(bitPattern: unsafeBitCast(value, to: Int8.self))) }
        if Value.self == [UInt8].self { return raw(unsafeBitCast(value, to: [UInt8].self)) }
        if Value.self == [String].self { return texts(unsafeBitCast(value, to: [String].self)) }
        try nested(value)
    }

    @inline(never)
    private func nested<Value: Encodable>(_ value: Value) throws {
        guard depth < BinaryCoder.depth else { throw BinaryCoderError.tooDeep }
        depth += 1
        try value.encode(to: self)
        depth -= 1
    }
}

// The forms.
extension BinarySink {
    func byte(_ value: UInt8) {
        reserve(1)
        base.storeBytes(of: value, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    func varint(_ value: UInt64) {
        reserve(10)
        var rest = value
        while rest > 0x7f {
            base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: count, as: UInt8.self)
            count += 1
            rest >>= 7
        }
        base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: count, as: UInt8.self)
        count += 1
    }

    func signed(_ value: Int64) { varint(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    func fixed<Number: FixedWidthInteger>(_ value: Number) {
        reserve(MemoryLayout<Number>.size)
        base.storeBytes(of: value.littleEndian, toByteOffset: count, as: Number.self)
        count += MemoryLayout<Number>.size
    }

    func text(_ value: String) {
        var value = value
        value.withUTF8 { raw(UnsafeRawBufferPointer($0)) }
    }

    func raw(_ value: [UInt8]) { value.withUnsafeBytes { raw($0) } }

    func raw(_ bytes: UnsafeRawBufferPointer) {
        varint(UInt64(bytes.count))
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        reserve(bytes.count)
        (base + count).copyMemory(from: start, byteCount: bytes.count)
        count += bytes.count
    }

    func texts(_ values: [String]) {
        varint(UInt64(values.count))
        for value in values { text(value) }
    }

    /// A 4-byte number that is set later; gives its place.
    func counter() -> Int {
        let slot = count
        fixed(UInt32(0))
        return slot
    }

    func set(_ slot: Int, to value: Int) {
        base.storeBytes(of: UInt32(truncatingIfNeeded: value).littleEndian, toByteOffset: slot, as: UInt32.self)
    }

    func increment(_ slot: Int) {
        let value = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: slot, as: UInt32.self))
        set(slot, to: Int(value) + 1)
    }

    @inline(__always)
    private func reserve(_ more: Int) {
        if count + more > capacity { resize(to: max(capacity * 2, count + more)) }
    }

    @inline(never)
    private func resize(to size: Int) {
        let moved = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        moved.copyMemory(from: base, byteCount: min(count, size))
        base.deallocate()
        base = moved
        capacity = size
    }
}

/// Properties in order. One generic method answers all of the protocol's: the compiler makes one of each from it.
private struct KeyedSink<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let sink: BinarySink
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) throws { throw BinaryCoderError.unsupported("encodeNil(forKey:)") }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws { try sink.write(value) }

    func encodeIfPresent<Value: Encodable>(_ value: Value?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try optional(value) }
    func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try optional(value) }

    @inline(__always)
    private func optional<Value: Encodable>(_ value: Value?) throws {
        guard let value else { return sink.byte(0) }
        sink.byte(1)
        try sink.write(value)
    }

    /// An enum's case and its payload: the name, then the payload.
    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        sink.text(key.stringValue)
        return sink.container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { sink.unkeyedContainer() }
    func superEncoder() -> any Encoder { sink }
    func superEncoder(forKey key: Key) -> any Encoder { sink }
}

/// Sequences: the count is raised with each element, since nobody says it beforehand.
private struct UnkeyedSink: UnkeyedEncodingContainer {
    let sink: BinarySink
    let slot: Int
    private(set) var count = 0
    var codingPath: [any CodingKey] { [] }

    init(sink: BinarySink, slot: Int) {
        self.sink = sink
        self.slot = slot
    }

    func encodeNil() throws { throw BinaryCoderError.unsupported("encodeNil() in a sequence") }

    mutating func encode<Value: Encodable>(_ value: Value) throws {
        next()
        let start = sink.count
        try sink.write(value)
        if sink.count == start { sink.byte(0) }  // So that a count is never more than the bytes that follow.
    }

    private mutating func next() {
        count += 1
        sink.set(slot, to: count)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        next()
        return sink.container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        next()
        return sink.unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
        next()
        return sink
    }
}

private struct SingleSink: SingleValueEncodingContainer {
    let sink: BinarySink
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { sink.byte(0) }

    func encode<Value: Encodable>(_ value: Value) throws {
        sink.byte(1)
        try sink.write(value)
    }
}

/// Dictionary with String or Int keys: each value has its length in front, so that a reader can list the keys first.
struct DictionarySink<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let sink: BinarySink
    let slot: Int
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) throws { throw BinaryCoderError.unsupported("encodeNil(forKey:)") }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        sink.increment(slot)
        sink.text(key.stringValue)
        let length = sink.counter()
        let start = sink.count
        try sink.write(value)
        sink.set(length, to: sink.count - start)
    }

    // Dictionary calls nothing but `encode`.
    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { sink.container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { sink.unkeyedContainer() }
    func superEncoder() -> any Encoder { sink }
    func superEncoder(forKey key: Key) -> any Encoder { sink }
}

// The binary form of questions and answers: Codable without keys, both ends being of the same version.
//
//  Bool                  1 byte, 0 or 1
//  UInt8, Int8           1 byte
//  unsigned integers     varint (7 bits a byte, low first), signed ones zigzag first
//  Double, Float         8 and 4 bytes, little-endian
//  String, [UInt8]       varint length, bytes (UTF-8, checked)
//  [String]              varint count, strings
//  optional property     0, or 1 and the value (encodeIfPresent)
//  single-value          0 for nil, or 1 and the value: Optional as an element, RawRepresentable
//  other sequences       4-byte count, elements; an element that writes nothing is written as 0
//  structs               their properties in the order of their coding keys
//  enums with payloads   the case's name (String), its payload like a struct
//  [String: T] [Int: T]  4-byte count, then key (String), 4-byte length, value
//
// `encodeNil(forKey:)` and an unkeyed `encodeNil()` are refused: without keys they could not be told from a value.
import NIOCore

/// Why a value could not be written or read. Texts never repeat the bytes.
package enum BinaryCoderError: Error, Equatable, Sendable {
    /// The bytes end inside a value, or a count is more than the bytes left can hold.
    case truncated
    /// Bytes that are not the form of what is read; says what.
    case malformed(String)
    /// A String that is not UTF-8.
    case notText
    /// Values nested deeper than `BinaryCoder.depth`.
    case tooDeep
    /// The value ended, the bytes did not.
    case trailing(Int)
    /// The encoded value is longer than allowed.
    case tooLong(Int)
    /// A Codable call that has no keyless form.
    case unsupported(String)
}

package enum BinaryCoder {
    /// How deep values may be nested, against values that recur in themselves.
    package static let depth = 64

    /// What Dictionary encodes its String and Int keys with: the type is the standard library's own, so it is asked for.
    static let dictionaryKey: ObjectIdentifier? = {
        let probe = DictionaryKeyProbe()
        try? ["": 0].encode(to: probe)
        return probe.found
    }()
}

/// Catches the type of key that Dictionary uses.
private final class DictionaryKeyProbe: Encoder {
    var found: ObjectIdentifier?
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    private let sink = BinarySink()

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        found = ObjectIdentifier(type)
        return KeyedEncodingContainer(DictionarySink<Key>(sink: sink, slot: sink.counter()))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer { sink.unkeyedContainer() }
    func singleValueContainer() -> any SingleValueEncodingContainer { sink.singleValueContainer() }
}

/// Writes values. Keeps its storage from one value to the next; one per channel, not for two threads.
package final class BinaryEncoder {
    private let sink = BinarySink()

    package init() {}

    /// Appends the value's bytes; on a throw `buffer` is as it was.
    package func encode<Value: Encodable>(
        _ value: Value, limit: Int = .max, into buffer: inout ByteBuffer
    ) throws(BinaryCoderError) {
        try encode(value, limit: limit) { bytes in _ = buffer.writeBytes(bytes) }
    }

    /// Gives the value's bytes to `body`; they are only valid inside.
    @inline(__always)
    func encode<Value: Encodable>(
        _ value: Value, limit: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(BinaryCoderError) {
        try fill(limit, with: Value.self) { sink throws in try sink.write(value) }
        body(sink.bytes)
    }

    /// The same for a word, which may have a spelling of its own.
    @inline(__always)
    func encode<Value: Word>(
        word: Value, limit: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(BinaryCoderError) {
        try fill(limit, with: Value.self) { sink throws in try word.spell(into: sink) }
        body(sink.bytes)
    }

    @inline(__always)
    private func fill(
        _ limit: Int, with type: Any.Type, _ write: (BinarySink) throws -> Void
    ) throws(BinaryCoderError) {
        sink.reset()
        do { try write(sink) } catch let error as BinaryCoderError { throw error } catch {
            throw .malformed("\(type): \(error)")
        }
        guard sink.bytes.count <= limit else { throw .tooLong(sink.bytes.count) }
    }

    /// For a single value, where speed does not matter.
    package static func encode<Value: Encodable>(
        _ value: Value, limit: Int = .max, into buffer: inout ByteBuffer
    ) throws(BinaryCoderError) {
        try BinaryEncoder().encode(value, limit: limit, into: &buffer)
    }
}

/// Reads values. One per channel, not for two threads.
package final class BinaryDecoder {
    private let source = BinarySource()

    package init() {}

    /// Reads one value that is all of the buffer's readable bytes.
    package func decode<Value: Decodable>(
        _ type: Value.Type, from buffer: ByteBuffer
    ) throws(BinaryCoderError) -> Value {
        try whole(buffer) { source throws in try source.read(type) }
    }

    /// The same for a word, which may have a spelling of its own.
    package func decode<Value: Word>(
        word type: Value.Type, from buffer: ByteBuffer
    ) throws(BinaryCoderError) -> Value {
        try whole(buffer) { source throws in try Value(spelledIn: source) }
    }

    @inline(__always)
    private func whole<Value>(
        _ buffer: ByteBuffer, _ read: (BinarySource) throws -> Value
    ) throws(BinaryCoderError) -> Value {
        do {
            return try buffer.withUnsafeReadableBytes { bytes in
                source.open(bytes)
                defer { source.close() }
                let value = try read(source)
                guard source.left == 0 else { throw BinaryCoderError.trailing(source.left) }
                return value
            }
        } catch let error as BinaryCoderError { throw error } catch {
            // Thrown by a type's own init(from:), such as an enum that knows no such case.
            throw .malformed("\(Value.self)")
        }
    }

    /// For a single value, where speed does not matter.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from buffer: ByteBuffer
    ) throws(BinaryCoderError) -> Value {
        try BinaryDecoder().decode(type, from: buffer)
    }
}

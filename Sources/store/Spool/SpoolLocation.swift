// Where a record lies. The index keeps it; everything else about the bytes stands in the record itself.

/// A place in the segments; ascending in the order of writing.
package struct SpoolPosition: Hashable, Comparable, Sendable {
    package var segment: UInt64
    package var offset: UInt64

    package init(segment: UInt64, offset: UInt64) {
        self.segment = segment
        self.offset = offset
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.segment, left.offset) < (right.segment, right.offset)
    }
}

package struct SpoolLocation: Hashable, Sendable {
    package var position: SpoolPosition
    /// Octets of the whole record.
    package var length: UInt32

    package init(_ position: SpoolPosition, length: UInt32) {
        self.position = position
        self.length = length
    }

    package var end: SpoolPosition {
        SpoolPosition(segment: position.segment, offset: position.offset + UInt64(length))
    }
}

// Feeds a message whole, in pieces of many sizes and cut in two at every place; all must see the same.

import Testing

@testable import MIME

struct Inspection: Equatable {
    let facts: ContentFacts
    let fault: InspectionFault?

    /// With every cut. What is known besides a fault depends on how much was read when it was found.
    static func of(_ text: String, _ limits: InspectionLimits = InspectionLimits()) -> Inspection {
        of(Array(text.utf8), limits)
    }

    static func of(_ message: [UInt8], _ limits: InspectionLimits = InspectionLimits()) -> Inspection {
        let whole = inPieces(message, limits, of: max(1, message.count))
        for size in [1, 2, 3, 5, 7, 64, 200] {
            whole.expectEqual(inPieces(message, limits, of: size), "pieces of \(size)")
        }
        if message.count <= 3_000 {
            for cut in 0...message.count {
                whole.expectEqual(cutOnce(message, limits, at: cut), "cut at \(cut)")
            }
        }
        return whole
    }

    static func inPieces(_ message: [UInt8], _ limits: InspectionLimits, of size: Int) -> Inspection {
        var inspector = ContentInspector(limits: limits)
        var start = 0
        while start < message.count {
            let end = min(start + size, message.count)
            let piece = Array(message[start..<end])
            inspector.inspect(piece.span)
            start = end
        }
        let fault = inspector.finish()
        return Inspection(facts: inspector.facts, fault: fault)
    }

    private static func cutOnce(_ message: [UInt8], _ limits: InspectionLimits, at cut: Int) -> Inspection {
        var inspector = ContentInspector(limits: limits)
        message[..<cut].withUnsafeBytes { _ = inspector.inspect($0) }
        message[cut...].withUnsafeBytes { _ = inspector.inspect($0) }
        let fault = inspector.finish()
        return Inspection(facts: inspector.facts, fault: fault)
    }

    private func expectEqual(_ other: Inspection, _ how: String) {
        #expect(fault == other.fault, "\(how)")
        if fault == nil { #expect(facts == other.facts, "\(how)") }
    }

    /// Decoded octets of all attachments together; nil when there is none.
    var octets: Int? { facts.attachments == 0 ? nil : facts.attachmentOctets }
}

/// Lines as they stand in a message.
func lines(_ lines: String...) -> String { lines.map { $0 + "\r\n" }.joined() }

// A prepared statement of the index. On the hot path values are bound by SQLite's own calls: a third of GRDB's cost.

import GRDB
import GRDBSQLite

/// Used only while the writer's (or reader's) connection is held. Prepared once, kept by its owner.
final class IndexStatement {
    private let statement: Statement
    private let pointer: OpaquePointer

    convenience init(_ database: GRDB.Database, _ sql: String) throws {
        self.init(try database.makeStatement(sql: sql))
    }

    /// For readers, whose connections change: what a connection has compiled, it keeps. Compiling costs more than most
    /// of what is read.
    convenience init(cached database: GRDB.Database, _ sql: String) throws {
        self.init(try database.cachedStatement(sql: sql))
    }

    init(_ statement: Statement) {
        self.statement = statement
        pointer = statement.sqliteStatement
    }

    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(pointer, index, value) }

    func bind(_ index: Int32, _ value: UInt64) { sqlite3_bind_int64(pointer, index, Int64(bitPattern: value)) }

    func bind(_ index: Int32, _ value: Int) { sqlite3_bind_int64(pointer, index, Int64(value)) }

    func bind(_ index: Int32, _ text: String?) {
        guard var text else { return bindNull(index) }
        text.withUTF8 { bytes in
            // SQLite takes a null pointer for NULL: an empty text is not that.
            guard let start = bytes.baseAddress else {
                sqlite3_bind_text(pointer, index, "", 0, Self.transient)
                return
            }
            start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                _ = sqlite3_bind_text(pointer, index, $0, Int32(bytes.count), Self.transient)
            }
        }
    }

    func bind(_ index: Int32, blob high: UInt64, _ low: UInt64) {
        let bytes = (high.bigEndian, low.bigEndian)
        _ = withUnsafeBytes(of: bytes) {
            sqlite3_bind_blob(pointer, index, $0.baseAddress, Int32($0.count), Self.transient)
        }
    }

    func bindNull(_ index: Int32) { sqlite3_bind_null(pointer, index) }

    /// Runs a statement that gives no row, and makes it ready for the next time.
    func run() throws {
        defer { sqlite3_reset(pointer) }
        let code = sqlite3_step(pointer)
        guard code == SQLITE_DONE else { throw failure(code) }
    }

    /// Calls `row` for each row, and makes the statement ready for the next time.
    func rows(_ row: () throws -> Void) throws {
        defer { sqlite3_reset(pointer) }
        while true {
            let code = sqlite3_step(pointer)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { throw failure(code) }
            try row()
        }
    }

    private func failure(_ code: Int32) -> GRDB.DatabaseError {
        let connection = sqlite3_db_handle(pointer)
        let text = sqlite3_errmsg(connection).map { String(cString: $0) }
        return GRDB.DatabaseError(resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)), message: text)
    }

    // The columns of the current row, from 0 on.

    func integer(_ index: Int32) -> Int64 { sqlite3_column_int64(pointer, index) }

    func number(_ index: Int32) -> UInt64 { UInt64(bitPattern: sqlite3_column_int64(pointer, index)) }

    func isNull(_ index: Int32) -> Bool { sqlite3_column_type(pointer, index) == SQLITE_NULL }

    func text(_ index: Int32) -> String? {
        guard let bytes = sqlite3_column_text(pointer, index) else { return nil }
        let count = Int(sqlite3_column_bytes(pointer, index))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    func pair(_ index: Int32) -> (high: UInt64, low: UInt64) {
        guard sqlite3_column_bytes(pointer, index) == 16, let bytes = sqlite3_column_blob(pointer, index) else {
            return (0, 0)
        }
        return (
            UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }

    /// Segment, offset and length from this column on.
    func location(_ index: Int32) -> SpoolLocation {
        SpoolLocation(
            SpoolPosition(segment: number(index), offset: number(index + 1)),
            length: UInt32(truncatingIfNeeded: integer(index + 2)))
    }
}

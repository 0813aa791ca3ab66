// What a client says of reports, where the other server offers DSN (RFC 3461 §5.2.1: passed on as they came).

enum DSNParameters {
    /// RFC 3461 §4.3 and §4.4, each behind a space.
    static func mail(_ returns: MailParameters.ReportReturn?, _ envelopeID: String?) -> String {
        let id = envelopeID.flatMap { XText.encode($0, limit: 100) }
        return (returns.map { " RET=\($0.rawValue)" } ?? "") + (id.map { " ENVID=\($0)" } ?? "")
    }

    /// RFC 3461 §4.1 and §4.2, each behind a space.
    static func rcpt(_ wish: ReportWish) -> String {
        var output = ""
        if let notify = wish.notify { output += " NOTIFY=" + (words(notify)) }
        if let original = wish.original, let mark = original.firstIndex(of: ";"),
            let address = XText.encode(String(original[original.index(after: mark)...]), limit: 480)
        {
            output += " ORCPT=\(original[..<mark]);\(address)"
        }
        return output
    }

    private static func words(_ notify: RcptParameters.Notify) -> String {
        let all: [(RcptParameters.Notify, String)] = [(.success, "SUCCESS"), (.failure, "FAILURE"), (.delay, "DELAY")]
        let said = all.filter { notify.contains($0.0) }.map(\.1)
        return said.isEmpty ? "NEVER" : said.joined(separator: ",")
    }
}

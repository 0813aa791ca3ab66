// SASLprep (RFC 4013): two ways to type the same name or password become the same octets. ASCII is itself; the rest is
// done by GNU libidn, which reads no file.

import CStringprep
import Mail

package enum Preparation {
    /// Octets, before and after preparation. A mail address has at most 254; RFC 4616 §2 asks for 255.
    package static let userLimit = 320
    /// Octets. libcrypt takes 511.
    package static let passwordLimit = 511

    /// - Returns: nil if it is no UTF-8, holds what RFC 4013 §2.3 forbids, mixes directions (§2.4), or is too long.
    package static func string(_ octets: some Collection<UInt8>, limit: Int) -> String? {
        guard octets.count <= limit else { return nil }
        if octets.allSatisfy({ 0x20...0x7E ~= $0 }) { return String(decoding: octets, as: UTF8.self) }
        // libidn ends at a NUL and trusts UTF-8.
        guard !octets.contains(0), let text = String(validating: octets, as: UTF8.self) else { return nil }
        var output: UnsafeMutablePointer<CChar>?
        // Code points that Unicode 3.2 did not have pass: nobody would understand why a password may not hold a newer
        // letter or sign. They prepare to themselves, here and in every client.
        let flags = Stringprep_profile_flags(rawValue: 0)
        guard stringprep_profile(text, &output, "SASLprep", flags) == STRINGPREP_OK.rawValue, let output else { return nil }
        defer { idn_free(output) }
        let prepared = String(cString: output)
        return prepared.utf8.count <= limit ? prepared : nil
    }

    /// A name to look up: prepared, not empty.
    package static func user(_ octets: some Collection<UInt8>) -> String? {
        string(octets, limit: userLimit).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A password to check or to make a hash or a verifier of: prepared, not empty.
    package static func password(_ octets: some Collection<UInt8>) -> Secret? {
        string(octets, limit: passwordLimit).flatMap { $0.isEmpty ? nil : Secret($0) }
    }
}

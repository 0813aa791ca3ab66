// Domain names beyond ASCII (RFC 5890): one name, one form. Inside the house a domain is written as the DNS has it, with
// A-labels; whoever types or sends U-labels means the same domain.

import CIDN2
import Mail

package enum IDNA {
    /// The A-label form in lower case: `müller.example` is `xn--mller-kva.example`. ASCII names stay as they are, without
    /// a look at them.
    /// - Returns: nil for a name that IDNA2008 does not allow (RFC 5891 §5), or that becomes longer than the DNS takes.
    package static func ascii(_ domain: String) -> String? {
        if domain.utf8.allSatisfy({ $0 < 0x80 }) { return domain }
        var output: UnsafeMutablePointer<CChar>?
        let flags = CInt(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
        guard idn2_to_ascii_8z(domain, &output, flags) == CInt(IDN2_OK.rawValue), let output else { return nil }
        defer { idn2_free(output) }
        let name = String(cString: output).lowercased()
        return EmailAddress.isDomain(name) ? name : nil
    }

    /// The same address with its domain in A-labels. The local part is its domain's own affair (RFC 6531 §3.1).
    package static func ascii(_ address: EmailAddress) -> EmailAddress? {
        if address.domain.utf8.allSatisfy({ $0 < 0x80 }) { return address }
        return ascii(address.domain).map { EmailAddress(localPart: address.localPart, domain: $0) }
    }
}

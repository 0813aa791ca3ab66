// Whether a connection may begin its session: a pure function of what is known about the stranger. This release lets
// everybody in; lists, reputation and rates are decided here when they come.

import IPC
import Mail

enum AdmissionPolicy {
    /// - Returns: the word for the listener, and the rule that decided.
    static func decide(_ facts: SessionFacts, _ policy: RouterPolicy) -> (Admission, rule: String) {
        (.accepted, rule: "admit-default")
    }
}

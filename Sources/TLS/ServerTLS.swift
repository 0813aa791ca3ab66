// TLS towards clients: which certificate each of them is shown, and how it is renewed while sessions go on.

import NIOSSL
import Synchronization

/// The certificates of all ports. Features T-15, R-13, R-14, R-15.
///
/// A source that cannot be used is reported and left out; the others serve. The first usable source is shown to clients
/// that name no server, or one that no certificate covers (RFC 6066 §3 leaves it to the server; a client that cares
/// refuses the certificate itself). When two sources have the same name, the first one wins.
package final class ServerTLS: Sendable {
    private struct Slot: Sendable {
        let source: CertificateSource
        /// Of the files at the last attempt, whether it succeeded or not.
        var stamps: [FileStamp]
        var certificate: ServedCertificate?
        var faults: [CertificateFault] = []

        var isStale: Bool { source.files.map { FileStamp(path: $0) } != stamps }
    }

    private struct Served: Sendable {
        let slots: [Slot]
        /// Names and wildcards in lower case; the value counts in `slots`.
        let places: [String: Int]
    }

    private let profiles: Set<TLSProfile>
    private let served: Mutex<Served>
    /// Held for the whole of a reload, which must not hold up handshakes.
    private let reloading = Mutex(())

    /// What a reload has brought.
    package struct Renewal: Sendable {
        /// The sources whose certificate was read anew.
        package var renewed: [ServedCertificate] = []
        package var faults: [CertificateFault] = []
    }

    /// Reads every source. All faults come at once, not only the first.
    /// - Parameter profiles: all that `secure` will be asked for.
    package static func load(
        _ sources: [CertificateSource], profiles: Set<TLSProfile>
    ) -> (tls: ServerTLS, faults: [CertificateFault]) {
        let empty = sources.map { Slot(source: $0, stamps: [], certificate: nil) }
        let tls = ServerTLS(empty, profiles)
        return (tls, tls.reload().faults)
    }

    private init(_ slots: [Slot], _ profiles: Set<TLSProfile>) {
        self.profiles = profiles
        served = Mutex(Served(slots: slots, places: [:]))
    }

    /// Those in use, in the order of their sources.
    package var certificates: [ServedCertificate] { served.withLock { $0.slots.compactMap(\.certificate) } }

    /// What is wrong with the files as they were last read. A source can have both: its old certificate and a fault.
    package var faults: [CertificateFault] { served.withLock { $0.slots.flatMap(\.faults) } }

    /// Whether a file has changed since it was last read. One `stat` a file: for a timer every few seconds.
    package func needsReload() -> Bool { served.withLock { $0.slots }.contains(where: \.isStale) }

    /// Reads the sources whose files have changed. Sessions under way keep their certificate, and new ones get the new
    /// one. A source that cannot be used now keeps its old certificate, and its fault comes once for each change of its
    /// files: while a renewal is under way the key may be newer than the chain, and the next change mends it.
    ///
    /// Files are read as the user of the process that calls. A key that was read as root at the start, and that only
    /// root may read, cannot be renewed by a room that has given root up: the fault then says so.
    ///
    /// Takes milliseconds and touches the disk: not on an event loop.
    package func reload() -> Renewal {
        reloading.withLock { _ in
            var renewal = Renewal()
            var slots = served.withLock { $0.slots }
            for place in slots.indices where slots[place].isStale {
                let reading = ServedCertificate.read(slots[place].source, for: profiles)
                slots[place].stamps = reading.stamps
                slots[place].faults = []
                switch reading.result {
                case .success(let certificate):
                    slots[place].certificate = certificate
                    renewal.renewed.append(certificate)
                case .failure(let faults): slots[place].faults = faults.all
                }
                renewal.faults += slots[place].faults
            }
            let next = Served(slots: slots, places: ServerTLS.places(slots))
            served.withLock { $0 = next }
            return renewal
        }
    }

    /// The certificate for a name: one that has it, else one whose wildcard stands for it, else the first.
    package func certificate(for name: String?) -> ServedCertificate? {
        served.withLock { served in
            let place = name.map(ServerTLS.folded).flatMap { name in
                served.places[name] ?? ServerTLS.wildcard(for: name).flatMap { served.places[$0] }
            }
            return place.flatMap { served.slots[$0].certificate } ?? served.slots.lazy.compactMap(\.certificate).first
        }
    }

    private static func places(_ slots: [Slot]) -> [String: Int] {
        var places: [String: Int] = [:]
        for (place, slot) in slots.enumerated() {
            for name in slot.certificate?.names ?? [] { places[name, default: place] = min(place, places[name] ?? place) }
        }
        return places
    }

    /// RFC 9525 §6.3: a wildcard stands for exactly one label, and never for a whole top-level domain.
    private static func wildcard(for name: String) -> String? {
        guard let dot = name.firstIndex(of: "."), dot > name.startIndex else { return nil }
        let parent = name[dot...]
        return parent.dropFirst().contains(".") ? "*" + parent : nil
    }

    /// Names are compared in lower case and without a final dot.
    static func folded(_ name: String) -> String {
        let lower = name.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }
}

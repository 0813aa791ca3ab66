// The certificates of the listener: read before the walls, looked after every few seconds, and put in front of a
// connection when TLS begins.

import Glibc
import Mail
import NIOCore
import NIOPosix
import Settings
import Synchronization
import TLS

final class Encryption: Sendable {
    /// Without certificates: no port offers TLS.
    static let none = Encryption(nil, reading: 0)

    /// Shared by all copies of the settings; nil without certificates.
    private let tls: ServerTLS?
    private let watch = Mutex<[RepeatedTask]>([])
    private let interval: TimeAmount

    private init(_ tls: ServerTLS?, reading seconds: Int64) {
        self.tls = tls
        interval = .seconds(seconds)
    }

    /// Reads every certificate, also those that only root may read: before the walls. Faults are not fatal: what can be
    /// used is used, and a port without a usable certificate refuses handshakes.
    static func read(_ settings: ListenerSettings) -> (encryption: Encryption, faults: [CertificateFault]) {
        guard !settings.certificates.isEmpty else { return (.none, []) }
        let (tls, faults) = ServerTLS.load(settings.certificates.map(\.source), profiles: [.modern, .oldClients])
        return (Encryption(tls, reading: 5), faults)
    }

    var isUsable: Bool { tls.map { !$0.certificates.isEmpty } ?? false }

    /// What an administrator should look at.
    func findings(for names: [String], unixSeconds: Int) -> [CertificateFinding] {
        guard let tls else { return [] }
        return CertificateFindings(now: unixSeconds).all(in: tls.certificates, names: names)
    }

    /// Looks every few seconds whether a file has changed, on a thread that may wait for the disk; says at the start and
    /// each day what an administrator should look at, so that a renewal that does not come is heard of in time.
    func start(
        on loop: any EventLoop, threads: NIOThreadPool, names: [String],
        log: @escaping @Sendable (ListenerEvent) -> Void
    ) {
        guard let tls else { return }
        let task = loop.scheduleRepeatedAsyncTask(initialDelay: interval, delay: interval) { _ in
            threads.runIfActive(eventLoop: loop) {
                guard tls.needsReload() else { return }
                let renewal = tls.reload()
                for fault in renewal.faults {
                    log(.certificate(path: fault.file, finding: "\(fault): \(fault.fix)", isError: true))
                }
                if !renewal.renewed.isEmpty { log(.certificatesReloaded(count: renewal.renewed.count)) }
            }
        }
        let report = loop.scheduleRepeatedTask(initialDelay: .zero, delay: .hours(24)) { [self] _ in
            for finding in findings(for: names, unixSeconds: time(nil)) {
                log(
                    .certificate(
                        path: finding.file ?? "", finding: "\(finding): \(finding.fix)",
                        isError: finding.severity == .error))
            }
        }
        watch.withLock { $0 = [task, report] }
    }

    func stop() { for task in watch.withLock({ $0 }) { task.cancel() } }

    /// Begins TLS as the server, on the channel's loop.
    /// - Returns: the tls-server-end-point of the certificate that was shown. Fails when the handshake does, also for
    ///   want of time; the channel is to be closed then.
    func secure(_ channel: any Channel, old: Bool, within patience: TimeAmount) -> EventLoopFuture<[UInt8]?> {
        guard let tls, let options = channel.syncOptions else {
            return channel.eventLoop.makeFailedFuture(NothingToShow())
        }
        let timer = channel.eventLoop.assumeIsolated().scheduleTask(in: patience) { channel.close(promise: nil) }
        let done = tls.secure(channel, old ? .oldClients : .modern)
        // Whoever follows reads when it wants to; a handshake reads whatever comes.
        try? options.setOption(.autoRead, value: true)
        return done.assumeIsolated().map { facts in
            timer.cancel()
            try? options.setOption(.autoRead, value: false)
            return facts.endPointBinding
        }.nonisolated()
    }
}

extension ListenerSettings.Certificate {
    fileprivate var source: CertificateSource {
        switch files {
        case .pem(let chain, let key): .pem(chain: chain, key: key)
        case .pfx(let path, _): .pfx(file: path, password: password)
        }
    }
}

/// A port asks for TLS and no certificate is configured.
private struct NothingToShow: Error {}

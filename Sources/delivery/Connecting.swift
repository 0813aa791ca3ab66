// From a destination to a connection whose remote is ready for mail: route, addresses, TCP, TLS, greeting, AUTH.

import DNS
import IPC
import Mail
import NIOCore
import NIOPosix
import SMTP
import TLS

extension DeliveryDesk {
    /// - Returns: nil when nobody is left to try; `attempt` knows why.
    func connect(_ destination: Destination, _ attempt: inout Attempt) async -> SMTPClientConnection? {
        if attempt.candidates == nil {
            switch await route(destination.key) {
            case .success(let candidates): attempt.candidates = candidates
            case .failure(let end):
                attempt.note(end.fate)
                return nil
            }
        }
        while let candidate = await attempt.candidates?.next(resolver) {
            switch await open(candidate, destination.key) {
            case .success(let connection): return connection
            case .failure(let failure):
                // T-20: who says for good that our name does not please him will say it tomorrow too.
                let isFinal = failure.reason == .remoteRejectedHelo && (failure.reply?.code ?? 0) >= 500
                attempt.note(Fate(isFinal ? .failed : .deferred, failure, remote: candidate.description))
            }
        }
        return nil
    }

    /// No host can be tried.
    private struct DeadEnd: Error {
        let fate: Fate
        init(_ fate: Fate) { self.fate = fate }
    }

    private func route(_ key: DestinationKey) async -> Result<Candidates, DeadEnd> {
        let limit = policy.addressesPerAttempt
        switch (policy.route, key) {
        case (_, .transport(let text)):
            guard let (host, port) = DeliveryDesk.hostAndPort(text) else {
                let text = "The domain's transport \(text) is not a host and a port"
                return .failure(DeadEnd(Fate(.deferred, .noExchange, status: "4.3.5", text: text)))
            }
            return .success(Candidates(hosts: [host], port: port, limit: limit, isNameFinal: false))
        case (.smartHost(let host), .smartHost):
            return .success(Candidates(hosts: [host.host], port: host.port, limit: limit, isNameFinal: false))
        case (.mx(let port, _), .domain(let domain)):
            if let literal = DeliveryDesk.literal(domain) {
                return .success(Candidates(hosts: [literal], port: port, limit: limit, isNameFinal: true))
            }
            return await exchanges(of: domain).map {
                Candidates(hosts: $0, port: port, limit: limit, isNameFinal: true)
            }
        case (.mx, .smartHost), (.smartHost, .domain):
            // The settings have changed while the lease waited: it comes back at once and is put where it belongs.
            let text = "The route has changed"
            return .failure(DeadEnd(Fate(.deferred, .roomStopping, status: "4.3.0", text: text)))
        }
    }

    private func exchanges(of domain: String) async -> Result<[String], DeadEnd> {
        let answer = await resolver.mx(domain)
        let ourNames: Set = [DomainName.normalized(policy.hostname)]
        switch MailRoute(of: domain, answer: answer, ourNames: ourNames, using: &randomness) {
        case .hosts(let hosts): return .success(hosts)
        case .temporaryFailure(let because):
            return .failure(
                DeadEnd(Fate(.deferred, AttemptFailure(.nameServerTrouble, while: .resolving, text: because))))
        case .noSuchDomain:
            let text = "The domain \(domain) does not exist"
            return .failure(DeadEnd(Fate(.failed, AttemptFailure(.hostNotFound, while: .resolving, text: text))))
        case .refusesMail:
            let text = "The domain \(domain) says that it takes no mail (null MX)"
            return .failure(DeadEnd(Fate(.failed, AttemptFailure(.nullMX, while: .resolving, text: text))))
        case .loopsBack:
            let text = "Mail for \(domain) loops back to \(policy.hostname), which is its exchange but does not know it"
            return .failure(DeadEnd(Fate(.failed, .mailLoop, status: "5.4.6", text: text)))
        case .unusable:
            let text = "None of the MX records of \(domain) names a host"
            return .failure(DeadEnd(Fate(.failed, .noExchange, status: "5.4.4", text: text)))
        }
    }

    /// RFC 5321 §4.1.3: `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
    static func literal(_ domain: String) -> String? {
        guard domain.hasPrefix("["), domain.hasSuffix("]") else { return nil }
        var inner = domain.dropFirst().dropLast()
        if inner.lowercased().hasPrefix("ipv6:") { inner = inner.dropFirst(5) }
        return InternetAddress(inner).map { "\($0)" }
    }

    /// `host:port` or `[address]:port`; 25 without a port.
    static func hostAndPort(_ text: String) -> (host: String, port: UInt16)? {
        if InternetAddress(text) != nil { return (text, 25) }
        guard let colon = text.lastIndex(of: ":") else { return text.isEmpty ? nil : (text, 25) }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard let port = UInt16(text[text.index(after: colon)...]), port > 0, !host.isEmpty else { return nil }
        return (String(host), port)
    }

    /// A transport is a server of ours: encrypted when it can be, as mail to others is by default.
    private func mode(_ key: DestinationKey) -> TLSMode {
        switch (key, policy.route) {
        case (.transport, _): .wanted
        case (_, .mx(_, let tls)): tls
        case (_, .smartHost(let host)): host.tls
        }
    }

    /// P-17: when TLS is wanted and fails, the mail goes in clear over a second connection.
    private func open(
        _ candidate: Candidate, _ key: DestinationKey
    ) async -> Result<SMTPClientConnection, AttemptFailure> {
        let mode = mode(key)
        let first = await dial(candidate, mode, key)
        guard mode == .wanted, case .failure(let failure) = first, failure.reason == .tlsFailed else { return first }
        log(.fellBackToClear(remote: candidate.description, because: failure.text))
        return await dial(candidate, .none, key)
    }

    private func dial(
        _ candidate: Candidate, _ mode: TLSMode, _ key: DestinationKey
    ) async -> Result<SMTPClientConnection, AttemptFailure> {
        let channel: any Channel
        do { channel = try await connect(candidate) } catch { return .failure(error) }
        let times = policy.times
        let tls = self.tls
        let connection = SMTPClientConnection(configuration(mode, key), remote: candidate.description, times: times) {
            tls.secure($0, mode, serverName: candidate.host)
        }
        do {
            try channel.pipeline.syncOperations.addHandler(connection)
            try channel.syncOptions?.setOption(.autoRead, value: true)
        } catch {
            channel.close(promise: nil)
            // The remote hung up before its greeting could be read.
            return .failure(
                AttemptFailure(.connectionLost, while: .greeting, text: "The connection was lost: \(error)"))
        }
        if mode == .implicit {
            let timer = eventLoop.scheduleTask(in: times.tls) { channel.close(promise: nil) }
            defer { timer.cancel() }
            do { connection.tls = try await tls.secure(channel, mode, serverName: candidate.host).get() } catch {
                channel.close(promise: nil)
                return .failure(AttemptFailure(.tlsFailed, while: .startTLS, text: "TLS failed: \(error)"))
            }
        }
        if let failure = await connection.open() { return .failure(failure) }
        if connection.tls != nil { figures.count { $0.secured += 1 } }
        return .success(connection)
    }

    /// A channel that reads nothing yet.
    private func connect(_ candidate: Candidate) async throws(AttemptFailure) -> any Channel {
        let limit = policy.times.connect
        do {
            let address = try SocketAddress(ipAddress: "\(candidate.address)", port: Int(candidate.port))
            let channel = try await ClientBootstrap(group: eventLoop)
                .connectTimeout(limit)
                .channelOption(.autoRead, value: false)
                // Commands wait for nobody: each is the last word for one round trip.
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .connect(to: address).get()
            figures.count { $0.connections += 1 }
            return channel
        } catch ChannelError.connectTimeout {
            let text = "No answer within \(limit.nanoseconds / 1_000_000_000) seconds"
            throw AttemptFailure(.timedOut, while: .connecting, text: text)
        } catch {
            throw AttemptFailure(.connectFailed, while: .connecting, text: "\(error)")
        }
    }

    private func configuration(_ mode: TLSMode, _ key: DestinationKey) -> SMTPClientConfiguration {
        let tls: SMTPClientConfiguration.TLSPolicy
        switch mode {
        case .none: tls = .never
        case .wanted: tls = .wanted
        case .required, .implicit: tls = .required
        }
        var credentials: SMTPClientCredentials?
        // The smart host's password is for the smart host alone.
        if case .smartHost = key, case .smartHost(let host) = policy.route { credentials = host.credentials }
        return SMTPClientConfiguration(
            helloName: policy.hostname, tls: tls, isSecured: mode == .implicit, credentials: credentials,
            hmacMD5: ChallengeResponse.hmacMD5)
    }
}

// A connection on its way from the port to its protocol: first the router's word, then TLS where it comes first. A client
// that is to be dropped never sees a byte. Confined to the connection's loop.

import IPC
import Mail
import NIOCore

/// A connection that has come as far as its protocol.
struct Arrival: Sendable {
    var facts: SessionFacts
    /// `dropped` never arrives.
    var admission: Admission
    /// Of the certificate that was shown; nil without TLS.
    var channelBinding: [UInt8]?
    var plan: PortPlan
    var encryption: Encryption
}

final class Entrance {
    private var facts: SessionFacts
    private let plan: PortPlan
    private let loop: SessionLoop
    private let encryption: Encryption
    private let make: ConnectionMaker
    /// What the client has sent before its protocol was there.
    private var first = ByteBuffer()

    init(
        _ facts: SessionFacts, _ plan: PortPlan, _ loop: SessionLoop, _ encryption: Encryption,
        _ make: @escaping ConnectionMaker
    ) {
        self.facts = facts
        self.plan = plan
        self.loop = loop
        self.encryption = encryption
        self.make = make
    }

    func begin(_ channel: any Channel, _ first: ByteBuffer) {
        self.first = first
        loop.router.ask(.admit(facts), deadline: loop.settings.timeouts.verdict).assumeIsolated().whenComplete {
            [self] result in hear(result, channel)
        }
    }

    private func hear(_ result: Result<ListenerToRouter.Answer, any Error>, _ channel: any Channel) {
        // The answer may be here before the channel is active: the handlers that are added wait for that themselves. To
        // one that is closed none can be added.
        switch result {
        case .success(.admission(.dropped(let because))):
            notAdmitted(because)
            channel.close(promise: nil)
        case .success(.admission(let admission)):
            if case .refused(let refusal) = admission { notAdmitted(refusal.because) }
            goOn(channel, admission)
        case .success:
            // A peer room's mistake is not the stranger's.
            loop.log(.wrongAnswer(question: "admit"))
            goOn(channel, Entrance.trouble)
        case .failure(let error):
            loop.figures.routerFailures.add()
            loop.log(.routerFailed(facts, because: "admit: \(error)"))
            goOn(channel, Entrance.trouble)
        }
    }

    private static let trouble = Admission.refused(
        Refusal(Reply(421, "4.3.2", "Service not available, try again later"), because: "the router does not answer"))

    private func notAdmitted(_ because: String) {
        loop.figures.notAdmitted.add()
        loop.log(.notAdmitted(facts, because: because))
    }

    private func goOn(_ channel: any Channel, _ admission: Admission) {
        guard plan.tls == .implicit else { return arrive(channel, admission, nil) }
        let secured = encryption.secure(channel, old: plan.oldTLS, within: loop.settings.timeouts.entrance)
        passFirst(to: channel)
        secured.assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let binding):
                facts.isEncrypted = true
                arrive(channel, admission, binding)
            case .failure(let error):
                loop.log(.notEntered(facts, because: "TLS: \(error)"))
                channel.close(promise: nil)
            }
        }
    }

    private func passFirst(to channel: any Channel) {
        guard first.readableBytes > 0 else { return }
        let bytes = first
        first = ByteBuffer()
        channel.pipeline.fireChannelRead(bytes)
        channel.pipeline.fireChannelReadComplete()
    }

    private func arrive(_ channel: any Channel, _ admission: Admission, _ binding: [UInt8]?) {
        do {
            try make(
                channel,
                Arrival(
                    facts: facts, admission: admission, channelBinding: binding, plan: plan, encryption: encryption),
                loop)
            passFirst(to: channel)
        } catch {
            channel.close(promise: nil)
        }
    }
}

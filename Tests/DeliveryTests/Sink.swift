// A remote mail server for tests, on a loopback address: answers by a script, remembers what it heard.

import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

final class Sink: Sendable {
    enum Step: Hashable, Sendable, CaseIterable {
        case greeting, ehlo, helo, startTLS, auth, mail, rcpt, data, content, rset, quit
    }

    /// What it does instead of agreeing.
    enum Move: Sendable {
        case reply(String)
        /// Closes without a word.
        case drop
        /// Says it, then closes.
        case replyAndDrop(String)
        /// Says nothing for ever.
        case silence
        /// Agrees after so long.
        case slow(TimeAmount)
        case agree
    }

    struct Message: Sendable, Equatable {
        var greeting: String
        var sender: String
        var recipients: [String]
        var content: String
        var isSecured: Bool
        /// Counts the connections of this sink from 1.
        var session: Int
    }

    struct State {
        var moves: [Step: [Move]] = [:]
        var messages: [Message] = []
        var lines: [String] = []
        var sessions = 0
        var open = 0
        var mostOpen = 0
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    let address: String
    let state = Mutex(State())
    let capabilities: [String]
    let tls: NIOSSLContext?
    private let isImplicit: Bool
    private let channel = Mutex<(any Channel)?>(nil)

    init(
        _ address: String = "127.0.0.1", port: Int = 0, capabilities: [String] = ["PIPELINING", "8BITMIME", "SIZE"],
        tls: NIOSSLContext? = nil, isImplicit: Bool = false
    ) async throws {
        self.address = address
        self.capabilities = capabilities
        self.tls = tls
        self.isImplicit = isImplicit
        let bound = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    if isImplicit, let tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(SinkSession(self, isSecured: isImplicit))
                }
            }.bind(host: address, port: port).get()
        channel.withLock { $0 = bound }
    }

    var port: UInt16 { UInt16(channel.withLock { $0?.localAddress?.port } ?? 0) }
    var messages: [Message] { state.withLock { $0.messages } }
    /// Everything that clients said, except content.
    var lines: [String] { state.withLock { $0.lines } }
    var sessions: Int { state.withLock { $0.sessions } }
    var mostOpen: Int { state.withLock { $0.mostOpen } }

    /// The moves at a step, one each time; the last one stays.
    func on(_ step: Step, _ moves: Move...) { state.withLock { $0.moves[step] = moves } }

    /// Takes no more connections, and closes those that there are.
    func stop() async {
        try? await channel.withLock { $0 }?.close().get()
        for channel in state.withLock({ Array($0.channels.values) }) { try? await channel.close().get() }
    }

    fileprivate func move(_ step: Step) -> Move {
        state.withLock { state in
            guard let moves = state.moves[step], let first = moves.first else { return .agree }
            if moves.count > 1 { state.moves[step]?.removeFirst() }
            return first
        }
    }
}

/// One connection.
private final class SinkSession: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let sink: Sink
    private var inbox = ByteBuffer()
    private var message: Sink.Message
    private var content: [UInt8]?
    private var isAuthenticating = 0
    private var isPaused = false
    private var hasSender = false

    init(_ sink: Sink, isSecured: Bool) {
        self.sink = sink
        message = Sink.Message(
            greeting: "", sender: "", recipients: [], content: "", isSecured: isSecured, session: 0)
    }

    func channelActive(context: ChannelHandlerContext) {
        message.session = sink.state.withLock { state in
            state.sessions += 1
            state.open += 1
            state.mostOpen = max(state.mostOpen, state.open)
            state.channels[ObjectIdentifier(context.channel)] = context.channel
            return state.sessions
        }
        perform(.greeting, "220 sink.test ESMTP", context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        sink.state.withLock { state in
            state.open -= 1
            state.channels[ObjectIdentifier(context.channel)] = nil
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        inbox.writeBuffer(&bytes)
        work(context)
    }

    private func work(_ context: ChannelHandlerContext) {
        while !isPaused {
            let view = inbox.readableBytesView
            if content != nil {
                guard takeContent(context) else { return }
                continue
            }
            guard let end = view.firstIndex(of: 10) else { return }
            let line = String(decoding: view[..<end].dropLast(), as: UTF8.self)
            inbox.moveReaderIndex(to: end + 1)
            sink.state.withLock { $0.lines.append(line) }
            obey(line, context)
        }
    }

    private func takeContent(_ context: ChannelHandlerContext) -> Bool {
        let view = inbox.readableBytesView
        guard let end = view.firstIndex(of: 10) else { return false }
        let line = Array(view[...end])
        inbox.moveReaderIndex(to: end + 1)
        guard line == Array(".\r\n".utf8) else {
            content? += line.first == UInt8(ascii: ".") ? Array(line.dropFirst()) : line
            return true
        }
        message.content = String(decoding: content ?? [], as: UTF8.self)
        content = nil
        let move = sink.move(.content)
        hasSender = false
        if move.agrees { sink.state.withLock { $0.messages.append(message) } }
        perform(move, "250 2.0.0 Taken", context)
        (message.sender, message.recipients) = ("", [])
        return true
    }

    private func obey(_ line: String, _ context: ChannelHandlerContext) {
        if isAuthenticating > 0 {
            isAuthenticating -= 1
            return isAuthenticating == 0 ? perform(.auth, "235 2.7.0 Welcome", context) : say("334 ", context)
        }
        let upper = line.uppercased()
        if upper.hasPrefix("EHLO ") {
            message.greeting = String(line.dropFirst(5))
            perform(.ehlo, (["sink.test"] + sink.capabilities).numbered(250), context)
        } else if upper.hasPrefix("HELO ") {
            message.greeting = String(line.dropFirst(5))
            perform(.helo, "250 sink.test", context)
        } else if upper.hasPrefix("MAIL FROM:<") {
            message.sender = String(line.dropFirst(11).prefix { $0 != ">" })
            message.recipients = []
            let move = sink.move(.mail)
            hasSender = move.agrees
            perform(move, "250 2.1.0 Ok", context)
        } else if upper.hasPrefix("RCPT TO:<") {
            let move = hasSender ? sink.move(.rcpt) : .reply("503 5.5.1 No sender")
            if move.agrees { message.recipients.append(String(line.dropFirst(9).prefix { $0 != ">" })) }
            perform(move, "250 2.1.5 Ok", context)
        } else if upper == "DATA" {
            let move = message.recipients.isEmpty ? .reply("503 5.5.1 No recipients") : sink.move(.data)
            switch move {
            case .agree, .slow: content = []
            default: break
            }
            perform(move, "354 Go on", context)
        } else {
            obeyRest(upper, context)
        }
    }

    private func obeyRest(_ upper: String, _ context: ChannelHandlerContext) {
        switch upper.split(separator: " ").first {
        case "STARTTLS":
            let move = sink.move(.startTLS)
            perform(move, "220 2.0.0 Go on", context)
            guard move.beginsTLS, let tls = sink.tls else { return }
            // What the client says next comes in a later read: it waits for 220.
            try? context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .first)
            message.isSecured = true
        case "AUTH":
            let words = upper.split(separator: " ")
            if words[1] == "PLAIN" { return perform(.auth, "235 2.7.0 Welcome", context) }
            isAuthenticating = words[1] == "LOGIN" ? 2 : 1
            // <1896.697170952@postoffice.reston.mci.net>, RFC 2195 §2.
            let challenge = "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"
            say(words[1] == "LOGIN" ? "334 VXNlcm5hbWU6" : "334 " + challenge, context)
        case "RSET": perform(.rset, "250 2.0.0 Ok", context)
        case "QUIT": perform(sink.move(.quit).orDrop("221 2.0.0 Bye"), "", context)
        default: say("500 5.5.2 What?", context)
        }
    }

    private func perform(_ step: Sink.Step, _ agreed: String, _ context: ChannelHandlerContext) {
        perform(sink.move(step), agreed, context)
    }

    private func perform(_ move: Sink.Move, _ agreed: String, _ context: ChannelHandlerContext) {
        switch move {
        case .agree: say(agreed, context)
        case .reply(let text): say(text, context)
        case .drop: context.close(promise: nil)
        case .replyAndDrop(let text):
            say(text, context)
            context.close(promise: nil)
        case .silence: isPaused = true
        case .slow(let time):
            isPaused = true
            context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
                isPaused = false
                say(agreed, context)
                work(context)
            }
        }
    }

    private func say(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
    }
}

extension Sink.Move {
    fileprivate var beginsTLS: Bool {
        switch self {
        case .agree: true
        case .reply(let text): text.hasPrefix("220")
        default: false
        }
    }

    fileprivate var agrees: Bool {
        switch self {
        case .agree, .slow: true
        case .reply(let text), .replyAndDrop(let text): text.hasPrefix("2")
        case .drop, .silence: false
        }
    }

    fileprivate func orDrop(_ text: String) -> Sink.Move {
        if case .agree = self { .replyAndDrop(text) } else { self }
    }
}

extension [String] {
    /// A reply of several lines.
    fileprivate func numbered(_ code: Int) -> String {
        enumerated().map { "\(code)\($0.offset == count - 1 ? " " : "-")\($0.element)" }.joined(separator: "\r\n")
    }
}

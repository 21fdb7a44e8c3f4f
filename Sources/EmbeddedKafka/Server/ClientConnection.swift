// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A client's connection to a broker. Like Kafka, it handles requests one after another, in order.
///
/// `@unchecked Sendable`, because it is only used on the cluster's loop.
final class ClientConnection: @unchecked Sendable {
    let broker: EmbeddedBroker
    /// The number of the connection, which is unique in the cluster.
    let number: Int
    /// The index of the listener that accepted the connection.
    let listener: Int
    var authentication: Authentication
    private let channel: SocketChannel
    /// The subject of the client's certificate, or nil if it has none.
    private let tlsName: String?
    private var waiting = Deque<Bytes>()
    private var waitingBytes = 0
    private var isPaused = false
    /// Whether the next request waits, because the client has exceeded a quota.
    private var isMuted = false
    /// Whether a request is being handled.
    private var isBusy = false
    private var isDraining = false
    private var isClosed = false
    /// Whether the client has closed the connection while requests were waiting.
    private var isLeft = false

    /// The number of bytes of waiting requests beyond which reading is paused.
    private static let maximumWaiting = 1 << 20
    /// The number of unsent bytes of responses beyond which the next request has to wait.
    private static let maximumUnsent = 1 << 20

    init(broker: EmbeddedBroker, listener: Int, number: Int, channel: SocketChannel) {
        let cluster = broker.cluster
        self.broker = broker
        self.listener = listener
        self.authentication = Authentication(
            mechanisms: cluster.listeners[listener].mechanisms,
            maxSession: cluster.configuration.maxSession.map { Int64($0 / .milliseconds(1)) })
        self.number = number
        self.channel = channel
        self.tlsName = channel.tlsPeerName
    }

    /// The client as ACLs name it: the user who has logged in, the subject of the certificate, or `User:ANONYMOUS`.
    var principal: String {
        let name = self.authentication.mechanisms.isEmpty ? self.tlsName : self.authentication.identity?.user
        return "\(Identity.principalType):\(name ?? "ANONYMOUS")"
    }

    /// The client's address in the form that Kafka shows.
    var clientHost: String { "/\(self.broker.host)" }

    func start() {
        self.channel.start(self)
    }

    func close() {
        self.isClosed = true
        self.channel.close()
    }

    // MARK: Answers

    /// Sends the response to the current request. If it is the last one, closes the connection after it.
    func reply(_ slices: [Bytes], isLast: Bool = false) {
        self.channel.send { slices }
        guard !isLast else { return self.closeAfterFlushing() }
        self.requestIsDone()
    }

    /// Sends bytes without a length prefix.
    func replyUnframed(_ bytes: Bytes) {
        self.channel.sendUnframed { [bytes] }
        self.requestIsDone()
    }

    func sendUnframedAndClose(_ bytes: Bytes) {
        self.channel.sendUnframed { [bytes] }
        self.closeAfterFlushing()
    }

    /// Closes the connection after all responses are sent.
    func closeAfterFlushing() {
        self.isClosed = true
        self.channel.closeAfterFlushing()
    }

    func requestIsDone() {
        self.isBusy = false
        self.drain()
    }

    /// Lets the next requests wait for a time (KIP-219).
    func mute(for time: Duration) {
        guard !self.isMuted else { return }
        self.isMuted = true
        _ = self.broker.cluster.after(time) {
            self.isMuted = false
            self.drain()
        }
    }

    // MARK: Requests

    // Immediate responses call this again from inside, in which case the outer loop continues.
    private func drain() {
        guard !self.isDraining else { return }
        self.isDraining = true
        while !self.isBusy, !self.isMuted, !self.isClosed, self.channel.queuedBytes <= Self.maximumUnsent,
            let frame = self.waiting.popFirst()
        {
            self.waitingBytes -= frame.count
            self.isBusy = true
            self.handle(frame)
        }
        self.isDraining = false
        if self.isLeft, !self.isBusy, self.waiting.isEmpty { return self.end() }
        if self.isPaused, self.waiting.isEmpty, !self.isClosed {
            self.isPaused = false
            self.channel.resumeReading()
        }
    }

    private func handle(_ frame: Bytes) {
        guard !self.authentication.takesRawMessage else { return self.authenticate(frame) }
        do throws(ProtocolError) {
            var reader = ByteReader(frame)
            let key = APIKey(rawValue: try reader.readInt16())
            let version = try reader.readInt16()
            guard let endpoint = Endpoints.all[key],
                let versions = Endpoints.versions(of: endpoint, in: self.broker.cluster.configuration)
            else { return self.close() }
            guard self.authentication.permits(key, now: self.broker.cluster.now) else { return self.close() }
            guard versions.contains(version) else {
                // Other APIs have no response for this case, so Kafka closes the connection.
                guard key == .apiVersions else { return self.close() }
                var header = RequestHeader()
                header.requestApiKey = key.rawValue
                header.requestApiVersion = version
                header.correlationId = try reader.readInt32()
                self.note(header, byteCount: frame.count)
                APIVersionsEndpoint.refuseVersion(Call(connection: self, header: header, fault: nil))
                return
            }
            reader = ByteReader(frame)
            let header = try RequestHeader(from: &reader, version: endpoint.headerVersion(version))
            self.note(header, byteCount: frame.count)
            self.work(endpoint, header, body: frame[reader.position..<frame.count])
        } catch {
            self.close()
        }
    }

    /// Processes a mechanism's message without a request, after SaslHandshake version 0, which has no response for
    /// refusals.
    private func authenticate(_ message: Bytes) {
        let step = self.authentication.step(
            message, now: self.broker.cluster.now, time: self.broker.cluster.wallMilliseconds)
        switch step {
        case .challenge(let bytes), .done(let bytes, _): self.reply([bytes])
        case .refused, nil: self.close()
        }
    }

    private func note(_ header: RequestHeader, byteCount: Int) {
        self.broker.cluster.requests.add(
            EmbeddedKafka.Request(
                api: EmbeddedKafka.API(rawValue: header.requestApiKey), version: Int(header.requestApiVersion),
                clientID: header.clientId ?? "", broker: Int(self.broker.id), connection: self.number,
                byteCount: byteCount))
    }

    private func work(_ endpoint: any Endpoint.Type, _ header: RequestHeader, body: Bytes) {
        let fault = self.broker.cluster.faults.take(
            api: endpoint.apiKey, broker: self.broker.id, connection: self.number, clientID: header.clientId ?? "")
        switch fault {
        case .closeBeforeWork:
            self.close()
        case .hold(let hold):
            let loop = self.broker.cluster.loop
            hold.add { loop.execute { self.open(endpoint, header, body, fault: nil) } }
        default:
            self.open(endpoint, header, body, fault: fault)
        }
    }

    private func open(_ endpoint: any Endpoint.Type, _ header: RequestHeader, _ body: Bytes, fault: RequestFault?) {
        guard !self.isClosed else { return }
        do throws(ProtocolError) {
            try endpoint.open(body, Call(connection: self, header: header, fault: fault))
        } catch {
            self.close()
        }
    }
}

extension ClientConnection: FrameHandler {
    func frameReceived(_ frame: Bytes) {
        guard !self.isClosed else { return }
        self.waiting.append(frame)
        self.waitingBytes += frame.count
        self.drain()
        if !self.isPaused, !self.isClosed, self.waitingBytes > Self.maximumWaiting {
            self.isPaused = true
            self.channel.pauseReading()
        }
    }

    func channelFlushed() {
        self.drain()
    }

    func channelClosed(_ error: TransportError) {
        // As in Kafka, requests that arrived before the client closed its end are handled: with acks 0 it doesn't wait.
        if case .closedByPeer = error, !self.isClosed, !self.waiting.isEmpty {
            self.isLeft = true
            self.drain()
        } else {
            self.end()
        }
    }

    private func end() {
        self.isClosed = true
        self.waiting = Deque()
        self.broker.forget(self)
    }
}

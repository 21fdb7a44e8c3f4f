// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A client's connection to one broker. Its requests are answered one after the other, in their order, as Kafka does.
///
/// `@unchecked Sendable`, since it is touched on the cluster's loop only.
final class ClientConnection: @unchecked Sendable {
    let broker: EmbeddedBroker
    /// No other connection of the cluster has this number.
    let number: Int
    /// Which of the cluster's listeners it has come by.
    let listener: Int
    var authentication: Authentication
    private let channel: SocketChannel
    private var waiting = Deque<Bytes>()
    private var waitingBytes = 0
    private var isPaused = false
    /// Whether a request is in work.
    private var isBusy = false
    private var isDraining = false
    private var isClosed = false
    /// Whether the client has closed its end, and left requests behind.
    private var isLeft = false

    /// Requests that may wait, in bytes, before reading stops.
    private static let maximumWaiting = 1 << 20
    /// Answers that may wait for the client to take them, in bytes, before the next request is looked at.
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
    }

    /// The client's address, as Kafka shows it.
    var clientHost: String { "/\(self.broker.host)" }

    func start() {
        self.channel.start(self)
    }

    func close() {
        self.isClosed = true
        self.channel.close()
    }

    // MARK: Answers

    /// Sends the answer to the request in work; with the last one, the connection ends.
    func reply(_ slices: [Bytes], isLast: Bool = false) {
        self.channel.send { slices }
        guard !isLast else { return self.closeAfterFlushing() }
        self.requestIsDone()
    }

    /// Sends bytes as they are, without a length before them.
    func replyUnframed(_ bytes: Bytes) {
        self.channel.sendUnframed { [bytes] }
        self.requestIsDone()
    }

    func sendUnframedAndClose(_ bytes: Bytes) {
        self.channel.sendUnframed { [bytes] }
        self.closeAfterFlushing()
    }

    /// Sends what is to be sent, and closes.
    func closeAfterFlushing() {
        self.isClosed = true
        self.channel.closeAfterFlushing()
    }

    func requestIsDone() {
        self.isBusy = false
        self.drain()
    }

    // MARK: Requests

    // Called again from inside by answers that come at once; those only let the loop go on.
    private func drain() {
        guard !self.isDraining else { return }
        self.isDraining = true
        while !self.isBusy, !self.isClosed, self.channel.queuedBytes <= Self.maximumUnsent,
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
                // Other APIs have no answer for this: Kafka closes the connection.
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

    /// A mechanism's message as it is, after SaslHandshake v0: a refusal can't be said.
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
        // What a client said before it closed its end counts, as with Kafka: with acks=0 it waits for nothing.
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

// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

@testable import AsyncKafka

/// A server that answers each request as a test specifies, byte for byte.
final class ScriptedBroker: Sendable {
    /// A received request.
    struct Received: Sendable {
        var api: APIKey
        var version: Int16
        var correlationID: Int32
        /// The bytes after the header's client id.
        var rest: Bytes
    }

    enum Reply: Sendable {
        /// A body, which is sent after a response header of the version that fits the request.
        case body(Bytes)
        /// A complete frame, including the correlation id.
        case frame(Bytes)
        /// Raw bytes without a length prefix. If `isLast`, the connection is closed after them.
        case bytes(Bytes, isLast: Bool)
        case nothing
        case close
    }

    let loop: EventLoop
    private let listener: Lock<Listener?>
    private let script: @Sendable (Received, Int) -> Reply
    private let channels = Lock<[SocketChannel]>([])
    private let log = Lock<[Received]>([])

    init(
        clock: LoopClock = .system, _ script: @escaping @Sendable (_ request: Received, _ index: Int) -> Reply
    ) throws {
        self.loop = try EventLoop(name: "scripted", clock: clock)
        self.script = script
        self.listener = Lock(nil)
        let listener = try Listener(port: 0, loop: self.loop, maximumFrameSize: 1 << 20) { [weak self] channel in
            guard let self else { return }
            self.channels.withLock { $0.append(channel) }
            channel.start(Handler(broker: self, channel: channel))
        }
        self.listener.withLock { $0 = listener }
    }

    var port: Int { self.listener.withLock { $0?.port ?? 0 } }
    var address: String { "127.0.0.1:\(self.port)" }
    var broker: Broker { Broker(id: nil, host: "127.0.0.1", port: self.port) }
    var requests: [Received] { self.log.withLock { $0 } }

    func forgetRequests() { self.log.withLock { $0 = [] } }

    /// Stops or continues reading from clients.
    func setReading(_ isReading: Bool) {
        for channel in self.channels.withLock({ $0 }) {
            if isReading { channel.resumeReading() } else { channel.pauseReading() }
        }
    }

    /// Closes all connections.
    func disconnectAll() {
        for channel in self.channels.withLock({ $0 }) { channel.close() }
    }

    /// Waits until all clients have disconnected.
    func untilNobodyIsConnected() async {
        while self.channels.withLock({ !$0.isEmpty }) { await Task.yield() }
    }

    func stop() {
        self.listener.withLock { $0 }?.close()
        for channel in self.channels.withLock({ $0 }) { channel.close() }
        self.loop.shutdown()
    }

    private final class Handler: FrameHandler {
        let broker: ScriptedBroker
        let channel: SocketChannel

        init(broker: ScriptedBroker, channel: SocketChannel) {
            self.broker = broker
            self.channel = channel
        }

        func frameReceived(_ frame: Bytes) {
            var reader = ByteReader(frame)
            guard let api = try? reader.readInt16(), let version = try? reader.readInt16(),
                let correlationID = try? reader.readInt32(),
                (try? reader.readNullableString(flexible: false)) != nil,
                let rest = try? reader.readSlice(count: reader.remaining)
            else {
                self.channel.close()
                return
            }
            let received = Received(
                api: APIKey(rawValue: api), version: version, correlationID: correlationID, rest: rest)
            self.answer(received)
        }

        private func answer(_ received: Received) {
            let index = self.broker.log.withLock { log in
                log.append(received)
                return log.count - 1
            }
            switch self.broker.script(received, index) {
            case .body(let body):
                self.channel.send {
                    var writer = ByteWriter()
                    writer.writeInt32(received.correlationID)
                    writer.writeRaw(body)
                    return writer.finish()
                }
            case .frame(let frame):
                self.channel.send { [frame] }
            case .bytes(let bytes, let isLast):
                self.channel.sendUnframed { [bytes] }
                if isLast { self.channel.closeAfterFlushing() }
            case .nothing:
                break
            case .close:
                self.channel.close()
            }
        }

        func channelClosed(_ error: TransportError) {
            self.broker.channels.withLock { $0.removeAll { $0 === self.channel } }
        }
    }
}

extension Bytes {
    /// Encodes a message.
    init(_ message: some KafkaMessage, version: Int16) throws {
        var writer = ByteWriter()
        try message.encode(into: &writer, version: version)
        self = writer.finishContiguous()
    }

    /// Returns a current broker's response to ApiVersions.
    static func apiVersions(
        _ ranges: [(APIKey, ClosedRange<Int16>)] = [(.apiVersions, 0...4), (.metadata, 0...13)],
        error: ErrorCode = .none, version: Int16 = 4
    ) throws -> Bytes {
        var response = ApiVersionsResponse()
        response.errorCode = error
        response.apiKeys = ranges.map { key, range in
            var api = ApiVersionsResponse.ApiVersion()
            api.apiKey = key.rawValue
            api.minVersion = range.lowerBound
            api.maxVersion = range.upperBound
            return api
        }
        return try Bytes(response, version: version)
    }
}

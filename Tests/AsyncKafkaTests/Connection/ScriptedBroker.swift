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

/// A server that answers each request as a test says, byte for byte.
final class ScriptedBroker: Sendable {
    /// A request as it came.
    struct Received: Sendable {
        var api: APIKey
        var version: Int16
        var correlationID: Int32
        /// What follows the header's client id.
        var rest: Bytes
    }

    enum Reply: Sendable {
        /// A body, behind a response header of the version that fits the request.
        case body(Bytes)
        /// A frame as it is, correlation id included.
        case frame(Bytes)
        /// Bytes as they are, without a length before them; then the end, if they are the last.
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

    /// Reads nothing more from its clients, or reads again.
    func setReading(_ isReading: Bool) {
        for channel in self.channels.withLock({ $0 }) {
            if isReading { channel.resumeReading() } else { channel.pauseReading() }
        }
    }

    /// Closes the connections that it has.
    func disconnectAll() {
        for channel in self.channels.withLock({ $0 }) { channel.close() }
    }

    /// Waits until its clients are gone.
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
    /// A message as bytes.
    init(_ message: some KafkaMessage, version: Int16) throws {
        var writer = ByteWriter()
        try message.encode(into: &writer, version: version)
        self = writer.finishContiguous()
    }

    /// What a current broker answers to ApiVersions.
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

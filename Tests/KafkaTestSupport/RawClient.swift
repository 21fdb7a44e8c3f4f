// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory
package import KafkaProtocol
package import KafkaTransport

/// A connection that sends requests unchanged, in any version, and reads the responses.
package final class RawClient: Sendable {
    package enum Failure: Error {
        case closed
        case wrongCorrelationID(Int32)
        case noAnswer
    }

    private struct State {
        var answers: [Bytes] = []
        var readers: [CheckedContinuation<Bytes?, Never>] = []
        var isClosed = false
        var nextCorrelationID: Int32 = 1
    }

    private let channel: SocketChannel
    private let loop: EventLoop
    private let clientID: String
    private let state = Lock(State())

    private init(channel: SocketChannel, loop: EventLoop, clientID: String) {
        self.channel = channel
        self.loop = loop
        self.clientID = clientID
    }

    /// Connects to `host:port`.
    package static func connect(to server: String, clientID: String = "raw") async throws -> RawClient {
        let loop = try EventLoop(name: "raw-client")
        let parts = server.split(separator: ":")
        let channel = try await SocketChannel.connect(
            host: String(parts[0]), port: Int(parts[1]) ?? 0, loop: loop, timeout: .seconds(10),
            maximumFrameSize: 200 << 20)
        let client = RawClient(channel: channel, loop: loop, clientID: clientID)
        channel.start(client)
        return client
    }

    package func close() {
        self.channel.close()
        self.loop.shutdown()
    }

    /// Sends a request and returns its response.
    package func ask<Request: KafkaRequest>(_ request: Request, version: Int16) async throws -> Request.Response {
        let correlationID = try self.send(request, version: version)
        return try await self.answer(to: Request.self, version: version, correlationID: correlationID)
    }

    /// Sends a request without waiting, and returns its correlation id.
    @discardableResult
    package func send<Request: KafkaRequest>(_ request: Request, version: Int16) throws -> Int32 {
        let correlationID = self.state.withLock { state in
            defer { state.nextCorrelationID += 1 }
            return state.nextCorrelationID
        }
        var writer = ByteWriter()
        var header = RequestHeader()
        header.requestApiKey = Request.apiKey.rawValue
        header.requestApiVersion = version
        header.correlationId = correlationID
        header.clientId = self.clientID
        try header.encode(into: &writer, version: Request.requestHeaderVersion(version))
        try request.encode(into: &writer, version: version)
        self.sendFrame(writer.finish())
        return correlationID
    }

    package func sendFrame(_ slices: [Bytes]) {
        self.channel.send { slices }
    }

    package func sendUnframed(_ bytes: Bytes) {
        self.channel.sendUnframed { [bytes] }
    }

    /// Returns the next response, which must be to this request.
    package func answer<Request: KafkaRequest>(
        to: Request.Type, version: Int16, correlationID: Int32
    ) async throws -> Request.Response {
        guard let frame = await self.nextFrame() else { throw Failure.closed }
        var reader = ByteReader(frame)
        let header = try ResponseHeader(from: &reader, version: Request.Response.responseHeaderVersion(version))
        guard header.correlationId == correlationID else { throw Failure.wrongCorrelationID(header.correlationId) }
        let response = try Request.Response(from: &reader, version: version)
        try reader.finish()
        return response
    }

    /// Returns the next frame, or nil when the connection is closed.
    package func nextFrame() async -> Bytes? {
        await withCheckedContinuation { continuation in
            let ready: Bytes?? = self.state.withLock { state in
                if !state.answers.isEmpty { return .some(state.answers.removeFirst()) }
                if state.isClosed { return .some(nil) }
                state.readers.append(continuation)
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    /// Whether a response has already arrived.
    package var hasAnswer: Bool { self.state.withLock { !$0.answers.isEmpty } }
}

extension RawClient: FrameHandler {
    package func frameReceived(_ frame: Bytes) {
        let reader: CheckedContinuation<Bytes?, Never>? = self.state.withLock { state in
            guard state.readers.isEmpty else { return state.readers.removeFirst() }
            state.answers.append(frame)
            return nil
        }
        reader?.resume(returning: frame)
    }

    package func channelClosed(_ error: TransportError) {
        let readers = self.state.withLock { state in
            state.isClosed = true
            defer { state.readers = [] }
            return state.readers
        }
        for reader in readers { reader.resume(returning: nil) }
    }
}

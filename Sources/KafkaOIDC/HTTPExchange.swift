// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// A request and its response, on a connection and an event loop of their own.
///
/// Tokens are requested once in minutes or hours, so nothing is kept between requests.
final class HTTPExchange: FrameHandler {
    private let reader: Lock<HTTPResponseReader>
    private let result = FirstResult<Result<HTTPResponse, any Error>>()

    private init(limit: Int) {
        self.reader = Lock(HTTPResponseReader(limit: limit))
    }

    /// Posts a body and returns the response. Throws `TransportError`, `HTTPFailure` or `CancellationError`.
    static func post(
        _ body: String, headers: [(name: String, value: String)], to address: HTTPAddress, tls: TLSContext?,
        limit: Int, timeout: Duration
    ) async throws -> HTTPResponse {
        let loop = try EventLoop(name: "kafka-oidc")
        defer { loop.shutdown() }
        let channel = try await SocketChannel.connect(
            host: address.host, port: address.port, tls: tls, loop: loop, timeout: timeout, maximumFrameSize: 0)
        defer { channel.close() }
        let exchange = HTTPExchange(limit: limit)
        channel.start(exchange, unframed: true)
        let lines =
            [
                "POST \(address.target) HTTP/1.1", "Host: \(address.authority)", "Accept: application/json",
                "Content-Type: application/x-www-form-urlencoded", "Content-Length: \(body.utf8.count)",
                "User-Agent: AsyncKafka", "Connection: close",
            ] + headers.map { "\($0.name): \($0.value)" }
        channel.sendUnframed { [Bytes(lines.map { "\($0)\r\n" }.joined() + "\r\n" + body)] }
        return try await exchange.result.value(whenCancelled: .failure(CancellationError())).get()
    }

    func frameReceived(_ bytes: Bytes) {
        do throws(HTTPFailure) {
            if let response = try self.reader.withLock({ reader throws(HTTPFailure) in try reader.received(bytes) }) {
                self.result.give(.success(response))
            }
        } catch {
            self.result.give(.failure(error))
        }
    }

    func channelClosed(_ error: TransportError) {
        guard error == .closedByPeer else {
            self.result.give(.failure(error))
            return
        }
        do throws(HTTPFailure) {
            self.result.give(.success(try self.reader.withLock { reader throws(HTTPFailure) in try reader.ended() }))
        } catch {
            self.result.give(.failure(error))
        }
    }
}

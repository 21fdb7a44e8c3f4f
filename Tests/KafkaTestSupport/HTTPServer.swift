// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
package import KafkaTransport

/// A small web server on 127.0.0.1. It answers each request as the test specifies, records it, and closes the
/// connection.
package final class HTTPServer: Sendable {
    package struct Request: Sendable {
        package var method = ""
        package var target = ""
        /// The headers by lowercase name.
        package var headers: [String: String] = [:]
        package var body = ""

        /// The body, decoded as a form.
        package var form: [String: String] {
            let pairs = self.body.split(separator: "&").map { pair -> (String, String) in
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    .map { $0.replacing("+", with: " ").removingPercentEncoding ?? "" }
                return (sides[0], sides.count > 1 ? sides[1] : "")
            }
            return Dictionary(pairs) { first, _ in first }
        }
    }

    package enum Answer: Sendable {
        /// Send these bytes and close the connection.
        case raw(String)
        /// Close the connection without an answer.
        case close
        /// Never answer.
        case silence

        package static func json(_ body: String, status: Int = 200, headers: [String] = []) -> Answer {
            let lines =
                ["HTTP/1.1 \(status) Status", "Content-Type: application/json", "Content-Length: \(body.utf8.count)"]
                + headers
            return .raw(lines.map { "\($0)\r\n" }.joined() + "\r\n" + body)
        }
    }

    private let loop: EventLoop
    private let listener: Listener
    private let received: Lock<[Request]>
    package let port: Int
    private let isSecure: Bool

    /// Starts the server.
    ///
    /// - Parameters:
    ///   - identity: The certificate to use TLS with.
    ///   - answer: Returns the answer to a request, given the request and its number, starting at 1. Called on the
    ///     loop's thread.
    package init(
        identity: TLSSettings.Identity? = nil, _ answer: @escaping @Sendable (Request, Int) -> Answer
    ) throws {
        let tls = try identity.map { identity in
            var settings = TLSSettings()
            settings.identity = identity
            return try TLSContext(server: settings)
        }
        let received = Lock<[Request]>([])
        self.received = received
        self.isSecure = tls != nil
        self.loop = try EventLoop(name: "http-server")
        self.listener = try Listener(port: 0, tls: tls, loop: self.loop, maximumFrameSize: 0) { channel in
            let connection = HTTPServerConnection(channel) { request in
                let number = received.withLock { requests in
                    requests.append(request)
                    return requests.count
                }
                return answer(request, number)
            }
            channel.start(connection, unframed: true)
        }
        self.port = self.listener.port
    }

    deinit {
        self.listener.close()
        self.loop.shutdown()
    }

    /// All requests so far.
    package var requests: [Request] { self.received.withLock { $0 } }

    package func url(_ target: String = "/token", host: String = "127.0.0.1") -> String {
        "\(self.isSecure ? "https" : "http")://\(host):\(self.port)\(target)"
    }
}

private final class HTTPServerConnection: FrameHandler {
    private struct State {
        var bytes: [UInt8] = []
        var isAnswered = false
    }

    private let channel: SocketChannel
    private let answer: @Sendable (HTTPServer.Request) -> HTTPServer.Answer
    private let state = Lock(State())

    init(_ channel: SocketChannel, _ answer: @escaping @Sendable (HTTPServer.Request) -> HTTPServer.Answer) {
        self.channel = channel
        self.answer = answer
    }

    func frameReceived(_ bytes: Bytes) {
        let request = self.state.withLock { state -> HTTPServer.Request? in
            state.bytes += bytes
            guard !state.isAnswered, let request = Self.parse(state.bytes) else { return nil }
            state.isAnswered = true
            return request
        }
        guard let request else { return }
        switch self.answer(request) {
        case .raw(let text):
            self.channel.sendUnframed { [Bytes(text)] }
            self.channel.closeAfterFlushing()
        case .close: self.channel.close()
        case .silence: break
        }
    }

    func channelClosed(_ error: TransportError) {}

    /// Parses a request. Returns nil if it is incomplete.
    private static func parse(_ bytes: [UInt8]) -> HTTPServer.Request? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let gap = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<gap.lowerBound].components(separatedBy: "\r\n")
        var request = HTTPServer.Request()
        let words = lines[0].split(separator: " ").map(String.init)
        guard words.count == 3 else { return request }
        request.method = words[0]
        request.target = words[1]
        for line in lines.dropFirst() {
            guard let colon = line.range(of: ": ") else { continue }
            request.headers[line[..<colon.lowerBound].lowercased()] = String(line[colon.upperBound...])
        }
        request.body = String(text[gap.upperBound...])
        let length = request.headers["content-length"].flatMap { Int($0) } ?? 0
        return request.body.utf8.count < length ? nil : request
    }
}

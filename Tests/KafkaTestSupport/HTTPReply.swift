// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What an HTTP server on this machine answers.
package struct HTTPReply: Sendable {
    package let status: Int
    /// By name in lower case.
    package let headers: [String: String]
    package let body: String

    /// Requests a path. Returns nil if there is no answer.
    package static func get(_ path: String, port: Int) async -> HTTPReply? {
        await Self.exchange(["GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n"], port: port)
    }

    /// Sends these packets on a new connection. Returns nil if the server closes it without an answer.
    package static func exchange(_ packets: [String], port: Int) async -> HTTPReply? {
        await withCheckedContinuation { continuation in
            // The calls block.
            Thread.detachNewThread { continuation.resume(returning: Self.exchangeNow(packets, port: port)) }
        }
    }

    private static func exchangeNow(_ packets: [String], port: Int) -> HTTPReply? {
        let connection = LoopbackSocket.make()
        defer { close(connection) }
        guard LoopbackSocket.withAddress(port: port, { connect(connection, $0, $1) }) == 0 else { return nil }
        var noDelay: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
        // An answer that doesn't come must not keep the test from its end.
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        for packet in packets {
            let bytes = Array(packet.utf8)
            // The server may have closed the connection before the last packet.
            guard send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { break }
        }
        var reply: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            reply += buffer[..<count]
        }
        return HTTPReply(String(decoding: reply, as: UTF8.self))
    }

    private init?(_ text: String) {
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { return nil }
        self.status = status
        self.headers = lines.dropFirst().reduce(into: [:]) { headers, line in
            let parts = line.components(separatedBy: ": ")
            headers[parts[0].lowercased()] = parts.dropFirst().joined(separator: ": ")
        }
        self.body = String(text[end.upperBound...])
    }

    /// The value of a metric without labels, or with exactly these, in an answer in Prometheus's text format.
    package func metric(_ name: String) -> Double? {
        let line = self.body.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) }
    }
}

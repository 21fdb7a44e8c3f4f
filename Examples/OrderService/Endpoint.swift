// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Answers GET requests over HTTP: enough for probes and Prometheus in the network of a cluster, and no more.
///
/// Each connection gets one answer, within two seconds, and eight connections are served at once at most: a further one is closed.
struct Endpoint: Sendable {
    struct Answer: Sendable {
        var status = 200
        var contentType = "text/plain; charset=utf-8"
        var body: String
    }

    /// The port that it listens on.
    let port: UInt16
    private let listener: Int32

    /// Listens on a port, or on a free one if it is 0.
    ///
    /// - Parameter address: The IPv4 address to listen on, such as `127.0.0.1`. Default: all of this machine.
    init(address: String = "0.0.0.0", port: UInt16) throws {
        self.listener = try Self.makeListener(address, port)
        self.port = try Self.port(of: self.listener)
    }

    /// Answers requests until the task is cancelled, and then closes the socket.
    func run(_ answer: @escaping @Sendable (_ path: String) -> Answer) async {
        let listener = self.listener
        // Dispatch's threads may block for a while, unlike those of Swift's tasks.
        let source = DispatchSource.makeReadSource(fileDescriptor: listener, queue: DispatchQueue(label: "endpoint"))
        let workers = DispatchQueue(label: "endpoint.connections", attributes: .concurrent)
        let places = DispatchSemaphore(value: 8)
        source.setEventHandler { @Sendable in
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            guard places.wait(timeout: .now()) == .success else {
                close(connection)
                return
            }
            workers.async {
                Self.serve(connection, answer)
                close(connection)
                places.signal()
            }
        }
        source.setCancelHandler { @Sendable in close(listener) }
        source.resume()
        let (cancellation, continuation) = AsyncStream<Never>.makeStream()
        for await _ in cancellation {}
        continuation.finish()
        source.cancel()
    }

    // MARK: - A connection

    private static func serve(_ connection: Int32, _ answer: (_ path: String) -> Answer) {
        var limit = timeval(tv_sec: 1, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(connection, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        let deadline = ContinuousClock.now + .seconds(2)
        guard let line = Self.requestLine(connection, until: deadline) else { return }
        let words = line.split(separator: " ")
        let path = words.count == 3 && words[0] == "GET" ? words[1].split(separator: "?").first : nil
        let reply = path.map { answer(String($0)) } ?? Answer(status: 400, body: "Only GET is understood.\n")
        Self.write(Self.text(of: reply), to: connection, until: deadline)
    }

    /// Reads the head of a request, which has to come in four packets and 16 KiB at most, and returns its first line.
    private static func requestLine(_ connection: Int32, until deadline: ContinuousClock.Instant) -> String? {
        var head: [UInt8] = []
        var packet = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<4 {
            let count = recv(connection, &packet, packet.count, 0)
            guard count > 0, .now < deadline else { return nil }
            head += packet[..<count]
            let text = String(decoding: head, as: UTF8.self)
            if text.contains("\r\n\r\n") { return text.split(separator: "\r\n").first.map(String.init) }
        }
        return nil
    }

    private static func text(of answer: Answer) -> String {
        let reasons = [200: "OK", 400: "Bad Request", 404: "Not Found", 503: "Service Unavailable"]
        return """
            HTTP/1.1 \(answer.status) \(reasons[answer.status] ?? "")\r
            Content-Type: \(answer.contentType)\r
            Content-Length: \(answer.body.utf8.count)\r
            Connection: close\r
            \r
            \(answer.body)
            """
    }

    private static func write(_ text: String, to connection: Int32, until deadline: ContinuousClock.Instant) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, 0) }
            guard count > 0, .now < deadline else { return }
            rest = rest.dropFirst(count)
        }
    }

    // MARK: - The socket

    private static func makeListener(_ host: String, _ port: UInt16) throws -> Int32 {
        signal(SIGPIPE, SIG_IGN)  // A client that has gone doesn't end the process.
        #if canImport(Glibc)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard listener >= 0 else { throw EndpointError(port) }
        var isReused: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            close(listener)
            errno = EADDRNOTAVAIL
            throw EndpointError(port)
        }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        // Otherwise, `accept` would wait if the client has gone in the meantime.
        guard isBound, listen(listener, 16) == 0, fcntl(listener, F_SETFL, O_NONBLOCK) == 0 else {
            let error = EndpointError(port)
            close(listener)
            throw error
        }
        return listener
    }

    private static func port(of listener: Int32) throws -> UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isKnown = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) == 0 }
        }
        guard isKnown else { throw EndpointError(0) }
        return UInt16(bigEndian: address.sin_port)
    }
}

struct EndpointError: Error, CustomStringConvertible {
    let description: String

    fileprivate init(_ port: UInt16) {
        self.description =
            "Can't listen on port \(port) (PORT chooses another one): \(String(cString: strerror(errno)))"
    }
}

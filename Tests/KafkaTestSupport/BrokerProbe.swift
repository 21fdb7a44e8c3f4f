// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Sends simple requests to a broker over a blocking socket, with hand-made bytes that use none of the code under test.
package struct BrokerProbe: Sendable {
    package let port: Int

    package init(port: Int) {
        self.port = port
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package struct Metadata: Sendable {
        /// The brokers' ports by id.
        package var brokers: [Int32: Int] = [:]
        package var controller: Int32 = -1
        package var topics: [String: Topic] = [:]
    }

    package struct Topic: Sendable {
        package var error: Int16
        /// The partitions, sorted by number.
        package var partitions: [Partition]
    }

    package struct Partition: Sendable {
        package var index: Int32
        package var error: Int16
        package var leader: Int32
        package var replicas: [Int32]
        package var inSyncReplicas: [Int32]
    }

    /// Returns the broker's supported versions by API key (ApiVersions v0).
    package func apiVersions() async throws -> [Int16: ClosedRange<Int16>] {
        var answer = try await self.ask(api: 18, version: 0) { _ in }
        let error: Int16 = try answer.read()
        guard error == 0 else { throw Failure(description: "ApiVersions: error \(error)") }
        return try Dictionary(
            answer.array { answer in
                let api: Int16 = try answer.read()
                let lowest: Int16 = try answer.read()
                let highest: Int16 = try answer.read()
                return (api, lowest...max(lowest, highest))
            }, uniquingKeysWith: { $1 })
    }

    /// Returns the brokers, the controller and the given topics (Metadata v1).
    package func metadata(of topics: [String] = []) async throws -> Metadata {
        var answer = try await self.ask(api: 3, version: 1) { question in
            question.array(topics) { $0.string($1) }
        }
        var metadata = Metadata()
        for (id, port) in try answer.array({ answer in
            let id: Int32 = try answer.read()
            _ = try answer.string()
            let port: Int32 = try answer.read()
            _ = try answer.string()
            return (id, port)
        }) {
            metadata.brokers[id] = Int(port)
        }
        metadata.controller = try answer.read()
        for (name, topic) in try answer.array({ answer in
            let error: Int16 = try answer.read()
            let name = try answer.string()
            let _: Int8 = try answer.read()
            let partitions = try answer.array { answer in
                let error: Int16 = try answer.read()
                let index: Int32 = try answer.read()
                return Partition(
                    index: index, error: error, leader: try answer.read(),
                    replicas: try answer.array { try $0.read() }, inSyncReplicas: try answer.array { try $0.read() })
            }
            return (name, Topic(error: error, partitions: partitions.sorted { $0.index < $1.index }))
        }) {
            metadata.topics[name] = topic
        }
        return metadata
    }

    /// Creates a topic (CreateTopics v2). The broker must be the controller or forward the request to it.
    package func createTopic(
        _ name: String, partitions: Int, replicationFactor: Int, settings: [String: String]
    ) async throws {
        var answer = try await self.ask(api: 19, version: 2) { question in
            question.array([name]) { question, name in
                question.string(name)
                question.write(Int32(partitions))
                question.write(Int16(replicationFactor))
                question.write(Int32(0))
                question.array(settings.sorted { $0.key < $1.key }) { question, setting in
                    question.string(setting.key)
                    question.string(setting.value)
                }
            }
            question.write(Int32(20_000))
            question.write(Int8(0))
        }
        let _: Int32 = try answer.read()
        for (error, message) in try answer.array({ answer in
            _ = try answer.string()
            let error: Int16 = try answer.read()
            return (error, try answer.string())
        }) where error != 0 {
            throw Failure(description: "CreateTopics \(name): error \(error) \(message)")
        }
    }

    /// Deletes a topic (DeleteTopics v1). The broker must be the controller or forward the request to it.
    package func deleteTopic(_ name: String) async throws {
        var answer = try await self.ask(api: 20, version: 1) { question in
            question.array([name]) { $0.string($1) }
            question.write(Int32(20_000))
        }
        let _: Int32 = try answer.read()
        for error in try answer.array({ answer in
            _ = try answer.string()
            let error: Int16 = try answer.read()
            return error
        }) where error != 0 {
            throw Failure(description: "DeleteTopics \(name): error \(error)")
        }
    }

    private func ask(
        api: Int16, version: Int16, _ body: @Sendable (inout WireWriter) -> Void
    ) async throws -> WireReader {
        var request = WireWriter()
        request.write(api)
        request.write(version)
        request.write(Int32(1))
        request.string("probe")
        body(&request)
        let bytes = request.bytes
        // On a Dispatch thread, since the calls block.
        let answer: [UInt8] = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try exchange(bytes, port: self.port) })
            }
        }
        var reader = WireReader(bytes: answer)
        let _: Int32 = try reader.read()
        return reader
    }
}

/// Sends one frame and receives one.
private func exchange(_ request: [UInt8], port: Int) throws -> [UInt8] {
    #if canImport(Glibc)
    let noSignal = Int32(MSG_NOSIGNAL)
    #else
    let noSignal: Int32 = 0
    #endif
    let descriptor = LoopbackSocket.make()
    guard descriptor >= 0 else { throw BrokerProbe.Failure(description: "socket: error \(errno)") }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 25, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let connected = LoopbackSocket.withAddress(port: port) { connect(descriptor, $0, $1) }
    guard connected == 0 else { throw BrokerProbe.Failure(description: "connect to port \(port): error \(errno)") }
    var frame = WireWriter()
    frame.write(Int32(request.count))
    frame.bytes += request
    guard send(descriptor, frame.bytes, frame.bytes.count, noSignal) == frame.bytes.count else {
        throw BrokerProbe.Failure(description: "send: error \(errno)")
    }
    var size = WireReader(bytes: try receive(4, from: descriptor))
    let count: Int32 = try size.read()
    return try receive(Int(count), from: descriptor)
}

private func receive(_ count: Int, from descriptor: Int32) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
        let received = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + filled, count - filled, 0) }
        guard received > 0 else { throw BrokerProbe.Failure(description: "receive: \(received), error \(errno)") }
        filled += received
    }
    return bytes
}

/// A writer for Kafka's oldest encodings: big-endian numbers, and lengths of two and four bytes.
struct WireWriter {
    var bytes: [UInt8] = []

    mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { self.bytes += $0 }
    }

    mutating func string(_ value: String) {
        self.write(Int16(value.utf8.count))
        self.bytes += value.utf8
    }

    mutating func array<Element>(_ elements: [Element], _ write: (inout WireWriter, Element) -> Void) {
        self.write(Int32(elements.count))
        for element in elements { write(&self, element) }
    }
}

struct WireReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func read<Value: FixedWidthInteger>(_: Value.Type = Value.self) throws -> Value {
        let size = MemoryLayout<Value>.size
        guard self.bytes.count - self.position >= size else {
            throw BrokerProbe.Failure(description: "the answer is too short")
        }
        defer { self.position += size }
        return self.bytes[self.position..<self.position + size].reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    /// Reads a string; null is an empty string.
    mutating func string() throws -> String {
        let count = max(0, Int(try self.read(Int16.self)))
        guard self.bytes.count - self.position >= count else {
            throw BrokerProbe.Failure(description: "the answer is too short")
        }
        defer { self.position += count }
        return String(decoding: self.bytes[self.position..<self.position + count], as: UTF8.self)
    }

    mutating func array<Element>(_ element: (inout WireReader) throws -> Element) throws -> [Element] {
        let count = Int(try self.read(Int32.self))
        var elements: [Element] = []
        for _ in 0..<max(0, count) { elements.append(try element(&self)) }
        return elements
    }
}

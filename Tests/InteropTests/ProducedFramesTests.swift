// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

extension InteropTests {
    /// Records that fail in production must also fail on the embedded broker.
    @Suite(.timeLimit(.minutes(2))) struct ProducedFrames {
        private func compressed(_ plain: [UInt8], _ codec: CompressionCodec) throws -> [UInt8] {
            guard let algorithm = try codec.algorithm() else { return plain }
            var output = CompressionBuffer(codec: codec, sizeHint: 0, limit: 1 << 20)
            try Bytes(plain).withUnsafeBytes { (input) throws(CompressionError) in
                try algorithm.compress(input, level: nil, into: &output)
            }
            return Array(try output.finish())
        }

        /// Returns the same data as two consecutive compressed streams.
        private func inTwo(_ plain: [UInt8], _ codec: CompressionCodec) throws -> [UInt8] {
            try self.compressed(Array(plain[..<50]), codec) + self.compressed(Array(plain[50...]), codec)
        }

        /// A way to compress, and the brokers' response to it.
        private struct Case {
            let name: String
            let codec: CompressionCodec
            let expected: ErrorCode
            let compress: ([UInt8]) throws -> [UInt8]

            init(
                _ name: String, _ codec: CompressionCodec, _ expected: ErrorCode = .none,
                _ compress: @escaping ([UInt8]) throws -> [UInt8]
            ) {
                self.name = name
                self.codec = codec
                self.expected = expected
                self.compress = compress
            }
        }

        private var cases: [Case] {
            let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
            let zeros = [UInt8](repeating: 0, count: 8)
            return [
                Case("lz4", .lz4) { ForeignBatch.lz4Frame($0) },
                Case("lz4 with bytes behind it", .lz4) { ForeignBatch.lz4Frame($0) + [1, 2, 3] },
                Case("lz4 of linked blocks", .lz4, .unknownServerError) {
                    ForeignBatch.lz4Frame($0, hasLinkedBlocks: true)
                },
                Case("lz4 behind a skippable frame", .lz4, .unknownServerError) {
                    skippable + ForeignBatch.lz4Frame($0)
                },
                Case("lz4 in two frames", .lz4, .invalidRecord) {
                    ForeignBatch.lz4Frame(Array($0[..<50])) + ForeignBatch.lz4Frame(Array($0[50...]))
                },
                Case("lz4 with a wrong checksum", .lz4, .unknownServerError) { ForeignBatch.lz4Frame($0, checksum: 1) },
                Case("gzip", .gzip) { try self.compressed($0, .gzip) },
                Case("gzip with zeros behind it", .gzip) { try self.compressed($0, .gzip) + zeros },
                Case("gzip in two members", .gzip) { try self.inTwo($0, .gzip) },
                Case("gzip cut off", .gzip, .unknownServerError) { try self.compressed($0, .gzip).dropLast(4) },
                Case("zstd in two frames", .zstd) { try self.inTwo($0, .zstd) },
                Case("zstd with zeros behind it", .zstd, .unknownServerError) {
                    try self.compressed($0, .zstd) + zeros
                },
                Case("snappy in two streams", .snappy) { try self.inTwo($0, .snappy) },
                Case("snappy without a frame", .snappy) { Array(try self.compressed($0, .snappy)[20...]) },
                Case("snappy with zeros behind it", .snappy, .unknownServerError) {
                    try self.compressed($0, .snappy) + zeros
                },
                Case("snappy with a byte behind it", .snappy) { try self.compressed($0, .snappy) + [0] },
            ]
        }

        @Test(arguments: TestEnvironment.all)
        func brokersAcceptTheSameCompressedBatchesAndTheyAreReadBack(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("frames")
            var stored = 0
            for each in self.cases where (try? each.codec.algorithm()) != nil {
                let batch = try ForeignBatch.of(key: "k", each.codec, each.compress)
                let code = try await self.produce(batch, to: topic, at: cluster.bootstrapServers[0])
                #expect(code == each.expected || self.isOlder(code, each.expected), "\(each.name): \(code)")
                if code == .none { stored += 1 }
            }
            // What brokers store must be readable.
            let read = try await cluster.read(stored, from: topic)
            #expect(read.allSatisfy { $0.text == String(repeating: "paid ", count: 40) })
        }

        @Test(arguments: TestEnvironment.all)
        func aCompactedTopicRefusesRecordsWithoutAKey(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("compacted", settings: ["cleanup.policy": "compact"])
            var builder = RecordBatchBuilder()
            _ = try builder.append(key: nil, value: "v", headers: [], timestamp: 1000, limit: .max)
            let code = try await self.produce(builder.finish()[0], to: topic, at: cluster.bootstrapServers[0])
            #expect(code == .invalidRecord || self.isOlder(code, .invalidRecord), "\(code)")
        }

        /// Before 2.4 there was no INVALID_RECORD.
        private func isOlder(_ code: ErrorCode, _ expected: ErrorCode) -> Bool {
            expected == .invalidRecord && code == .corruptMessage
        }

        /// Produces without a client that would inspect the batch.
        private func produce(_ batch: Bytes, to topic: String, at server: String) async throws -> ErrorCode {
            let loop = try EventLoop(name: "raw")
            defer { loop.shutdown() }
            let parts = server.split(separator: ":")
            let channel = try await SocketChannel.connect(
                host: String(parts[0]), port: Int(parts[1]) ?? 0, loop: loop, timeout: .seconds(10),
                maximumFrameSize: 1 << 20)
            let answer = Answer()
            channel.start(answer)
            var header = RequestHeader()
            header.requestApiKey = APIKey.produce.rawValue
            // The newest version of Kafka 2.1.
            header.requestApiVersion = 7
            header.correlationId = 1
            header.clientId = "raw"
            var partition = ProduceRequest.PartitionProduceData()
            partition.records = [batch]
            var data = ProduceRequest.TopicProduceData()
            data.name = topic
            data.partitionData = [partition]
            var request = ProduceRequest()
            request.acks = -1
            request.timeoutMs = 10_000
            request.topicData = [data]
            var writer = ByteWriter()
            try header.encode(into: &writer, version: 1)
            try request.encode(into: &writer, version: 7)
            let frame = writer.finish()
            channel.send { frame }
            let bytes = try await answer.frame()
            channel.close()
            var reader = ByteReader(bytes)
            _ = try reader.readInt32()
            let response = try ProduceResponse(from: &reader, version: 7)
            return response.responses[0].partitionResponses[0].errorCode
        }
    }
}

/// Waits for one frame.
private final class Answer: FrameHandler {
    private let stream: AsyncStream<Bytes>
    private let continuation: AsyncStream<Bytes>.Continuation

    init() {
        (self.stream, self.continuation) = AsyncStream.makeStream()
    }

    func frameReceived(_ frame: Bytes) { self.continuation.yield(frame) }
    func channelFlushed() {}
    func channelClosed(_ error: TransportError) { self.continuation.finish() }

    func frame() async throws -> Bytes {
        for await frame in self.stream { return frame }
        throw TransportError.closedByPeer
    }
}

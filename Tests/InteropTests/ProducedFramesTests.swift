// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

extension InteropTests {
    /// What a test produces to the embedded broker must fail there as it does in production.
    @Suite(.timeLimit(.minutes(2))) struct ProducedFrames {
        /// A batch of one record, of which `compress` makes another form.
        private func batch(_ codec: CompressionCodec, _ compress: ([UInt8]) throws -> [UInt8]) throws -> Bytes {
            var builder = RecordBatchBuilder()
            _ = try builder.append(
                key: "k", value: Bytes(String(repeating: "paid ", count: 40)), headers: [], timestamp: 1000, limit: .max)
            let plain = builder.finish().flatMap { Array($0) }
            var bytes = Array(plain[..<61]) + (try compress(Array(plain[61...])))
            bytes[22] = UInt8(codec.rawValue)
            func put(_ value: UInt32, at position: Int) {
                withUnsafeBytes(of: value.bigEndian) { bytes.replaceSubrange(position..<position + 4, with: $0) }
            }
            put(UInt32(bytes.count - 12), at: 8)
            put(bytes[21...].withUnsafeBytes { CRC32C.checksum(of: $0) }, at: 17)
            return Bytes(bytes)
        }

        /// An LZ4 frame of one uncompressed block.
        private func frame(_ plain: [UInt8], flags: UInt8 = 0x60, checksum: UInt8 = 0x82) -> [UInt8] {
            let size = UInt32(plain.count) | 0x8000_0000
            return [0x04, 0x22, 0x4d, 0x18, flags, 0x40, checksum]
                + withUnsafeBytes(of: size.littleEndian) { Array($0) } + plain + [0, 0, 0, 0]
        }

        private func gzipped(_ plain: [UInt8]) throws -> [UInt8] {
            var output = CompressionBuffer(codec: .gzip, sizeHint: 0, limit: 1 << 20)
            try Bytes(plain).withUnsafeBytes { (input) throws(CompressionError) in
                try Gzip.compress(input, level: nil, into: &output)
            }
            return Array(try output.finish())
        }

        @Test("compressed batches are taken and refused alike", arguments: TestEnvironment.all)
        func frames(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("frames")
            let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
            let cases: [(name: String, batch: Bytes, expected: ErrorCode)] = [
                ("lz4", try self.batch(.lz4) { self.frame($0) }, .none),
                ("lz4 with bytes behind it", try self.batch(.lz4) { self.frame($0) + [1, 2, 3] }, .none),
                ("lz4 of linked blocks", try self.batch(.lz4) { self.frame($0, flags: 0x40, checksum: 0xc0) }, .unknownServerError),
                ("lz4 behind a skippable frame", try self.batch(.lz4) { skippable + self.frame($0) }, .unknownServerError),
                (
                    "lz4 in two frames",
                    try self.batch(.lz4) { self.frame(Array($0[..<50])) + self.frame(Array($0[50...])) }, .unknownServerError
                ),
                ("lz4 with a wrong checksum", try self.batch(.lz4) { self.frame($0, checksum: 1) }, .unknownServerError),
                ("gzip", try self.batch(.gzip) { try self.gzipped($0) }, .none),
                ("gzip with zeros behind it", try self.batch(.gzip) { try self.gzipped($0) + [0, 0, 0, 0, 0, 0, 0, 0] }, .none),
                (
                    "gzip in two members",
                    try self.batch(.gzip) { try self.gzipped(Array($0[..<50])) + self.gzipped(Array($0[50...])) }, .none
                ),
            ]
            for (name, batch, expected) in cases {
                let code = try await self.produce(batch, to: topic, at: cluster.bootstrapServers[0])
                #expect(code == expected, "\(name)")
            }
        }

        @Test("a compacted topic takes no record without a key", arguments: TestEnvironment.all)
        func compacted(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("compacted", settings: ["cleanup.policy": "compact"])
            var builder = RecordBatchBuilder()
            _ = try builder.append(key: nil, value: "v", headers: [], timestamp: 1000, limit: .max)
            let code = try await self.produce(builder.finish()[0], to: topic, at: cluster.bootstrapServers[0])
            #expect(code == .invalidRecord)
        }

        /// Produces without a client that would look into the batch.
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
            // 2.1 has no newer one.
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

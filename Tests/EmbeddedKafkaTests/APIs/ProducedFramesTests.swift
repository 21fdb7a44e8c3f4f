// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

/// Compressed batches that other libraries can read and Kafka can't, and vice versa.
@Suite(.timeLimit(.minutes(1))) struct ProducedFramesTests {
    private func batch(_ codec: CompressionCodec, _ compress: ([UInt8]) throws -> [UInt8]) throws -> Bytes {
        try ForeignBatch.of(key: nil, codec, compress)
    }

    private func outcome(_ batch: Bytes) async throws -> ErrorCode {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            return try await client.ask(ProduceRequest.one(batch, to: "t"), version: 9).only.errorCode
        }
    }

    #if LZ4
    @Test func anLZ4FrameWrittenByKafkaIsAccepted() async throws {
        let outcome = try await self.outcome(self.batch(.lz4) { ForeignBatch.lz4Frame($0) })
        #expect(outcome == .none)
    }

    @Test func bytesAfterAnLZ4FrameAreIgnored() async throws {
        let outcome = try await self.outcome(self.batch(.lz4) { ForeignBatch.lz4Frame($0) + [1, 2, 3] })
        #expect(outcome == .none)
    }

    @Test func lz4FramesThatKafkaCannotReadAreRefused() async throws {
        let linked = try self.batch(.lz4) { ForeignBatch.lz4Frame($0, hasLinkedBlocks: true) }
        let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
        let skippableFirst = try self.batch(.lz4) { skippable + ForeignBatch.lz4Frame($0) }
        let two = try self.batch(.lz4) {
            ForeignBatch.lz4Frame(Array($0[..<50])) + ForeignBatch.lz4Frame(Array($0[50...]))
        }
        let wrongChecksum = try self.batch(.lz4) { ForeignBatch.lz4Frame($0, checksum: 0x11) }
        for (name, batch) in [
            ("linked blocks", linked), ("a skippable frame first", skippableFirst), ("two frames", two),
            ("a wrong header checksum", wrongChecksum),
        ] {
            let outcome = try await self.outcome(batch)
            #expect(outcome != .none, "\(name)")
        }
    }
    #endif

    @Test func bytesAfterAGzipStreamAreAccepted() async throws {
        let batch = try self.batch(.gzip) { plain in
            var output = CompressionBuffer(codec: .gzip, sizeHint: 0, limit: 1 << 20)
            try Bytes(plain).withUnsafeBytes { (input) throws(CompressionError) in
                try Gzip.compress(input, level: nil, into: &output)
            }
            return Array(try output.finish()) + [0, 0, 0, 0, 0, 0, 0, 0]
        }
        let outcome = try await self.outcome(batch)
        #expect(outcome == .none)
    }

    /// Compaction requires keys (KAFKA-4808).
    @Test(arguments: ["compact", "compact,delete", "delete, compact"])
    func aRecordWithoutAKeyIsRefusedInACompactedTopic(_ policy: String) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t", configuration: ["cleanup.policy": policy])
            let answer = try await client.ask(
                ProduceRequest.one(try EmbeddedKafkaTests.batch(["a"]), to: "t"), version: 9)
            #expect(answer.only.errorCode == .invalidRecord)
            #expect(answer.only.recordErrors.map(\.batchIndex) == [0])
            var builder = RecordBatchBuilder()
            _ = try builder.append(key: "k", value: "v", headers: [], timestamp: 1000, limit: .max)
            let keyed = try await client.ask(ProduceRequest.one(joined(builder.finish()), to: "t"), version: 9)
            #expect(keyed.only.errorCode == .none)
        }
    }
}

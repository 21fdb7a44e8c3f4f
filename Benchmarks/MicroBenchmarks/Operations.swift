// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

extension MicroBenchmarks {
    /// Returns all operations, with their inputs prepared.
    static func operations() throws -> [Operation] {
        try Self.records() + Self.checksums() + Self.codecs() + Self.messages() + Self.handOvers()
    }

    /// A value of 100 bytes that compresses like text.
    private static let value = Bytes(String(repeating: "the quick brown fox jumps ", count: 4).prefix(100))
    private static let key = Bytes("user-4711")

    /// Returns a batch of 160 records of 100 bytes, about the 16 KiB of a producer's batch.
    private static func batch() throws -> [Bytes] {
        var builder = RecordBatchBuilder(initialCapacity: 32 << 10)
        for index in 0..<160 {
            _ = try builder.append(
                key: Self.key, value: Self.value, headers: [], timestamp: 1_700_000_000_000 + Int64(index), limit: .max)
        }
        return builder.finish()
    }

    /// Verifies the checksum of a batch and reads the values of its records, as a consumer does.
    private static func read(_ encoded: Bytes) throws -> UInt64 {
        var reader = RecordBatchReader(encoded)
        var size: UInt64 = 0
        while let batch = try reader.next() {
            try batch.validateChecksum()
            let records = try batch.records()
            var iterator = records.makeIterator()
            while let record = try iterator.next() { size &+= UInt64(records.value(of: record)?.count ?? 0) }
        }
        return size
    }

    private static func records() throws -> [Operation] {
        let encoded = try Self.batch()[0]
        var reader = RecordBatchReader(encoded)
        guard let batch = try reader.next() else { return [] }
        return [
            Operation(name: "encode-record", counted: 20_000) { count in
                var builder = RecordBatchBuilder(initialCapacity: 1 << 20)
                for index in 0..<count {
                    let isIn = try builder.append(
                        key: Self.key, value: Self.value, headers: [], timestamp: Int64(index), limit: 1 << 20)
                    if !isIn { builder = RecordBatchBuilder(initialCapacity: 1 << 20) }
                }
                sink &+= UInt64(builder.count)
            },
            Operation(name: "encode-record-for-100-partitions", counted: 20_000) { count in
                let batches = (0..<100).map { _ in OpenBatch() }
                for index in 0..<count { try batches[index % 100].append(Self.key, Self.value, Int64(index)) }
                sink &+= UInt64(batches[0].records.count)
            },
            Operation(name: "decode-record", counted: 20_000) { count in
                let records = try batch.records()
                var iterator = records.makeIterator()
                for _ in 0..<count {
                    guard let record = try iterator.next() else {
                        iterator = records.makeIterator()
                        continue
                    }
                    sink &+= UInt64(records.value(of: record)?.count ?? 0)
                }
            },
            Operation(name: "encode-batch-of-160-records", counted: 50) { count in
                for _ in 0..<count { sink &+= UInt64(try Self.batch()[0].count) }
            },
            Operation(name: "decode-batch-of-160-records", counted: 50) { count in
                for _ in 0..<count { sink &+= try Self.read(encoded) }
            },
            Operation(name: "partition-of-key", counted: 20_000) { count in
                for _ in 0..<count { sink &+= UInt64(bitPattern: Int64(Murmur2.hash(Self.key))) }
            },
        ]
    }

    private static func checksums() throws -> [Operation] {
        let batch = try Self.batch()[0]
        return [
            Operation(name: "crc32c-18KB", counted: 200) { count in
                for _ in 0..<count { sink &+= UInt64(batch.withUnsafeBytes { CRC32C.checksum(of: $0) }) }
            }
        ]
    }

    private static func codecs() throws -> [Operation] {
        let plain = try Self.batch()[0]
        let known: [(String, Compression)] = [
            ("gzip", .gzip), ("snappy", .snappy), ("lz4", .lz4), ("zstd", .zstd),
        ]
        return try known.flatMap { name, compression -> [Operation] in
            guard let algorithm = try? compression.codec.algorithm() else { return [] }
            let compressed = try Self.compress(plain, algorithm, compression.codec)
            return [
                Operation(name: "\(name)-18KB") { count in
                    for _ in 0..<count {
                        sink &+= UInt64(try Self.compress(plain, algorithm, compression.codec).count)
                    }
                },
                Operation(name: "un\(name)-18KB") { count in
                    for _ in 0..<count {
                        sink &+= UInt64(try compression.codec.decompress(compressed, limit: 1 << 20).count)
                    }
                },
            ]
        }
    }

    private static func compress(
        _ plain: Bytes, _ algorithm: any CompressionAlgorithm.Type, _ codec: CompressionCodec
    ) throws -> Bytes {
        var output = CompressionBuffer(codec: codec, sizeHint: plain.count, limit: 1 << 20)
        try plain.withUnsafeBytes { try algorithm.compress($0, level: nil, into: &output) }
        return try output.finish()
    }

    private static func messages() throws -> [Operation] {
        let version = MetadataResponse.validVersions.upperBound
        var metadata = MetadataResponse()
        metadata.topics = (0..<10).map { number in
            var topic = MetadataResponse.MetadataResponseTopic()
            topic.name = "topic-\(number)"
            topic.partitions = (0..<10).map { (index: Int) in
                var partition = MetadataResponse.MetadataResponsePartition()
                partition.partitionIndex = Int32(index)
                partition.replicaNodes = [1, 2, 3]
                partition.isrNodes = [1, 2, 3]
                return partition
            }
            return topic
        }
        let message = metadata
        func encode() throws -> Bytes {
            var writer = ByteWriter()
            try message.encode(into: &writer, version: version)
            return writer.finish()[0]
        }
        let bytes = try encode()
        return [
            Operation(name: "encode-metadata-of-100-partitions", counted: 100) { count in
                for _ in 0..<count { sink &+= UInt64(try encode().count) }
            },
            Operation(name: "decode-metadata-of-100-partitions", counted: 100) { count in
                for _ in 0..<count {
                    var reader = ByteReader(bytes)
                    sink &+= UInt64(try MetadataResponse(from: &reader, version: version).topics.count)
                }
            },
        ]
    }

    /// The overhead of waiting for a response: the loop's thread resumes a task.
    private static func handOvers() throws -> [Operation] {
        let loop = try EventLoop(name: "benchmark")
        @Sendable func round() async {
            await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
        }
        return [
            Operation(name: "hand-over-loop-to-task-and-back") { count in
                for _ in 0..<count { await round() }
            },
            Operation(name: "hand-over-within-the-loop") { count in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask(executorPreference: loop) { for _ in 0..<count { await round() } }
                }
            },
        ]
    }
}

/// A batch that is replaced when it is full.
private final class OpenBatch {
    private static let size = 256 << 10
    @exclusivity(unchecked) var records = RecordBatchBuilder(initialCapacity: OpenBatch.size)

    func append(_ key: Bytes, _ value: Bytes, _ timestamp: Int64) throws {
        while try !self.records.append(
            key: key, value: value, headers: [], timestamp: timestamp, limit: Self.size)
        { self.records = RecordBatchBuilder(initialCapacity: Self.size) }
    }
}

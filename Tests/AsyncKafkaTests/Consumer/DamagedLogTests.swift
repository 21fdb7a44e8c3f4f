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
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Logs with batches or records that are damaged or missing.
@Suite(.timeLimit(.minutes(1))) struct DamagedLogTests {
    private let clock = TestClock()
    private let partition = TopicPartition("t", 0)

    /// Runs `body` with a consumer of topic `t`, whose log contains these batches.
    private func withLog(
        _ batches: [Bytes], _ configure: (inout ConsumerConfiguration) -> Void = { _ in },
        _ body: (KafkaConsumer) async throws -> Void
    ) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.store(batches, in: "t")
            var configuration = kafka.consuming()
            configure(&configuration)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition], body)
        }
    }

    /// Reads records until an error is thrown. Returns the records' values and the error.
    private func readUntilFailure(_ consumer: KafkaConsumer) async throws -> (read: [String], failure: KafkaError) {
        var read: [String] = []
        do throws(KafkaError) {
            for try await record in consumer.records { read.append(record.text) }
        } catch {
            return (read, error)
        }
        throw KafkaError(.illegalState, "The loop ended without an error.")
    }

    private func next(_ count: Int, from consumer: KafkaConsumer) async throws -> [String] {
        var read: [String] = []
        for try await record in consumer.records {
            read.append(record.text)
            if read.count == count { break }
        }
        return read
    }

    @Test func aWrongChecksumIsAnErrorWithItsOffsetAndSeekSkipsIt() async throws {
        try await self.withLog([
            try LogBatch.records(["a", "b"], at: 0), LogBatch.damaged(try LogBatch.records(["c", "d"], at: 2)),
            try LogBatch.records(["e"], at: 4),
        ]) { consumer in
            let first = try await self.readUntilFailure(consumer)
            #expect(first.read == ["a", "b"])
            #expect(first.failure.code == .corruptRecord)
            #expect(first.failure.topic == "t" && first.failure.partition == 0)
            #expect(first.failure.message.contains("offset 2"))
            // The error names the offset to seek to.
            #expect(first.failure.message.contains("4"))
            // Nothing is skipped automatically, however often the reader asks.
            let again = try await self.readUntilFailure(consumer)
            #expect(again.read == [])
            #expect(again.failure.code == .corruptRecord)
            let position = try await consumer.position(of: self.partition)
            #expect(position == 2)

            try await consumer.seek(self.partition, to: .offset(4))
            let rest = try await self.next(1, from: consumer)
            #expect(rest == ["e"])
        }
    }

    @Test func withoutTheCheckARecordIsReadAsItIs() async throws {
        try await self.withLog(
            [LogBatch.damaged(try LogBatch.records(["c"], at: 0), at: 61 + 6)], { $0.checkCRCs = false }
        ) { consumer in
            let read = try await self.next(1, from: consumer)
            #expect(read.count == 1)
            #expect(read != ["c"])
        }
    }

    /// The codecs that the package's traits include in this build.
    private static let codecs = [Compression.gzip, .snappy, .lz4, .zstd].filter { compression in
        (try? LogBatch.records(["a"], at: 0, compression: compression)) != nil
    }

    @Test(arguments: Self.codecs)
    func damagedCompressedBytesAreAnErrorWithTheirOffset(compression: Compression) async throws {
        let values = (0..<50).map { "value \($0 % 7)" }
        // The checksum covers the damaged bytes, so only the codec can detect the damage.
        let batch = LogBatch.withChecksum(
            LogBatch.damaged(try LogBatch.records(values, at: 0, compression: compression), at: 61 + 2))
        try await self.withLog([batch, try LogBatch.records(["e"], at: 50)]) { consumer in
            let first = try await self.readUntilFailure(consumer)
            #expect(first.read == [])
            #expect(first.failure.code == .corruptRecord)
            #expect(first.failure.message.contains("offset 0"))
            try await consumer.seek(self.partition, to: .offset(50))
            let rest = try await self.next(1, from: consumer)
            #expect(rest == ["e"])
        }
    }

    @Test func aBatchThatDecompressesToMoreThanIsAllowedIsRefused() async throws {
        let bomb = try LogBatch.records([String(repeating: "0", count: 1 << 20)], at: 0, compression: .gzip)
        #expect(bomb.count < 10_000)
        try await self.withLog([bomb, try LogBatch.records(["e"], at: 1)], { $0.maxDecompressedBatchBytes = 100_000 }) {
            let first = try await self.readUntilFailure($0)
            #expect(first.failure.code == .corruptRecord)
            #expect(first.failure.message.contains("100000") || first.failure.message.contains("100,000"))
            try await $0.seek(self.partition, to: .offset(1))
            let rest = try await self.next(1, from: $0)
            #expect(rest == ["e"])
        }
    }

    @Test func pollKeepsWhatItHasWhenTheNextBatchCannotBeRead() async throws {
        try await self.withLog([
            try LogBatch.records(["a", "b"], at: 0), LogBatch.damaged(try LogBatch.records(["c"], at: 2)),
        ]) { consumer in
            let good = try await consumer.poll(timeout: .seconds(30))
            #expect(good.map(\.text) == ["a", "b"])
            let failure = await #expect(throws: KafkaError.self) { try await consumer.poll(timeout: .seconds(30)) }
            #expect(failure?.code == .corruptRecord)
            let position = try await consumer.position(of: self.partition)
            #expect(position == 2)
        }
    }

    @Test func batchesEmptiedByCompactionAreSkipped() async throws {
        try await self.withLog([
            try LogBatch.compactedAway(from: 0, to: 9), try LogBatch.records(["a"], at: 10),
            try LogBatch.compactedAway(from: 11, to: 19), try LogBatch.compactedAway(from: 20, to: 29),
            try LogBatch.records(["b"], at: 30), try LogBatch.compactedAway(from: 31, to: 39),
        ]) { consumer in
            let read = try await self.next(2, from: consumer)
            #expect(read == ["a", "b"])
            // This includes the last one, although no record follows it.
            let nothing = try await consumer.poll(timeout: .milliseconds(200))
            #expect(nothing.isEmpty)
            let position = try await consumer.position(of: self.partition)
            #expect(position == 40)
            let lag = try consumer.lag(of: self.partition)
            #expect(lag == 0)
        }
    }

    @Test func aRecordWithInconsistentLengthsIsAnErrorAfterTheValidOnes() async throws {
        // The length of the second record exceeds the batch.
        let batch = try LogBatch.records(["a", "b"], at: 0)
        var bytes = Array(batch)
        bytes[bytes.count - 8] = 0x7E
        try await self.withLog([LogBatch.withChecksum(Bytes(bytes)), try LogBatch.records(["e"], at: 2)]) { consumer in
            let first = try await self.readUntilFailure(consumer)
            #expect(first.read == ["a"])
            #expect(first.failure.code == .corruptRecord)
            let position = try await consumer.position(of: self.partition)
            #expect(position == 1)
            try await consumer.seek(self.partition, to: .offset(2))
            let rest = try await self.next(1, from: consumer)
            #expect(rest == ["e"])
        }
    }

    @Test func aBatchsNextOffsetStaysBeforeARecordThatCannotBeRead() async throws {
        let batch = try LogBatch.records(["a", "b"], at: 0)
        var bytes = Array(batch)
        bytes[bytes.count - 8] = 0x7E
        try await self.withLog([LogBatch.withChecksum(Bytes(bytes))]) { consumer in
            var read: [String] = []
            var next: Int64?
            let failure = await #expect(throws: KafkaError.self) {
                for try await batch in consumer.batches {
                    for record in batch { read.append(record.text) }
                    next = batch.nextOffset.offset
                }
            }
            #expect(read == ["a"])
            #expect(next == 1)
            #expect(failure?.code == .corruptRecord)
        }
    }

    @Test func aRecordThatCannotBeReadDoesNotStopTheMaximumPollInterval() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            var bytes = Array(try LogBatch.records(["a", "b"], at: 0))
            bytes[bytes.count - 8] = 0x7E
            try await kafka.store([LogBatch.withChecksum(Bytes(bytes))], in: "t")
            var configuration = kafka.consuming("g")
            configuration.maxPollInterval = .seconds(2)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                let first = try await self.readUntilFailure(consumer)
                #expect(first.read == ["a"])
                let start = self.clock.now
                // No task reads any more, so the partitions have to go to another member.
                await kafka.untilRequests(of: .leaveGroup)
                #expect(self.clock.now - start == .seconds(2))
            }
        }
    }

    @Test func oneDamagedPartitionDoesNotKeepTheOthersFromBeingRead() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.store([LogBatch.damaged(try LogBatch.records(["c"], at: 0))], in: "t", partition: 0)
            try await kafka.store([try LogBatch.records(["a", "b"], at: 0)], in: "t", partition: 1)
            let both = [TopicPartition("t", 0), TopicPartition("t", 1)]
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: both) { consumer in
                var read: [String] = []
                var failures = 0
                while read.count < 2 {
                    do throws(KafkaError) {
                        for try await record in consumer.records {
                            read.append(record.text)
                            if read.count == 2 { break }
                        }
                    } catch {
                        #expect(error.partition == 0)
                        failures += 1
                        // A typical reaction: pause the partition until it has been examined.
                        try consumer.pause([TopicPartition("t", 0)])
                    }
                }
                #expect(read == ["a", "b"])
                #expect(failures <= 1)
            }
        }
    }

    @Test func anUnknownErrorCodeReachesTheReaderAndReadingContinues() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            let fault = kafka.rewrite(FetchRequest.self) { _, _, response in
                response.responses[0].partitions[0].errorCode = ErrorCode(rawValue: 12_345)
                response.responses[0].partitions[0].records = nil
            }
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition]) { consumer in
                let first = try await self.readUntilFailure(consumer)
                #expect(first.read == [])
                #expect(first.failure.code == .brokerError)
                #expect(first.failure.message.contains("12345"))
                #expect(first.failure.topic == "t" && first.failure.partition == 0)
                #expect(fault.hits == 1)
                let rest = try await self.next(3, from: consumer)
                #expect(rest == ["v0", "v1", "v2"])
            }
        }
    }
}

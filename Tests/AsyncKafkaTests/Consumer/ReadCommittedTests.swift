// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// Which records of transactions are read with `.readCommitted`. The tests write the logs and rewrite the
/// answers, to have any order of batches and markers.
@Suite(.timeLimit(.minutes(1))) struct ReadCommittedTests {
    private let partition = TopicPartition("t", 0)

    private func records(
        _ values: [String], of producer: Int64, at offset: Int64, sequence: Int32 = 0, compression: Compression = .none
    ) throws -> Bytes {
        try LogBatch.records(
            values, at: offset, producerID: producer, sequence: sequence, isTransactional: true,
            compression: compression)
    }

    /// Interleaved transactions of two producers: 7 aborts and then commits, 8 commits. One record is not
    /// transactional.
    private func log(_ compression: Compression = .none) throws -> [Bytes] {
        [
            try self.records(["7 aborted 0", "7 aborted 1"], of: 7, at: 0, compression: compression),
            try self.records(["8 committed 2"], of: 8, at: 2, compression: compression),
            try self.records(["7 aborted 3"], of: 7, at: 3, sequence: 2, compression: compression),
            LogBatch.marker(.abort, producerID: 7, at: 4),
            try LogBatch.records(["plain 5"], at: 5, compression: compression),
            try self.records(["7 committed 6"], of: 7, at: 6, sequence: 3, compression: compression),
            LogBatch.marker(.commit, producerID: 8, at: 7),
            try self.records(["8 aborted 8"], of: 8, at: 8, sequence: 1, compression: compression),
            LogBatch.marker(.commit, producerID: 7, at: 9),
            LogBatch.marker(.abort, producerID: 8, at: 10),
            try LogBatch.records(["plain 11"], at: 11, compression: compression),
        ]
    }

    /// Kafka never compresses markers, so a compressed one must not be decompressed.
    @Test func aCompressedMarkerIsAnError() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.store(
                [
                    try self.records(["7 committed"], of: 7, at: 0),
                    try LogBatch.compressedMarker(.commit, producerID: 7, at: 1, zeros: 4 << 20),
                    try LogBatch.records(["plain"], at: 2),
                ], in: "t")
            var configuration = kafka.consuming()
            configuration.isolationLevel = .readCommitted
            configuration.maxDecompressedBatchBytes = 1 << 20
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                let first = try await consumer.poll(max: 1, timeout: .seconds(30))
                #expect(first.map(\.text) == ["7 committed"])
                let error = await #expect(throws: KafkaError.self) {
                    _ = try await consumer.poll(timeout: .seconds(30))
                }
                #expect(error?.code == .corruptRecord)
                #expect(error?.message.contains("compressed") == true, "\(error?.message ?? "")")
                try await consumer.seek(self.partition, to: .offset(2))
                let last = try await consumer.poll(timeout: .seconds(30))
                #expect(last.map(\.text) == ["plain"])
            }
        }
    }

    private func texts(
        _ isolation: IsolationLevel, _ compression: Compression = .none,
        aborted: [AbortedTransaction] = [.seven, .eight], _ configure: (inout ConsumerConfiguration) -> Void = { _ in }
    ) async throws -> [String] {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.store(self.log(compression), in: "t")
            self.name(aborted, in: kafka)
            var configuration = kafka.consuming()
            configuration.isolationLevel = isolation
            configure(&configuration)
            return try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                var texts: [String] = []
                for try await record in consumer.records {
                    texts.append(record.text)
                    if record.text == "plain 11" { break }
                }
                return texts
            }
        }
    }

    /// Makes the broker list those of these transactions, in this order, that overlap the returned records.
    private func name(_ aborted: [AbortedTransaction], in kafka: EmbeddedKafka) {
        kafka.rewrite(FetchRequest.self, times: nil) { request, _, response in
            guard request.isolationLevel == 1, let bytes = response.responses.first?.partitions[0].records?.first,
                let first = try? LogBatch.parsed(bytes)
            else { return }
            response.responses[0].partitions[0].abortedTransactions = aborted.filter { $0.marker >= first.baseOffset }
                .map { aborted in
                    var transaction = FetchResponse.AbortedTransaction()
                    transaction.producerId = aborted.producer
                    transaction.firstOffset = aborted.first
                    return transaction
                }
        }
    }

    private let committed = ["8 committed 2", "plain 5", "7 committed 6", "plain 11"]

    @Test(arguments: [Compression.none, .gzip])
    func recordsOfAbortedTransactionsAreNotSeen(compression: Compression) async throws {
        let texts = try await self.texts(.readCommitted, compression)
        #expect(texts == self.committed)
    }

    @Test func theListOfAbortedTransactionsNeedNotBeInOrder() async throws {
        let texts = try await self.texts(.readCommitted, aborted: [.eight, .seven])
        #expect(texts == self.committed)
    }

    @Test func readUncommittedReturnsEverythingExceptMarkers() async throws {
        let texts = try await self.texts(.readUncommitted)
        #expect(texts.count == 8)
        #expect(texts.contains("7 aborted 3") && texts.contains("8 aborted 8"))
    }

    @Test func anAbortedTransactionAcrossManyFetchesIsHiddenInAll() async throws {
        // One batch per fetch.
        let texts = try await self.texts(.readCommitted) {
            $0.maxPartitionFetchBytes = 1
            $0.fetchMaxBytes = 1
        }
        #expect(texts == self.committed)
    }

    @Test func theCommittedOffsetMovesPastHiddenRecords() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            // The log ends with an aborted transaction, of which nothing is delivered.
            try await kafka.store(
                [
                    try LogBatch.records(["plain 0"], at: 0), try self.records(["7 aborted 1"], of: 7, at: 1),
                    LogBatch.marker(.abort, producerID: 7, at: 2),
                ], in: "t")
            self.name([AbortedTransaction(producer: 7, first: 1, marker: 2)], in: kafka)
            var configuration = kafka.consuming("g")
            configuration.isolationLevel = .readCommitted
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                let records = try await consumer.poll(timeout: .seconds(30))
                #expect(records.map(\.text) == ["plain 0"])
                let nothing = try await consumer.poll(timeout: .milliseconds(200))
                #expect(nothing.isEmpty)
                let lag = try consumer.lag(of: self.partition)
                #expect(lag == 0)
            }
            // Otherwise automatic commits would leave a permanent lag.
            let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
            #expect(committed == 3)
        }
    }

    @Test func aDamagedMarkerIsAnErrorAndAbortedRecordsStayHidden() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.store(
                [
                    try self.records(["7 aborted 0"], of: 7, at: 0),
                    LogBatch.damaged(LogBatch.marker(.abort, producerID: 7, at: 1)),
                    try LogBatch.records(["plain 2"], at: 2),
                ], in: "t")
            self.name([AbortedTransaction(producer: 7, first: 0, marker: 1)], in: kafka)
            var configuration = kafka.consuming()
            configuration.isolationLevel = .readCommitted
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                let failure = await #expect(throws: KafkaError.self) {
                    for try await record in consumer.records { Issue.record("\(record.text) was handed out") }
                }
                #expect(failure?.code == .corruptRecord)
                #expect(failure?.message.contains("offset 1") == true)
                try await consumer.seek(self.partition, to: .offset(2))
                let record = try await consumer.nextRecord()
                #expect(record?.text == "plain 2")
            }
        }
    }
}

private struct AbortedTransaction {
    var producer: Int64
    var first: Int64
    var marker: Int64

    static let seven = AbortedTransaction(producer: 7, first: 0, marker: 4)
    static let eight = AbortedTransaction(producer: 8, first: 8, marker: 10)
}

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

/// Offsets without records after the last record. Unless commits cover them, the lag never reaches zero.
@Suite(.timeLimit(.minutes(1))) struct TrailingOffsetsTests {
    enum Reading: CaseIterable { case records, batches, polled }

    private func configuration(_ kafka: EmbeddedKafka) -> ConsumerConfiguration {
        var configuration = kafka.consuming("g")
        configuration.enableAutoCommit = false
        configuration.autoCommitInterval = .milliseconds(200)
        return configuration
    }

    /// Two records in a batch whose header still covers removed ones.
    private func withCompactedEnd() throws -> Bytes {
        var bytes = Array(try LogBatch.records(["a", "b"], at: 0))
        withUnsafeBytes(of: Int32(4).bigEndian) { bytes.replaceSubrange(23..<27, with: $0) }
        return LogBatch.withChecksum(Bytes(bytes))
    }

    /// Reads all records with a commit after each element, and stops after the last.
    private func read(_ reading: Reading, until text: String, from consumer: KafkaConsumer) async throws {
        switch reading {
        case .records:
            for try await record in consumer.records {
                try await consumer.commit()
                if record.text == text { break }
            }
        case .batches:
            for try await batch in consumer.batches {
                try await consumer.commit()
                if batch.contains(where: { $0.text == text }) { break }
            }
        case .polled:
            while true {
                let records = try await consumer.poll(max: 1, timeout: .seconds(20))
                try await consumer.commit()
                if records.contains(where: { $0.text == text }) { break }
            }
        }
    }

    @Test(arguments: Reading.allCases, [true, false])
    func aCommitOfTheLastRecordCoversTheMarkersAfterIt(reading: Reading, isSubscribed: Bool) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.store(
                [
                    try LogBatch.records(["a", "b"], at: 0, producerID: 7, isTransactional: true),
                    LogBatch.marker(.commit, producerID: 7, at: 2),
                    LogBatch.marker(.commit, producerID: 8, at: 3),
                ], in: "t")
            let consumer = try KafkaConsumer(self.configuration(kafka))
            if isSubscribed {
                try consumer.subscribe(to: ["t"])
            } else {
                try consumer.assign([TopicPartition("t", 0)])
            }
            let run = Task { try await consumer.run() }
            try await self.read(reading, until: "b", from: consumer)
            let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
            #expect(committed == 4)
            let lag = try consumer.lag(of: TopicPartition("t", 0))
            #expect(lag == 0)
            run.cancel()
            try await run.value
        }
    }

    @Test(arguments: Reading.allCases)
    func aCommitOfTheLastRecordCoversTheCompactedOffsetsAfterIt(reading: Reading) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.store([try self.withCompactedEnd(), try LogBatch.compactedAway(from: 5, to: 9)], in: "t")
            try await KafkaConsumer.withConsumer(self.configuration(kafka), subscribedTo: ["t"]) { consumer in
                try await self.read(reading, until: "b", from: consumer)
            }
            let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
            #expect(committed == 10)
        }
    }

    @Test func aCommitDoesNotCoverUndeliveredRecords() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.store(
                [
                    try LogBatch.records(["a", "b"], at: 0, producerID: 7, isTransactional: true),
                    LogBatch.marker(.commit, producerID: 7, at: 2), try LogBatch.records(["c"], at: 3),
                ], in: "t")
            try await KafkaConsumer.withConsumer(self.configuration(kafka), subscribedTo: ["t"]) { consumer in
                for try await record in consumer.records {
                    try await consumer.commit()
                    let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
                    #expect(committed == (record.text == "a" ? 1 : record.text == "b" ? 3 : 4))
                    if record.text == "c" { break }
                }
            }
        }
    }

    @Test(arguments: [true, false])
    func aCommitMovesPastMarkersThatArriveLater(isOfARecord: Bool) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.store(
                [try LogBatch.records(["a", "b"], at: 0, producerID: 7, isTransactional: true)], in: "t")
            let events = EventLog()
            let configuration = self.configuration(kafka)
            let reader = Task {
                try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                    for try await record in consumer.records {
                        if isOfARecord { try await consumer.commit(record) } else { try await consumer.commit() }
                        events.add(record.text)
                    }
                }
            }
            await events.until("b")
            let before = kafka.requests.count { $0.api == .offsetCommit }
            try await kafka.store([LogBatch.marker(.commit, producerID: 7, at: 2)], in: "t")
            await kafka.untilRequests(of: .offsetCommit, count: before + 1)
            reader.cancel()
            _ = await reader.result
            let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
            #expect(committed == 3)
        }
    }
}

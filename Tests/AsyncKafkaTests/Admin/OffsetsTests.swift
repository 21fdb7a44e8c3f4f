// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// Looking up offsets, on the embedded broker.
@Suite(.timeLimit(.minutes(1))) struct OffsetsTests {
    private let clock = TestClock()

    private func withAdmin(
        maxVersions: [EmbeddedKafka.API: Int16] = [:],
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaAdminClient) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 3)
        configuration.maxVersions = maxVersions
        try await self.clock.withAdminClient(configuration) { kafka, admin in
            try await kafka.createTopic("t", partitions: 8)
            try await body(kafka, admin)
        }
    }

    @Test func offsetsAreLookedUpByPlaceAndByTime() async throws {
        try await self.withAdmin { kafka, admin in
            try await KafkaProducer.withProducer(ProducerConfiguration(admin.cluster.configuration)) { producer in
                for partition in 0..<Int32(8) {
                    for milliseconds in [Int64(1000), 3000, 2000] {
                        var record = ProducerRecord(topic: "t", partition: partition, value: "x")
                        record.timestamp = Timestamp(millisecondsSince1970: milliseconds)
                        _ = try await producer.send(record)
                    }
                }
            }
            try await admin.deleteRecords([TopicPartition("t", 0): .before(1)]).allSucceeded()
            let specs: [OffsetSpec] = [
                .earliest, .latest, .timestamp(Timestamp(millisecondsSince1970: 1500)),
                .timestamp(Timestamp(millisecondsSince1970: 9000)), .maxTimestamp, .earliestLocal, .latestTiered,
                .age(.seconds(1)),
            ]
            let pairs = specs.enumerated().map { (TopicPartition("t", Int32($0)), $1) }
            let found = try await admin.listOffsets(Dictionary(uniqueKeysWithValues: pairs)).allSucceeded()
            #expect(pairs.map { found[$0.0]??.offset } == [1, 3, 1, nil, 1, 0, nil, nil])
            let times = pairs.map { found[$0.0]??.timestamp?.millisecondsSince1970 }
            #expect(times == [nil, nil, 3000, nil, 3000, nil, nil, nil])
            let error = await admin.listOffsets([
                TopicPartition("t", 0): .timestamp(Timestamp(millisecondsSince1970: -1))
            ])[TopicPartition("t", 0)]?.failure
            #expect(error?.code == .invalidArgument)
        }
    }

    /// An older broker would take the number for a timestamp.
    @Test func whatABrokerDoesNotKnowIsAnErrorThatNamesTheRelease() async throws {
        try await self.withAdmin(maxVersions: [.listOffsets: 6]) { _, admin in
            let specs: [(OffsetSpec, String)] = [
                (.maxTimestamp, "3.0"), (.earliestLocal, "3.5"), (.latestTiered, "3.9"),
                (.earliestPendingUpload, "4.2"),
            ]
            for (spec, release) in specs {
                let results = await admin.listOffsets([TopicPartition("t", 0): .latest, TopicPartition("t", 1): spec])
                #expect(try results[TopicPartition("t", 0)]?.get()?.offset == 0)
                let error = try #require(results[TopicPartition("t", 1)]?.failure)
                #expect(error.code == .unsupportedVersion && error.partition == 1)
                #expect(error.message.contains("Kafka \(release)"))
            }
        }
    }
}

// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// Records that were stored before Kafka 0.10 have no timestamps, so a broker can't look them up by time.
@Suite(.timeLimit(.minutes(1))) struct OldMessageFormatTests {
    private func withKafka(_ body: (EmbeddedKafka) async throws -> Void) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            for partition in [0, 1] as [Int32] { try await kafka.fill("t", partition: partition, 1) }
            kafka.rewrite(ListOffsetsRequest.self, times: nil) { request, _, response in
                let isByTime = request.topics.contains { $0.partitions.contains { $0.timestamp >= 0 } }
                guard isByTime else { return }
                for topic in response.topics.indices {
                    for index in response.topics[topic].partitions.indices
                    where response.topics[topic].partitions[index].partitionIndex == 1 {
                        response.topics[topic].partitions[index].errorCode = .unsupportedForMessageFormat
                        response.topics[topic].partitions[index].offset = -1
                    }
                }
            }
            try await body(kafka)
        }
    }

    @Test func aLookUpByTimestampFindsNothingAndOtherPartitionsAreAnswered() async throws {
        try await self.withKafka { kafka in
            let partitions = [TopicPartition("t", 0), TopicPartition("t", 1)]
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: partitions) { consumer in
                let time = Timestamp(millisecondsSince1970: 1)
                let found = try await consumer.offsets(for: [partitions[0]: time, partitions[1]: time])
                #expect(found.mapValues(\.offset) == [partitions[0]: 0])
            }
        }
    }

    @Test func aPositionByAgeIsAtTheEnd() async throws {
        try await self.withKafka { kafka in
            var configuration = kafka.consuming()
            configuration.autoOffsetReset = .byDuration(.seconds(3600))
            let partition = TopicPartition("t", 1)
            try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) { consumer in
                let position = try await consumer.position(of: partition)
                #expect(position == 1)
            }
        }
    }
}

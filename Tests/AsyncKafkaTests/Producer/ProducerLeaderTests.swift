// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A producer while leaders move, brokers stop and come back, and topics are recreated.
@Suite(.timeLimit(.minutes(2))) struct ProducerLeaderTests {
    private func record(_ number: Int) -> ProducerRecord { ProducerRecord(topic: "t", value: "\(number)") }

    @Test func aMovedLeaderIsFollowedAndTheOrderKept() async throws {
        try await EmbeddedKafka.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            try await KafkaProducer.withProducer(kafka.producing { $0.batchSize = 1024 }) { producer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for round in 0..<10 {
                            try await kafka.moveLeader(of: "t", partition: 0, to: round % 3 + 1)
                            _ = try await producer.send(
                                ProducerRecord(topic: "t", partition: 0, key: "mark", value: "mark"))
                        }
                    }
                    for number in 0..<5000 { try await producer.enqueue(self.record(number)) }
                    try await group.waitForAll()
                }
            }
            let values = try await kafka.values("t").filter { $0 != "mark" }
            #expect(values == (0..<5000).map { "\($0)" })
        }
    }

    @Test func aStoppedBrokersPartitionsAreWrittenToTheNextLeader() async throws {
        try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", replicationFactor: 2)
            try await KafkaProducer.withProducer(kafka.producing { $0.batchSize = 1024 }) { producer in
                for number in 0..<1000 { try await producer.enqueue(self.record(number)) }
                let leader = try #require(try await kafka.leader(of: "t", partition: 0))
                try await kafka.stopBroker(leader)
                for number in 1000..<2000 { try await producer.enqueue(self.record(number)) }
                try await producer.flush()
            }
            let values = try await kafka.values("t")
            #expect(values == (0..<2000).map { "\($0)" })
        }
    }

    /// Metadata forgets a topic that is unused for five minutes. The producer still knows a leader, which has stopped.
    @Test func recordsOfATopicThatMetadataHasForgottenGoToTheNextLeader() async throws {
        try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", replicationFactor: 2)
            let configuration = kafka.producing {
                $0.cluster.requestTimeout = .seconds(5)
                $0.deliveryTimeout = .seconds(15)
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.send(self.record(0))
                let cluster = producer.sender.cluster
                cluster.metadataState.withLock { metadata in
                    // As a refresh in some minutes would do.
                    let asked = metadata.begin(now: cluster.loop.now + .seconds(301))
                    let update = MetadataUpdate(brokers: Array(metadata.snapshot.brokers.values))
                    _ = metadata.succeeded(update, asked: asked, now: cluster.loop.now) { _ in .zero }
                }
                let leader = try #require(try await kafka.leader(of: "t", partition: 0))
                try await kafka.stopBroker(leader)
                let stored = try await producer.send(self.record(1))
                #expect(stored.offset == 1)
            }
        }
    }

    @Test func aBrokerThatComesBackGetsTheWaitingRecords() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.send(self.record(0))
                try await kafka.stopBroker(1)
                let delivery = try await producer.enqueue(self.record(1))
                try await kafka.startBroker(1)
                let metadata = try await delivery.metadata
                #expect(metadata.offset == 1)
            }
        }
    }

    /// librdkafka 1.9.0: a broker that has just started briefly answers that the topic doesn't exist. The client forgot
    /// the sequence and began again at 0, so the broker dropped new records as duplicates.
    @Test func sequencesSurviveATopicThatIsBrieflyMissingFromMetadata() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                for number in 0..<3 { _ = try await producer.send(self.record(number)) }
                let unknown = kafka.rewrite(MetadataRequest.self) { _, _, response in
                    for index in response.topics.indices {
                        response.topics[index].errorCode = .unknownTopicOrPartition
                        response.topics[index].partitions = []
                    }
                }
                kafka.inject(.fail(.notLeaderOrFollower), on: .produce)
                for number in 3..<6 {
                    let metadata = try await producer.send(self.record(number))
                    #expect(metadata.offset == Int64(number))
                }
                #expect(unknown.hits == 1)
            }
            let values = try await kafka.values("t")
            #expect(values == (0..<6).map { "\($0)" })
        }
    }

    @Test func aRecreatedTopicIsWrittenTo() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                for number in 0..<3 { _ = try await producer.send(self.record(number)) }
                try await kafka.deleteTopic("t")
                try await kafka.createTopic("t", partitions: 2)
                let metadata = try await producer.send(self.record(3))
                #expect(metadata.offset == 0)
            }
        }
    }

    @Test func aRecreatedTopicBeginsItsSequencesAgain() async throws {
        let sequences = Lock<[Int32]>([])
        // Otherwise the producer's metadata request might recreate the topic before the test does.
        var broker = EmbeddedKafka.Configuration()
        broker.createTopicsAutomatically = false
        try await EmbeddedKafka.withCluster(broker) { kafka in
            try await kafka.createTopic("t")
            let configuration = kafka.producing { $0.cluster.metadataMaxAge = .milliseconds(100) }
            try await KafkaProducer.withProducer(configuration) { producer in
                for number in 0..<3 { _ = try await producer.send(self.record(number)) }
                try await kafka.deleteTopic("t")
                try await kafka.createTopic("t")
                // The producer learns of the new topic.
                kafka.forgetRequests()
                await kafka.untilRequests(of: .metadata, count: 3)
                kafka.rewrite(ProduceRequest.self, times: nil) { request, _, response in
                    guard response.responses.first?.partitionResponses.first?.errorCode == ErrorCode.none,
                        let bytes = request.topicData.first?.partitionData.first?.records?.first,
                        let batch = try? LogBatch.parsed(bytes)
                    else { return }
                    sequences.withLock { $0.append(batch.baseSequence) }
                }
                for number in 3..<6 {
                    let metadata = try await producer.send(self.record(number))
                    #expect(metadata.offset == Int64(number - 3))
                }
            }
        }
        let seen = sequences.withLock { $0 }
        #expect(seen == [0, 1, 2])
    }
}

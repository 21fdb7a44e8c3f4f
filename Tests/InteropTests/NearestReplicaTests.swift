// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaTestSupport
import Testing

extension InteropTests {
    /// Reading from a follower in the consumer's rack (KIP-392), with Kafka's own replica selector.
    @Suite(.timeLimit(.minutes(10)), .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"))
    struct NearestReplica {
        /// The API doesn't reveal which broker records come from. While the leader hangs and has not been replaced,
        /// they can only come from the follower.
        @Test func recordsAreReadFromTheReplicaInTheConsumersRackOrElseFromTheLeader() async throws {
            guard let newest = RealKafka.newest else { return }
            // A leader is replaced after six seconds, so none is elected while it hangs.
            let patience = ["broker.session.timeout.ms": "6000"]
            try await RealCluster.withCluster(newest, brokers: 3, settings: patience, racks: ["a", "b", "c"]) { kafka in
                let cluster = TestCluster.real(kafka)
                let topic = try await cluster.createTopic("nearest")
                let partition = TopicPartition(topic, 0)
                let leader = try #require(try await kafka.leaders(of: topic).first)
                let follower = leader % 3 + 1
                let half = 1000
                let records = (0..<2 * half).map { ProducerRecord(topic: topic, value: "\($0)") }
                try await cluster.produce(Array(records[..<half]))
                var configuration = cluster.consumer()
                configuration.cluster.rack = ["a", "b", "c"][follower - 1]

                let read = try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) { consumer in
                    // Now the follower knows that all of these are committed.
                    var read = try await consumer.read(half)

                    await kafka.pause(leader)
                    try await consumer.seek(partition, to: .offset(0))
                    let again = try await consumer.read(half)
                    let known = try await BrokerProbe(port: kafka.port(of: follower)).metadata(of: [topic])
                    await kafka.resume(leader)
                    #expect(known.topics[topic]?.partitions.first.map { Int($0.leader) } == leader)
                    #expect(again.map(\.offset) == read.map(\.offset))

                    await kafka.kill(follower)
                    // These are acknowledged and readable only after the follower has been removed from the in-sync
                    // replicas.
                    async let rest = cluster.produce(Array(records[half...]))
                    read += try await consumer.read(half)
                    _ = try await rest
                    return read
                }
                #expect(read.map(\.offset) == Array(0..<Int64(2 * half)))
                #expect(read.map(\.text) == (0..<2 * half).map { "\($0)" })
            }
        }
    }
}

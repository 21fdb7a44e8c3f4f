// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A broker that a consumer is connected to stops permanently or hangs. The consumer moves to the brokers that have
/// taken over, without waiting for its timeouts, which are longer than the time limit of the tests.
@Suite(.timeLimit(.minutes(1))) struct DeadBrokerTests {
    private let clock = TestClock()
    private func patient(_ kafka: EmbeddedKafka, _ group: String? = nil) -> ConsumerConfiguration {
        var configuration = kafka.consuming(group)
        configuration.cluster.requestTimeout = .seconds(600)
        configuration.cluster.apiTimeout = .seconds(600)
        configuration.classic.sessionTimeout = .seconds(600)
        configuration.enableAutoCommit = false
        return configuration
    }

    /// Lets brokers name a dead coordinator three times, as they do until its session with the controller ends.
    private func rememberCoordinator(_ coordinator: Int, in kafka: EmbeddedKafka) -> EmbeddedKafka.InjectedFault {
        let port = kafka.bootstrapServers[coordinator - 1].split(separator: ":").last.flatMap { Int32($0) } ?? 1
        return kafka.rewrite(FindCoordinatorRequest.self, times: 3) { _, _, response in
            for index in response.coordinators.indices {
                response.coordinators[index].nodeId = Int32(coordinator)
                response.coordinators[index].host = "127.0.0.1"
                response.coordinators[index].port = port
            }
        }
    }

    @Test func recordsOfADeadBrokerAreReadFromTheNextLeader() async throws {
        try await self.clock.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            try await kafka.fill("t", 5)
            let leader = try #require(try await kafka.leader(of: "t", partition: 0))
            try await KafkaConsumer.withConsumer(self.patient(kafka), assigned: [TopicPartition("t", 0)]) { consumer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    var read: [String] = []
                    for try await record in consumer.records {
                        read.append("\(record.offset) \(record.text)")
                        if read.count == 10 { break }
                        guard read.count == 5 else { continue }
                        group.addTask {
                            // The other brokers still name the dead leader.
                            let outdated = kafka.rewrite(MetadataRequest.self, times: nil) { _, _, response in
                                for topic in response.topics.indices {
                                    for partition in response.topics[topic].partitions.indices {
                                        response.topics[topic].partitions[partition].leaderId = Int32(leader)
                                        response.topics[topic].partitions[partition].leaderEpoch -= 1
                                    }
                                }
                            }
                            kafka.forgetRequests()
                            try await kafka.stopBroker(leader)
                            await kafka.untilRequests(of: .metadata, count: 3)
                            outdated.remove()
                            try await kafka.fill("t", 5)
                        }
                    }
                    try await group.waitForAll()
                    #expect(read == (0..<10).map { "\($0) v\($0 % 5)" })
                }
            }
        }
    }

    @Test func aGroupOfADeadCoordinatorContinuesAtTheNextOne() async throws {
        try await self.clock.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            try await kafka.fill("t", 5)
            try await KafkaConsumer.withConsumer(self.patient(kafka, "g"), subscribedTo: ["t"]) { consumer in
                var records = consumer.records.makeAsyncIterator()
                let first = try await records.next()
                try await consumer.commit(#require(first))
                let coordinator = try #require(try await kafka.coordinator(ofGroup: "g"))
                let outdated = self.rememberCoordinator(coordinator, in: kafka)
                try await kafka.stopBroker(coordinator)
                kafka.forgetRequests()
                let second = try await records.next()
                #expect(second?.offset == 1)
                try await consumer.commit(#require(second))
                let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
                #expect(committed == 2)
                #expect(outdated.hits == 3)
                // Its heartbeats move there, too.
                await kafka.untilRequests { $0.contains { $0.api == .heartbeat && $0.broker != coordinator } }
            }
        }
    }

    @Test func aGroupOfADeadCoordinatorCanBeJoinedAtTheNextOne() async throws {
        try await self.clock.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            try await kafka.fill("t", 5)
            let coordinator = try #require(try await kafka.coordinator(ofGroup: "g"))
            let outdated = self.rememberCoordinator(coordinator, in: kafka)
            try await kafka.stopBroker(coordinator)
            try await KafkaConsumer.withConsumer(self.patient(kafka, "g"), subscribedTo: ["t"]) { consumer in
                let record = try await consumer.nextRecord()
                #expect(record?.offset == 0 && record?.text == "v0")
            }
            #expect(outdated.hits == 3)
        }
    }

    @Test func heartbeatsMoveFromAHangingCoordinatorWithinTheSession() async throws {
        try await self.clock.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            try await kafka.fill("t", 5)
            var configuration = self.patient(kafka, "g")
            configuration.classic.sessionTimeout = .seconds(9)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                for try await _ in consumer.records { break }
                let coordinator = try #require(try await kafka.coordinator(ofGroup: "g"))
                let next = try #require(kafka.brokerIDs.first { $0 != coordinator })
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.hold(hold), on: .heartbeat, broker: coordinator, times: nil)
                await hold.untilHeld()
                let start = self.clock.now
                try await kafka.moveCoordinator(ofGroup: "g", to: next)
                await kafka.untilRequests { $0.contains { $0.api == .heartbeat && $0.broker == next } }
                // A heartbeat waits for a third of the session.
                let passed = self.clock.now - start
                #expect(passed >= .seconds(3) && passed < .seconds(4), "\(passed)")
                hold.release()
            }
        }
    }
}

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

/// A call whose items go to the controller. An item is the name of a topic to create.
private struct CreateTopicsCall: Call {
    typealias Request = CreateTopicsRequest

    var doing: String { "creating topics" }

    func destination(of topic: String) -> Destination { .controller }

    func request(for topics: [String], to recipient: Recipient) throws(KafkaError) -> CreateTopicsRequest {
        var request = CreateTopicsRequest()
        request.topics = topics.map { name in
            var topic = CreateTopicsRequest.CreatableTopic()
            topic.name = name
            topic.numPartitions = 1
            topic.replicationFactor = 1
            return topic
        }
        return request
    }

    func outcomes(
        of response: CreateTopicsResponse, to topics: [String], from recipient: Recipient
    ) -> [String: CallOutcome<KafkaServer>] {
        let outcomes = response.topics.map { topic -> (String, CallOutcome<KafkaServer>) in
            guard topic.errorCode != .none else { return (topic.name, .done(recipient.broker.server)) }
            return (topic.name, self.refused(topic.errorCode, topic.name, by: recipient, message: topic.errorMessage))
        }
        return Dictionary(outcomes) { $1 }
    }
}

@Suite(.timeLimit(.minutes(1))) struct ControllerTests {
    private let clock = TestClock()

    private func create(_ topics: [String], on cluster: Cluster) async throws -> [String: KafkaServer] {
        let results = await cluster.perform(
            CreateTopicsCall(), for: topics, deadline: cluster.loop.now + .seconds(60))
        return try results.mapValues { try $0.get() }
    }

    @Test func theControllerIsAskedOnceForAllItems() async throws {
        try await self.clock.withAdminOfThreeBrokers { kafka, cluster in
            let created = try await self.create(["a", "b"], on: cluster)
            #expect(created.keys.sorted() == ["a", "b"])
            #expect(Set(created.values.map(\.description)) == [kafka.bootstrapServers[0]])
            #expect(kafka.requests.count { $0.api == .createTopics } == 1)
            let existing = await #expect(throws: KafkaError.self) { try await self.create(["a"], on: cluster) }
            #expect(existing?.brokerCode == .topicAlreadyExists)
        }
    }

    @Test func aNewControllerIsLookedUpWhenTheOldOneIsGone() async throws {
        try await self.clock.withAdminOfThreeBrokers { kafka, cluster in
            _ = try await self.create(["a"], on: cluster)
            try await kafka.stopBroker(1)
            let created = try await self.create(["b"], on: cluster)
            #expect(created["b"]?.description == kafka.bootstrapServers[1])
        }
    }

    /// The broker lost the role; the metadata says so only later.
    @Test func aBrokerThatIsNoLongerTheControllerIsNotTheOnlyOneAsked() async throws {
        try await self.clock.withAdminOfThreeBrokers { kafka, cluster in
            _ = try await self.create(["a"], on: cluster)
            let refusal = kafka.inject(.fail(.notController), on: .createTopics, broker: 1, times: nil)
            let moved = Lock(false)
            kafka.rewrite(MetadataRequest.self, times: nil) { _, _, response in
                if moved.withLock({ $0 }) { response.controllerId = 3 }
            }
            async let created = self.create(["b"], on: cluster)
            while refusal.hits < 2 { try await self.clock.sleep(for: .milliseconds(50)) }
            moved.withLock { $0 = true }
            #expect(try await created["b"]?.description == kafka.bootstrapServers[2])
        }
    }
}

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

/// Members that take no part in a group don't delay it. The sessions are longer than the tests.
@Suite(.timeLimit(.minutes(2))) struct StandingInTheWayTests {
    private let clock = TestClock()

    private func patient(_ kafka: EmbeddedKafka) -> ConsumerConfiguration {
        var configuration = kafka.consuming("g")
        configuration.classic.sessionTimeout = .seconds(600)
        configuration.cluster.metadataMaxAge = .milliseconds(100)
        return configuration
    }

    /// Polls both until the second one has its partition.
    private func join(_ second: KafkaConsumer, beside first: KafkaConsumer) async throws {
        try await second.pollsUntil {
            _ = try await first.poll(timeout: .milliseconds(20))
            return !second.assignment.isEmpty
        }
    }

    @Test(arguments: [nil, "static"])
    func aMemberWhosePatternNoLongerMatchesDoesNotDelayTheOthers(instanceID: String?) async throws {
        try await self.clock.withBroker { kafka in
            for topic in ["a", "b"] { try await kafka.createTopic(topic) }
            var configuration = self.patient(kafka)
            configuration.groupInstanceID = instanceID
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: TopicPattern("a.*")) { first in
                try await first.pollsUntil { !first.assignment.isEmpty }
                try await kafka.deleteTopic("a")
                try await first.pollsUntil { first.assignment.isEmpty }
                try await KafkaConsumer.withConsumer(self.patient(kafka), subscribedTo: ["b"]) { second in
                    try await self.join(second, beside: first)
                    // The first member is still in the group, for topics created later.
                    try await kafka.createTopic("a2")
                    try await first.pollsUntil {
                        _ = try await second.poll(timeout: .milliseconds(20))
                        return first.assignment == [TopicPartition("a2", 0)]
                    }
                }
            }
        }
    }

    @Test func aMemberThatTurnsToAPatternWithoutMatchesDoesNotDelayTheOthers() async throws {
        try await self.clock.withBroker { kafka in
            for topic in ["a", "b"] { try await kafka.createTopic(topic) }
            try await KafkaConsumer.withConsumer(self.patient(kafka), subscribedTo: ["a"]) { first in
                try await first.pollsUntil { !first.assignment.isEmpty }
                try first.subscribe(toTopicsMatching: TopicPattern("none.*"))
                try await first.pollsUntil { first.assignment.isEmpty }
                try await KafkaConsumer.withConsumer(self.patient(kafka), subscribedTo: ["b"]) { second in
                    try await self.join(second, beside: first)
                }
            }
        }
    }

    @Test(arguments: [EmbeddedKafka.API.syncGroup, .heartbeat, .joinGroup])
    func aRefusedMemberRejoinsWithoutWaitingForItsOldID(refusing api: EmbeddedKafka.API) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let partitions = [TopicPartition("t", 0)]
            try await KafkaConsumer.withConsumer(self.patient(kafka), subscribedTo: ["t"]) { consumer in
                if api != .syncGroup { try await consumer.pollsUntil { consumer.assignment == partitions } }
                kafka.inject(.fail(.groupAuthorizationFailed), on: api)
                if api == .joinGroup { try consumer.subscribe(to: ["t", "u"]) }
                #expect(await consumer.failure()?.code == .authorizationFailed)
                try await consumer.pollsUntil { consumer.assignment.starts(with: partitions) }
            }
        }
    }

    @Test(arguments: [EmbeddedKafka.API.syncGroup, .joinGroup])
    func aMemberThatCannotStayLeavesTheGroupAtOnce(of api: EmbeddedKafka.API) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaConsumer.withConsumer(self.patient(kafka), subscribedTo: ["t"]) { consumer in
                if api == .joinGroup { try await consumer.pollsUntil { !consumer.assignment.isEmpty } }
                kafka.inject(.fail(.inconsistentGroupProtocol), on: api)
                if api == .joinGroup { try consumer.subscribe(to: ["t", "u"]) }
                #expect(await consumer.failure()?.brokerCode == .inconsistentGroupProtocol)
                // Its reader doesn't ask again, so no member has to wait for it.
                let start = self.clock.now
                try await self.clock.until { try await kafka.group("g")?.members.isEmpty == true }
                #expect(self.clock.now - start < .seconds(1))
            }
        }
    }
}

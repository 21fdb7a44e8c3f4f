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

/// Events in a group don't concern a consumer that has left it.
@Suite(.timeLimit(.minutes(1))) struct FormerMemberTests {
    private let clock = TestClock()
    private let zero = TopicPartition("t", 0)

    @Test func aFormerLeaderKeepsItsAssignedPartitionsWhenTheTopicGrows() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let log = EventLog()
            let listener = NotingListener(name: "a", log: log)
            var configuration = kafka.consuming("g")
            configuration.cluster.metadataMaxAge = .milliseconds(100)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"], listener: listener) { consumer in
                try await consumer.pollsUntil { consumer.assignment == [self.zero] }
                try await consumer.unsubscribe()
                try consumer.assign([self.zero])
                kafka.forgetRequests()
                var topic = CreatePartitionsRequest.CreatePartitionsTopic()
                topic.name = "t"
                topic.count = 2
                topic.assignments = nil
                var request = CreatePartitionsRequest()
                request.topics = [topic]
                request.timeoutMs = 10_000
                let connection = try await consumer.core.cluster.connection(to: 1, deadline: consumer.core.apiDeadline)
                _ = try await connection.request(request, timeout: .seconds(10))
                try await consumer.pollsUntil { consumer.core.cluster.metadata.topics["t"]?.partitions.count == 2 }
                // A change of metadata has been processed when the next metadata is requested.
                let count = kafka.requests.count { $0.api == .metadata }
                try await consumer.pollsUntil { kafka.requests.count { $0.api == .metadata } > count + 2 }
                #expect(consumer.assignment == [self.zero])
                #expect(!kafka.requests.contains { $0.api == .joinGroup })
            }
            #expect(log.events == ["a assigning 0", "a assigned 0", "a revoking 0", "a revoked 0"])
        }
    }

    /// Chosen partitions of the same names have been assigned since.
    @Test(arguments: [false, true])
    func aStepThatComesTooLateTakesNothingFromPartitionsThatWereChosenSince(isLoss: Bool) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), assigned: [self.zero]) { consumer in
                let now = self.clock.now
                _ = consumer.core.state.withLock { $0.readerComes(now: now) }
                try await consumer.handover.perform(isLoss ? .lost([self.zero]) : .revoke([self.zero]), for: consumer)
                consumer.core.state.withLock { $0.readerGoes(now: now) }
                let records = try await consumer.poll(timeout: .seconds(20))
                #expect(records.map(\.text) == ["v0"])
            }
        }
    }

    /// The coordinator has given out a member id by then, and waits in each rebalance for the one who has it.
    @Test(arguments: [true, false])
    func aGroupThatIsLeftBeforeItAnswersWaitsForNobody(isJoinedAgain: Bool) async throws {
        try await self.clock.withBroker { kafka in
            for topic in ["t", "u"] { try await kafka.createTopic(topic) }
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.holdAnswer(hold), on: .joinGroup, times: 1)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                await hold.untilHeld()
                try await consumer.unsubscribe()
                if isJoinedAgain {
                    try consumer.subscribe(to: ["t"])
                    hold.release()
                    try await self.rebalance(consumer)
                } else {
                    hold.release()
                    try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { other in
                        try await self.rebalance(other)
                    }
                }
            }
        }
    }

    /// Has a member's group rebalance, which takes no time.
    private func rebalance(_ consumer: KafkaConsumer) async throws {
        try await consumer.pollsUntil { consumer.assignment == [self.zero] }
        let start = self.clock.now
        try consumer.subscribe(to: ["t", "u"])
        try await consumer.pollsUntil { consumer.assignment.count == 2 }
        #expect(self.clock.now - start < .seconds(10))
    }

    @Test func aChangeOfTopicsDoesNotMakeAConsumerAMember() {
        var machine = MembershipFixture.machine("stable")
        machine.topicsChanged(because: "partitions were added")
        #expect(machine.step == .revoke(MembershipFixture.partitions))
        _ = machine.leave(reason: "unsubscribed")
        machine.topicsChanged(because: "partitions were added")
        #expect(machine.nextRequest == nil)
    }

    @Test func aStepThatBeganBeforeAnUnsubscribeBringsNoPartitionsBack() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let log = EventLog()
            let listener = NotingListener(name: "a", log: log)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"], listener: listener) {
                consumer in
                try await consumer.pollsUntil { consumer.assignment == [self.zero] }
                try await consumer.unsubscribe()
                try await consumer.handover.perform(.assign([self.zero]), for: consumer)
                #expect(consumer.assignment == [])
            }
            #expect(log.count("a assigning") == 1)
        }
    }

    @Test func aHeartbeatAnsweredWithARebalanceDoesNotHastenTheNextOne() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            var configuration = kafka.consuming("g")
            configuration.classic.heartbeatInterval = .seconds(4)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                for try await _ in consumer.records {
                    // The member doesn't rejoin while the reader holds the record.
                    kafka.inject(.fail(.rebalanceInProgress), on: .heartbeat, times: nil)
                    await kafka.untilRequests(of: .heartbeat)
                    let start = self.clock.now
                    let count = kafka.requests.count { $0.api == .heartbeat }
                    await kafka.untilRequests(of: .heartbeat, count: count + 1)
                    #expect(self.clock.now - start == .seconds(4))
                    kafka.removeFaults()
                    break
                }
            }
        }
    }
}

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

/// Groups that can't be joined, or seem so: joining is retried with pauses, and failures are logged.
@Suite(.timeLimit(.minutes(2))) struct JoiningTroubleTests {
    private let clock = TestClock()

    /// How a broker refuses every member.
    enum Refusal: CaseIterable {
        case memberIDRequired, unknownMember, rebalanceInProgress, unknownToSync, wrongMemberID

        /// Whether the client determines the pace of the refusals.
        var isAnswer: Bool { self != .unknownToSync && self != .wrongMemberID }

        func inject(into kafka: EmbeddedKafka) {
            switch self {
            case .memberIDRequired: kafka.inject(.fail(.memberIdRequired), on: .joinGroup, times: nil)
            case .unknownMember: kafka.inject(.fail(.unknownMemberId), on: .joinGroup, times: nil)
            case .rebalanceInProgress: kafka.inject(.fail(.rebalanceInProgress), on: .syncGroup, times: nil)
            case .unknownToSync: kafka.inject(.fail(.unknownMemberId), on: .syncGroup, times: nil)
            case .wrongMemberID:
                kafka.rewrite(JoinGroupRequest.self, times: nil) { _, _, response in
                    if response.errorCode == .none { response.memberId = "somebody else" }
                }
            }
        }
    }

    @Test(arguments: Refusal.allCases)
    func aMemberThatIsAlwaysRefusedSlowsDownAndLogsTheReason(refusal: Refusal) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            refusal.inject(into: kafka)
            let log = EventLog()
            var configuration = kafka.consuming("g")
            configuration.cluster.log = EventLogSink(events: log)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                await kafka.untilRequests(of: .joinGroup)
                let end = self.clock.now + .seconds(2)
                while self.clock.now < end { _ = try await consumer.poll(timeout: .milliseconds(50)) }
                #expect(kafka.requests.count { $0.api == .joinGroup } < 60)
                // With the other refusals, it joins as a new member each time and has to wait for its former self.
                guard refusal.isAnswer else { return }
                try await consumer.pollsUntil { log.count("[warning] The group can't be joined") == 1 }
            }
        }
    }

    /// What prevents a member from joining.
    enum Trouble: CaseIterable {
        case coordinatorNotAvailable, closing, loading

        func inject(into kafka: EmbeddedKafka) -> EmbeddedKafka.InjectedFault {
            switch self {
            case .coordinatorNotAvailable:
                kafka.inject(.fail(.coordinatorNotAvailable), on: .findCoordinator, times: nil)
            case .closing: kafka.inject(.closeBeforeWork, on: .joinGroup, times: nil)
            case .loading: kafka.inject(.fail(.coordinatorLoadInProgress), on: .joinGroup, times: nil)
            }
        }

        var words: String {
            switch self {
            case .coordinatorNotAvailable: "COORDINATOR_NOT_AVAILABLE"
            case .closing: "closed"
            case .loading: "COORDINATOR_LOAD_IN_PROGRESS"
            }
        }
    }

    @Test(arguments: Trouble.allCases)
    func aFailingJoinIsLoggedOnceAndSoIsItsSuccess(_ trouble: Trouble) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let fault = trouble.inject(into: kafka)
            let log = EventLog()
            var configuration = kafka.consuming("g")
            configuration.cluster.log = EventLogSink(events: log)
            let start = self.clock.now
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                try await consumer.pollsUntil {
                    log.count("[warning] The group can't be joined", trouble.words) > 0
                }
                #expect((.seconds(5)..<(.seconds(7))).contains(self.clock.now - start), "\(self.clock.now - start)")
                #expect(log.count("[info] Joined the group") == 0)
                fault.remove()
                try await consumer.pollsUntil { !consumer.assignment.isEmpty }
                #expect(log.count("[warning] The group can't be joined") == 1)
                #expect(log.count("[info] Joined the group", "kafka.group.generation=1") == 1)
            }
        }
    }

    @Test func aReaderThatIgnoresErrorsDoesNotFloodTheGroupWithRequests() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.fail(.groupAuthorizationFailed), on: .joinGroup, times: nil)
            let log = EventLog()
            var configuration = kafka.consuming("g")
            configuration.cluster.log = EventLogSink(events: log)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                var failures = 0
                let end = self.clock.now + .seconds(2)
                while self.clock.now < end {
                    do throws(KafkaError) {
                        _ = try await consumer.poll(timeout: .milliseconds(50))
                    } catch {
                        failures += 1
                        #expect(error.code == .authorizationFailed)
                    }
                }
                #expect(failures > 1)
                #expect(kafka.requests.count { $0.api == .joinGroup } < 60)
                #expect(log.count("[error] The group can't be joined") == 1)
            }
        }
    }

    @Test func metadataThatTheLeaderLearnsWhileDistributingCausesNoRebalance() async throws {
        try await self.clock.withBroker { kafka in
            for topic in ["a", "b"] { try await kafka.createTopic(topic) }
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["a"]) { first in
                try await first.pollsUntil { !first.assignment.isEmpty }
                try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["b"]) { second in
                    try await second.pollsUntil {
                        _ = try await first.poll(timeout: .milliseconds(20))
                        return !first.assignment.isEmpty && !second.assignment.isEmpty
                    }
                    #expect(try await kafka.group("g")?.generation == 2)
                }
            }
        }
    }

    @Test(arguments: [EmbeddedKafka.API.joinGroup, .syncGroup])
    func aMemberAtAHangingCoordinatorTurnsToTheNextOne(api: EmbeddedKafka.API) async throws {
        try await self.clock.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            let coordinator = try #require(try await kafka.coordinator(ofGroup: "g"))
            let next = try #require(kafka.brokerIDs.first { $0 != coordinator })
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: api, broker: coordinator, times: nil)
            var configuration = kafka.consuming("g")
            configuration.classic.sessionTimeout = .seconds(6)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                await hold.untilHeld()
                try await kafka.moveCoordinator(ofGroup: "g", to: next)
                try await consumer.pollsUntil { !consumer.assignment.isEmpty }
                hold.release()
            }
        }
    }
}

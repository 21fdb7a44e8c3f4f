// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaTestSupport
import Testing

extension InteropTests {
    /// The embedded broker's groups against Kafka's: request by request, and as Kafka's tool sees them.
    @Suite(.timeLimit(.minutes(10)), .enabled(if: RealKafka.isAvailable, "needs Apache Kafka's jars"))
    struct EmbeddedGroups {
        @Test(arguments: TestEnvironment.real.filter { $0.isAtLeast(4, 4) })
        func requestsOfMembersAreAnsweredAsByKafka(environment: TestEnvironment) async throws {
            guard case .real(let installation) = environment else { return }
            // So that the target is there with the heartbeat that needs it.
            let settings = [
                "group.consumer.assignment.interval.ms": "0", "group.consumer.min.assignment.interval.ms": "0",
                "group.consumer.assignor.offload.enable": "false", "group.initial.rebalance.delay.ms": "0",
            ]
            let expected = try await RealCluster.withCluster(installation, settings: settings) { cluster in
                try await GroupScript.run(on: .real(cluster))
            }
            var configuration = EmbeddedKafka.Configuration()
            // As the brokers of the tests say it.
            configuration.consumerHeartbeatInterval = .milliseconds(200)
            configuration.createTopicsAutomatically = false
            let answers = try await EmbeddedKafka.withCluster(configuration) { kafka in
                try await GroupScript.run(on: .embedded(kafka))
            }
            #expect(answers.count == expected.count)
            for (answer, expected) in zip(answers, expected) { #expect(answer == expected) }
        }

        @Test(
            .enabled(if: ToldGroup.isPossible, "needs Kafka's tools and confluent_kafka: see above"),
            arguments: TestEnvironment.real.filter { $0.isAtLeast(4, 4) })
        func kafkasToolSaysTheSameOfAGroupOfThreeClients(environment: TestEnvironment) async throws {
            let told = try await ToldGroup.told(on: TestEnvironment.embedded.cluster())
            #expect(told.offsets.count == 7 && told.state.count == 2 && told.members.count == 4, "\(told)")
            let expected = try await ToldGroup.told(on: environment.cluster())
            #expect(told.offsets == expected.offsets)
            #expect(told.state == expected.state)
            #expect(told.members == expected.members)
        }
    }
}

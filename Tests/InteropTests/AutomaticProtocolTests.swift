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
    /// Members that join by the protocol that brokers and group have.
    @Suite(.timeLimit(.minutes(2)))
    struct AutomaticProtocol {
        @Test(arguments: TestEnvironment.all)
        func theNewestProtocolOfTheBrokersIsUsed(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("automatic", partitions: 2)
            var configuration = cluster.consumer(group: unique("automatic"))
            let group = configuration.groupID ?? ""
            configuration.groupProtocol = .automatic()
            let hasConsumerProtocol =
                if case .real(let installation) = environment {
                    installation.version >= KafkaVersion(4, 0)
                } else { true }
            try await cluster.produce((0..<20).map { ProducerRecord(topic: topic, key: "\($0)", value: "x") })
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: [topic]) { consumer in
                var count = 0
                while count < 20 { count += try await consumer.poll(timeout: .seconds(5)).count }
                #expect(count == 20)
                try await consumer.commit()
                let type = try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                    try await admin.describeGroups([group])[group]?.get().type
                }
                #expect(type == (hasConsumerProtocol ? .consumer : .classic))
            }
        }
    }
}

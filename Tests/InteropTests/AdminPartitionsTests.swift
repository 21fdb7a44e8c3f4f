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
    /// The calls that change partitions, compared with Kafka's own tools.
    @Suite(.timeLimit(.minutes(4)))
    struct AdminPartitions {
        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: TestEnvironment.all)
        func partitionsAreAddedAndRecordsDeletedAsKafkasToolsSeeThem(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let name = try await cluster.createTopic("grown")
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                try await admin.createPartitions([name: NewPartitions(totalCount: 3)], validateOnly: true)
                    .allSucceeded()
                #expect(try await admin.describeTopics([name]).allSucceeded()[name]?.partitions.count == 1)
                try await admin.createPartitions([name: NewPartitions(totalCount: 3)]).allSucceeded()
                try await eventually("the broker knows the partitions") {
                    let topic = try await admin.describeTopics([name]).allSucceeded()[name]
                    return topic?.partitions.filter { $0.leader != nil }.count == 3
                }
                let again = await admin.createPartitions([name: NewPartitions(totalCount: 3)])
                let error = #expect(throws: KafkaError.self) { try again[name]?.get() }
                #expect(error?.brokerCode == .invalidPartitions)

                try await KafkaProducer.withProducer(ProducerConfiguration(cluster.client)) { producer in
                    for partition in 0..<Int32(3) {
                        for value in 0..<5 {
                            _ = try await producer.send(
                                ProducerRecord(topic: name, partition: partition, value: "\(value)"))
                        }
                    }
                }
                let results = await admin.deleteRecords([
                    TopicPartition(name, 0): .before(3), TopicPartition(name, 1): .all,
                    TopicPartition(name, 2): .before(9),
                ])
                #expect(try results[TopicPartition(name, 0)]?.get() == 3)
                #expect(try results[TopicPartition(name, 1)]?.get() == 5)
                let beyond = #expect(throws: KafkaError.self) { try results[TopicPartition(name, 2)]?.get() }
                #expect(beyond?.code == .offsetOutOfRange)
                let told = try await KafkaTool.run(
                    "org.apache.kafka.tools.GetOffsetShell",
                    ["--bootstrap-server", cluster.bootstrap, "--topic", name, "--time", "earliest"])
                #expect(told.sorted() == ["\(name):0:3", "\(name):1:5", "\(name):2:0"])
            }
        }
    }
}

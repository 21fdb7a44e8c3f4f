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
    /// The calls about offsets of groups and partitions, compared with Kafka's own tools.
    @Suite(.timeLimit(.minutes(5)), .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"))
    struct AdminOffsets {
        /// The new offsets that Kafka's tool plans, by partition.
        private func tool(
            resets group: String, of topic: String, _ target: [String], _ cluster: TestCluster
        ) async throws -> [Int32: Int64] {
            let lines = try await KafkaTool.run(
                "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                [
                    "--bootstrap-server", cluster.bootstrap, "--reset-offsets", "--dry-run", "--group", group,
                    "--topic", topic,
                ]
                    + target)
            // GROUP TOPIC PARTITION NEW-OFFSET
            let rows = lines.map { $0.split(separator: " ") }.filter { $0.count == 4 && $0[1] == topic }
            return Dictionary(
                rows.compactMap { row in Int32(row[2]).flatMap { number in Int64(row[3]).map { (number, $0) } } }
            ) { $1 }
        }

        @Test(arguments: TestEnvironment.all)
        func groupsOffsetsAreSetResetAndDeletedAsKafkasToolDoes(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("read", partitions: 2)
            let group = unique("group")
            let (first, second) = (TopicPartition(topic, 0), TopicPartition(topic, 1))
            try await KafkaProducer.withProducer(ProducerConfiguration(cluster.client)) { producer in
                for partition in 0..<Int32(2) {
                    for number in 1...10 {
                        let time = Timestamp(millisecondsSince1970: 1_700_000_000_000 + Int64(number) * 1000)
                        _ = try await producer.send(
                            ProducerRecord(topic: topic, partition: partition, value: "\(number)", timestamp: time))
                    }
                }
            }
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                try await admin.deleteRecords([first: .before(3)]).allSucceeded()
                let set: [TopicPartition: OffsetAndMetadata] = [
                    first: OffsetAndMetadata(offset: 5, metadata: "five"), second: OffsetAndMetadata(offset: 6),
                ]
                try await admin.alterGroupOffsets(set, of: group).allSucceeded()
                #expect(try await admin.listGroupOffsets([group]).allSucceeded() == [group: set])
                let stable = await admin.listGroupOffsets(of: group, in: [first], requireStable: true)
                if environment.isAtLeast(2, 5) {
                    #expect(try stable[first]?.get() == set[first])
                } else {
                    let error = #expect(throws: KafkaError.self) { try stable[first]?.get() }
                    #expect(error?.code == .unsupportedVersion && error?.message.contains("Kafka 2.5") == true)
                }

                let plans: [(OffsetReset, [String])] = [
                    (.earliest, ["--to-earliest"]), (.shift(by: -4), ["--shift-by", "-4"]),
                    (
                        .timestamp(Timestamp(millisecondsSince1970: 1_700_000_006_500)),
                        [
                            "--to-datetime", "2023-11-14T22:13:26.500Z",
                        ]
                    ),
                    (.offset(7), ["--to-offset", "7"]), (.age(.seconds(60)), ["--by-duration", "PT1M"]),
                ]
                for (target, arguments) in plans {
                    let changes = try await admin.resetGroupOffsets(of: group, to: target, dryRun: true)
                    let ours = Dictionary(uniqueKeysWithValues: changes.map { ($0.partition.partition, $0.new) })
                    #expect(try await self.tool(resets: group, of: topic, arguments, cluster) == ours, "\(target)")
                }
                #expect(try await admin.listGroupOffsets([group]).allSucceeded() == [group: set])
                try await admin.resetGroupOffsets(of: group, to: .shift(by: 2))
                let other = unique("other")
                try await admin.resetGroupOffsets(of: other, to: .group(group))
                #expect(
                    try await admin.listGroupOffsets([other]).allSucceeded()[other]?.mapValues(\.offset)
                        == [first: 7, second: 8])

                let deleted = await admin.deleteGroupOffsets([first], of: group)
                if environment.isAtLeast(2, 4) {
                    try deleted.allSucceeded()
                    #expect(
                        try await admin.listGroupOffsets([group]).allSucceeded()[group]?.mapValues(\.offset) == [
                            second: 8
                        ])
                } else {
                    let error = #expect(throws: KafkaError.self) { try deleted[first]?.get() }
                    #expect(error?.code == .unsupportedVersion && error?.message.contains("Kafka 2.4") == true)
                }

                try await KafkaConsumer.withConsumer(cluster.consumer(group: group), subscribedTo: [topic]) {
                    consumer in
                    _ = try await consumer.read(2)
                    let results = await admin.alterGroupOffsets([first: OffsetAndMetadata(offset: 3)], of: group)
                    let error = #expect(throws: KafkaError.self) { try results[first]?.get() }
                    #expect(error?.brokerCode == .nonEmptyGroup)
                    guard environment.isAtLeast(2, 4) else { return }
                    let deleted = await admin.deleteGroupOffsets([second], of: group)
                    let subscribed = #expect(throws: KafkaError.self) { try deleted[second]?.get() }
                    #expect(subscribed?.brokerCode == .groupSubscribedToTopic)
                }
            }
        }

        @Test(arguments: TestEnvironment.all)
        func offsetsOfPartitionsAreLookedUpAsKafkasToolDoes(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("looked")
            let partition = TopicPartition(topic, 0)
            try await KafkaProducer.withProducer(ProducerConfiguration(cluster.client)) { producer in
                for seconds in [Int64(1), 3, 2] {
                    let time = Timestamp(millisecondsSince1970: 1_700_000_000_000 + seconds * 1000)
                    _ = try await producer.send(
                        ProducerRecord(topic: topic, partition: 0, value: "\(seconds)", timestamp: time))
                }
            }
            let middle = Timestamp(millisecondsSince1970: 1_700_000_001_500)
            let specs: [(OffsetSpec, release: (Int, Int), offset: Int64?)] = [
                (.earliest, (2, 1), 0), (.latest, (2, 1), 3), (.timestamp(middle), (2, 1), 1),
                (.maxTimestamp, (3, 0), 1), (.earliestLocal, (3, 5), 0), (.latestTiered, (3, 9), nil),
                (.earliestPendingUpload, (4, 2), nil),
            ]
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                for (spec, release, offset) in specs {
                    let results = await admin.listOffsets([partition: spec], isolationLevel: .readCommitted)
                    if environment.isAtLeast(release.0, release.1) {
                        #expect(try results[partition]?.get()?.offset == offset, "\(spec)")
                    } else {
                        let error = #expect(throws: KafkaError.self) { try results[partition]?.get() }
                        #expect(error?.code == .unsupportedVersion)
                        #expect(error?.message.contains("Kafka \(release.0).\(release.1)") == true)
                    }
                }
                let times =
                    ["-1", "-2", "\(middle.millisecondsSince1970)"] + (environment.isAtLeast(3, 0) ? ["-3"] : [])
                var told: [String] = []
                for time in times {
                    told += try await KafkaTool.run(
                        "org.apache.kafka.tools.GetOffsetShell",
                        ["--bootstrap-server", cluster.bootstrap, "--topic", topic, "--time", time])
                }
                #expect(told == [3, 0, 1, 1].prefix(times.count).map { "\(topic):0:\($0)" })
            }
        }
    }
}

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
    /// Transactions written by Kafka's own producer.
    @Suite(.timeLimit(.minutes(2)), .enabled(if: JavaProgram.isAvailable, Comment(rawValue: JavaProgram.skipped)))
    struct TransactionReading {
        @Test(arguments: TestEnvironment.all)
        func readCommittedReturnsCommittedRecordsOnlyInOrder(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("transactions", partitions: 3)
            let codec = ["none", "gzip", "lz4", "zstd"].randomElement() ?? "none"
            func write(_ what: String) async throws -> [String] {
                try await JavaProgram.run("TransactionalWriter", [cluster.bootstrap, topic, "3", codec, what])
            }
            let written = try await write("\(UInt32.random(in: 0 ... .max))")
            let partitions = (0..<3).map { TopicPartition(topic, Int32($0)) }
            var configuration = cluster.consumer()
            configuration.isolationLevel = .readCommitted
            // Many small fetches, so that transactions span several of them.
            configuration.maxPartitionFetchBytes = 300
            try await KafkaConsumer.withConsumer(configuration, assigned: partitions) { consumer in
                let records = try await consumer.read(written.count)
                #expect(records.compactMap(\.text).sorted() == written.sorted())
                for partition in partitions {
                    for name in ["a", "b", "plain"] {
                        let numbers = records.filter { $0.partition == partition.partition }.compactMap(\.text)
                            .filter { $0.hasPrefix(name + " ") }.compactMap { Int($0.dropFirst(name.count + 1)) }
                        #expect(numbers == numbers.sorted(), "\(name) in \(partition)")
                    }
                }
                // The next transaction is open, and nothing after it is visible.
                let ends = try await consumer.endOffsets(of: partitions)
                try await eventually("the position is what is decided", every: .zero) {
                    let nothing = try await consumer.poll(timeout: .milliseconds(200))
                    #expect(nothing.isEmpty, "\(nothing.map(\.text))")
                    for partition in partitions {
                        let position = try await consumer.position(of: partition)
                        if position != ends[partition] { return false }
                    }
                    return true
                }
                let nothing = try await consumer.poll(timeout: .milliseconds(500))
                #expect(nothing.isEmpty, "\(nothing.map(\.text))")
                for partition in partitions {
                    let position = try await consumer.position(of: partition)
                    #expect(position == ends[partition])
                }

                _ = try await write("finish")
                let rest = try await consumer.read(3)
                #expect(rest.compactMap(\.text) == ["behind", "behind", "behind"])
                let end = try await consumer.poll(timeout: .milliseconds(500))
                #expect(end.isEmpty, "\(end.map(\.text))")
            }
            // With `.readUncommitted`, aborted records are visible too, as far as they were sent.
            let all = try await cluster.readAll(of: topic, partitions: 3).compactMap(\.text)
            #expect(Set(all).isSuperset(of: written))
            #expect(all.filter { $0 == "undecided" }.count == 3)
            #expect(all.count > written.count + 6)
        }
    }
}

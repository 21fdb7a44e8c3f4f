// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaMemory
import KafkaTestSupport
import Testing

extension InteropTests {
    /// Transactions of this library's producer.
    @Suite(.timeLimit(.minutes(2)))
    struct Transactions {
        private struct Refusal: Error {}

        @Test(arguments: TestEnvironment.all)
        func whatIsCommittedIsReadAndWhatIsAbortedIsNot(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("transactions", partitions: 3)
            var configuration = cluster.consumer()
            configuration.isolationLevel = .readCommitted
            let written = try await KafkaTransactionalProducer.withProducer(
                ProducerConfiguration(cluster.client), transactionalID: unique("writer")
            ) { producer in
                var written: [String] = []
                for round in 0..<10 {
                    let texts = (0..<20).map { "\(round)-\($0)" }
                    do {
                        try await producer.withTransaction { transaction in
                            for (index, text) in texts.enumerated() {
                                try await transaction.enqueue(
                                    ProducerRecord(topic: topic, partition: Int32(index % 3), value: text))
                            }
                            if round % 3 == 2 {
                                // Some of the records are stored, and must not be read.
                                _ = try await transaction.send(
                                    ProducerRecord(topic: topic, partition: 0, value: "torn"))
                                throw Refusal()
                            }
                        }
                        written += texts
                    } catch is Refusal {
                        #expect(round % 3 == 2)
                    }
                }
                return written
            }
            #expect(written.count == 140)
            let partitions = (0..<3).map { TopicPartition(topic, Int32($0)) }
            try await KafkaConsumer.withConsumer(configuration, assigned: partitions) { consumer in
                let records = try await consumer.read(written.count)
                #expect(records.compactMap(\.text).sorted() == written.sorted())
                for partition in partitions {
                    let own = records.filter { $0.partition == partition.partition }.compactMap(\.text)
                    #expect(own == written.filter { Int32($0.split(separator: "-")[1])! % 3 == partition.partition })
                }
                let rest = try await consumer.poll(timeout: .milliseconds(300))
                #expect(rest.isEmpty, "\(rest.map(\.text))")
            }
        }

        @Test(arguments: TestEnvironment.all)
        func aProducerThatIsReplacedWritesNothingThatIsRead(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("fenced")
            let id = unique("shared")
            let configuration = ProducerConfiguration(cluster.client)
            let error = await #expect(throws: KafkaError.self) {
                try await KafkaTransactionalProducer.withProducer(configuration, transactionalID: id) { zombie in
                    try await zombie.withTransaction { transaction in
                        _ = try await transaction.send(ProducerRecord(topic: topic, value: "of the zombie"))
                        try await KafkaTransactionalProducer.withProducer(configuration, transactionalID: id) { next in
                            _ = try await next.withTransaction {
                                try await $0.enqueue(ProducerRecord(topic: topic, value: "of the next"))
                            }
                        }
                        try await transaction.enqueue(ProducerRecord(topic: topic, value: "late"))
                    }
                }
            }
            #expect(error?.isFatal == true && error?.code == .producerFenced, "\(error?.description ?? "")")
            #expect(error?.isOutcomeUnknown == false)
            var reading = cluster.consumer()
            reading.isolationLevel = .readCommitted
            try await KafkaConsumer.withConsumer(reading, assigned: [TopicPartition(topic, 0)]) { consumer in
                #expect(try await consumer.read(1).compactMap(\.text) == ["of the next"])
                let rest = try await consumer.poll(timeout: .milliseconds(300))
                #expect(rest.isEmpty, "\(rest.map(\.text))")
            }
        }

        @Test(.namesWhere) func aTransactionThatLastsTooLongIsAborted() async {
            await atOnce(on: TestEnvironment.all) { try await self.takeTooLong(on: $0) }
        }

        private func takeTooLong(on environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("slow")
            let configuration = ProducerConfiguration(cluster.client)
            try? await KafkaTransactionalProducer.withProducer(
                configuration, transactionalID: unique("slow"), transactionTimeout: .seconds(3)
            ) { producer in
                let error = await #expect(throws: KafkaError.self) {
                    try await producer.withTransaction { transaction in
                        let stored = try await transaction.send(ProducerRecord(topic: topic, value: "slow"))
                        // The marker of the abort takes an offset.
                        var reading = cluster.consumer()
                        reading.isolationLevel = .readCommitted
                        try await KafkaConsumer.withConsumer(reading, assigned: [stored.topicPartition]) { consumer in
                            try await eventually("the coordinator aborts") {
                                try await consumer.endOffsets(of: [stored.topicPartition])[stored.topicPartition] == 2
                            }
                        }
                    }
                }
                #expect(error?.message.contains("transactionTimeout") == true, "\(error?.description ?? "")")
                // Only version 2 can tell it from another producer with the id.
                if error?.code == .transactionAborted {
                    #expect(error?.isRetriable == true)
                    try await producer.withTransaction {
                        try await $0.enqueue(ProducerRecord(topic: topic, value: "in time"))
                    }
                } else {
                    #expect(error?.code == .producerFenced && error?.isFatal == true, "\(error?.description ?? "")")
                }
            }
        }

        /// Brokers before 2.5 can't check which member commits.
        private func checksMembers(_ environment: TestEnvironment) -> Bool {
            if case .real(let installation) = environment { installation.version >= KafkaVersion(2, 5) } else { true }
        }

        @Test(arguments: TestEnvironment.all)
        func fromTopicToTopicEachRecordIsProcessedOnceAlthoughTheClosureFails(environment: TestEnvironment) async throws
        {
            let cluster = try await environment.cluster()
            let orders = try await cluster.createTopic("orders", partitions: 2)
            let invoices = try await cluster.createTopic("invoices", partitions: 2)
            let count = 200
            // Many batches.
            for numbers in stride(from: 0, to: count, by: 20).map({ $0..<$0 + 20 }) {
                try await cluster.produce(
                    numbers.map { ProducerRecord(topic: orders, partition: Int32($0 % 2), value: "\($0)") })
            }
            var configuration = cluster.consumer(group: unique("billing"))
            configuration.enableAutoCommit = false
            configuration.isolationLevel = .readCommitted
            let isSubscribed = self.checksMembers(environment)
            let failing = FailingOnce(["36", "77", "78", "150"])
            let partitions = (0..<2).map { TopicPartition(invoices, Int32($0)) }
            var reading = cluster.consumer()
            reading.isolationLevel = .readCommitted
            let written = try await KafkaConsumer.withConsumer(reading, assigned: partitions) { reader in
                try await KafkaTransactionalProducer.withProducer(
                    ProducerConfiguration(cluster.client), transactionalID: unique("billing")
                ) { producer in
                    func run(_ consumer: KafkaConsumer) async throws -> [ConsumerRecord] {
                        async let written = {
                            defer { consumer.triggerGracefulShutdown() }
                            return try await reader.read(count)
                        }()
                        while true {
                            do {
                                try await producer.process(consumer, every: .records(30)) { batch, transaction in
                                    for record in batch {
                                        try await transaction.enqueue(
                                            ProducerRecord(
                                                topic: invoices, partition: record.partition, value: record.value))
                                        try failing.check(record.text)
                                    }
                                }
                                return try await written
                            } catch is Refusal {}
                        }
                    }
                    guard isSubscribed else {
                        return try await KafkaConsumer.withConsumer(
                            configuration, assigned: [TopicPartition(orders, 0), TopicPartition(orders, 1)], run)
                    }
                    return try await KafkaConsumer.withConsumer(configuration, subscribedTo: [orders], run)
                }
            }
            #expect(failing.failures == 4)
            for partition in partitions {
                let own = written.filter { $0.partition == partition.partition }.compactMap(\.text)
                #expect(own == (0..<count).filter { Int32($0 % 2) == partition.partition }.map { "\($0)" })
            }
            try await KafkaConsumer.withConsumer(reading, assigned: partitions) { consumer in
                _ = try await consumer.read(count)
                let rest = try await consumer.poll(timeout: .milliseconds(300))
                #expect(rest.isEmpty, "\(rest.map(\.text))")
            }
            let committed = try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                await admin.listGroupOffsets([configuration.groupID ?? ""])
            }
            let offsets = try #require(try committed[configuration.groupID ?? ""]?.get())
            #expect(offsets.values.map { $0.offset } == [100, 100])
        }

        /// Throws once for each of some records.
        private final class FailingOnce: Sendable {
            private let left: Lock<Set<String>>
            private let thrown = Lock(0)

            init(_ texts: Set<String>) { self.left = Lock(texts) }

            var failures: Int { self.thrown.withLock { $0 } }

            func check(_ text: String?) throws {
                guard let text, self.left.withLock({ $0.remove(text) }) != nil else { return }
                self.thrown.withLock { $0 += 1 }
                throw Refusal()
            }
        }
    }
}

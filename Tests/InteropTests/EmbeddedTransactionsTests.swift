// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaTestSupport
import Testing

extension InteropTests {
    /// The embedded broker's transactions against Kafka's: request by request, and by Kafka's own programs.
    @Suite(.timeLimit(.minutes(10)), .enabled(if: RealKafka.isAvailable, "needs Apache Kafka's jars"))
    struct EmbeddedTransactions {
        private func run(onEmbedded version: Int) async throws -> [String] {
            var configuration = EmbeddedKafka.Configuration()
            configuration.transactionVersion = version
            configuration.createTopicsAutomatically = false
            return try await EmbeddedKafka.withCluster(configuration) { kafka in
                try await TransactionScript.run(on: .embedded(kafka), version: version)
            }
        }

        @Test(arguments: TestEnvironment.real.filter { $0.isAtLeast(4, 4) })
        func requestsAreAnsweredAsByKafka(environment: TestEnvironment) async throws {
            guard case .real(let installation) = environment else { return }
            let settings = ["transaction.abort.timed.out.transaction.cleanup.interval.ms": "50"]
            try await RealCluster.withCluster(installation, settings: settings) { cluster in
                for version in [2, 1] {
                    if version == 1 {
                        _ = try await KafkaTool.run(
                            "org.apache.kafka.tools.FeatureCommand",
                            [
                                "--bootstrap-server", cluster.bootstrap, "downgrade", "--feature",
                                "transaction.version=1",
                            ])
                    }
                    let expected = try await TransactionScript.run(on: .real(cluster), version: version)
                    let answers = try await self.run(onEmbedded: version)
                    #expect(answers.count == expected.count)
                    for (answer, expected) in zip(answers, expected) {
                        #expect(answer == expected, "version \(version)")
                    }
                }
            }
        }

        @Test(arguments: TestEnvironment.real.filter { $0.isAtLeast(4, 4) })
        func requestsAreAnsweredAsByKafkaWhileATransactionEnds(environment: TestEnvironment) async throws {
            guard case .real(let installation) = environment else { return }
            let settings = [
                "transaction.state.log.replication.factor": "1", "transaction.state.log.min.isr": "1",
                "offsets.topic.replication.factor": "1",
            ]
            let expected = try await RealCluster.withCluster(installation, brokers: 2, settings: settings) { cluster in
                var lines: [[String]] = []
                for version in [2, 1] {
                    lines.append(
                        try await TransactionScript.runWhileHeld(
                            on: .real(cluster), version: version, hold: { await cluster.pause(2) },
                            release: { await cluster.resume(2) }))
                }
                return lines
            }
            for (version, expected) in zip([2, 1], expected) {
                let answers = try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
                    try await TransactionScript.runWhileHeld(
                        on: .embedded(kafka), version: version, hold: { try await kafka.stopBroker(2) },
                        release: { try await kafka.startBroker(2) })
                }
                #expect(answers.count == expected.count)
                for (answer, expected) in zip(answers, expected) { #expect(answer == expected, "version \(version)") }
            }
        }

        /// Writes committed, aborted and open records, and returns their producer.
        private func write(_ kafka: EmbeddedKafka, _ client: RawClient) async throws -> TransactionRig {
            let rig = TransactionRig(client: client)
            #expect(try await rig.initialize() == .none)
            for (value, isCommit) in [("a", true), ("b", false), ("c", true), ("d", nil)] {
                #expect(try await rig.produce(value) == .none)
                if let isCommit { #expect(try await rig.end(isCommit: isCommit) == .none) }
            }
            return rig
        }

        @Test func kafkasToolsReadAndEndTransactions() async throws {
            try await EmbeddedKafka.withBroker { kafka in
                try await kafka.createTopic("t")
                let client = try await RawClient.connect(to: kafka.bootstrapServers[0])
                defer { client.close() }
                let rig = try await self.write(kafka, client)
                func read(_ isolation: String, _ count: Int) async throws -> [String] {
                    try await KafkaTool.run(
                        "org.apache.kafka.tools.consumer.ConsoleConsumer",
                        [
                            "--bootstrap-server", kafka.bootstrapServers[0], "--topic", "t", "--from-beginning",
                            "--isolation-level", isolation, "--max-messages", "\(count)", "--timeout-ms", "20000",
                        ])
                }
                #expect(try await read("read_uncommitted", 4) == ["a", "b", "c", "d"])
                #expect(try await read("read_committed", 2) == ["a", "c"])
                func manage(_ arguments: [String]) async throws -> [String] {
                    try await KafkaTool.run(
                        "org.apache.kafka.tools.TransactionsCommand",
                        ["--bootstrap-server", kafka.bootstrapServers[0]] + arguments)
                }
                let listed = try await manage(["list"]).dropFirst().map { $0.split(separator: " ").prefix(1) }
                #expect(listed == [["x"]])
                // The coordinator knows the transaction, so it isn't hanging.
                let hanging = try await manage(["find-hanging", "--broker-id", "1", "--max-transaction-timeout", "0"])
                #expect(hanging.count <= 1, "\(hanging)")
                _ = try await manage(["abort", "--topic", "t", "--partition", "0", "--start-offset", "6"])
                #expect(try await client.read(isCommitted: true).stable == 8)
                // The coordinator writes a marker of its own later, which changes nothing.
                #expect(try await rig.end(isCommit: true) == .none)
                #expect(try await read("read_committed", 2) == ["a", "c"])
                #expect(try await client.read(isCommitted: true).aborted == [2, 6])
            }
        }

        /// The classes of the releases that have Kafka's program for copying records in transactions.
        private static let copiers: [String] =
            [RealKafka.toolsClassPath].compactMap { $0 }
            + RealKafka.installations.filter { $0.version < KafkaVersion(4, 0) && $0.version > KafkaVersion(3, 0) }
            .map(\.classPath)

        @Test(arguments: Self.copiers, [2, 1])
        func kafkasCopierCopiesEachRecordOnce(classPath: String, version: Int) async throws {
            var configuration = EmbeddedKafka.Configuration(brokers: 2)
            configuration.transactionVersion = version
            try await EmbeddedKafka.withCluster(configuration) { kafka in
                try await kafka.createTopic("orders")
                try await kafka.createTopic("invoices")
                let values = (0..<200).map { "order \($0)" }
                try await TestCluster.embedded(kafka).produce(
                    values.map { ProducerRecord(topic: "orders", value: Bytes($0)) })
                let lines = try await KafkaTool.start(
                    "org.apache.kafka.tools.TransactionalMessageCopier",
                    [
                        "--broker-list", kafka.bootstrapServers.joined(separator: ","), "--input-topic", "orders",
                        "--input-partition", "0", "--output-topic", "invoices", "--consumer-group", "copiers",
                        "--transactional-id", "copier", "--max-messages", "200", "--transaction-size", "9",
                        "--enable-random-aborts", "--group-mode", "--use-group-metadata",
                    ], classPath: classPath
                ).output()
                var consumer = TestCluster.embedded(kafka).consumer()
                consumer.isolationLevel = .readCommitted
                let copied = try await KafkaConsumer.withConsumer(
                    consumer, assigned: [TopicPartition("invoices", 0)]
                ) { consumer in
                    try await consumer.read(200).compactMap(\.text)
                }
                #expect(copied == values, "\(lines.suffix(3))")
                #expect(try await kafka.committedOffset(of: "copiers", topic: "orders", partition: 0) == 200)
                let transaction = try #require(try await kafka.transaction("copier"))
                #expect(transaction.state.hasPrefix("Complete") || transaction.state == "Empty")
            }
        }

        @Test(.enabled(if: PythonClient.hasConfluentKafka, "\(PythonClient.skipped)"), arguments: [2, 1])
        func librdkafkaWritesTransactions(version: Int) async throws {
            var configuration = EmbeddedKafka.Configuration(brokers: 2)
            configuration.transactionVersion = version
            try await EmbeddedKafka.withCluster(configuration) { kafka in
                try await kafka.createTopic("t", partitions: 2)
                let lines = try await PythonClient.start(
                    Self.script, [kafka.bootstrapServers.joined(separator: ",")]
                ).output()
                #expect(lines == ["['a0', 'a1', 'c0', 'c1']", "offset 2", "fenced"])
                #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 2)
            }
        }

        private static let script = """
            import sys, confluent_kafka
            from confluent_kafka import TopicPartition

            bootstrap = sys.argv[1]

            def make():
                producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "transactional.id": "x"})
                producer.init_transactions(30)
                return producer

            def write(producer, name):
                for partition in range(2):
                    producer.produce("t", f"{name}{partition}".encode(), partition=partition)

            consumer = confluent_kafka.Consumer({
                "bootstrap.servers": bootstrap, "group.id": "g", "isolation.level": "read_committed",
                "auto.offset.reset": "earliest", "enable.auto.commit": False,
            })
            producer = make()
            for name, offset, commits in [("a", 1, True), ("b", 9, False), ("c", 2, True)]:
                producer.begin_transaction()
                write(producer, name)
                offsets = [TopicPartition("t", 0, offset)]
                producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 30)
                (producer.commit_transaction if commits else producer.abort_transaction)(30)
            consumer.assign([TopicPartition("t", p, 0) for p in range(2)])
            values = []
            while len(values) < 4:
                message = consumer.poll(30)
                if message is None or message.error(): sys.exit(f"{message and message.error()} after {values}")
                values.append(message.value().decode())
            print(sorted(values))
            print("offset", consumer.committed([TopicPartition("t", 0)], 30)[0].offset)
            producer.begin_transaction()
            write(producer, "d")
            producer.flush(30)
            successor = make()
            try:
                producer.commit_transaction(30)
            except confluent_kafka.KafkaException as error:
                print("fenced" if error.args[0].fatal() else error)
            consumer.close()
            """
    }
}

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
    /// The calls about producers and transactions, compared with Kafka's own tool. The transactions are open, and their
    /// producers, Kafka's own, are gone.
    @Suite(.timeLimit(.minutes(5)), .enabled(if: JavaProgram.isAvailable, Comment(rawValue: JavaProgram.skipped)))
    struct AdminTransactions {
        /// The words of the rows of the tool's table, without its heading.
        private func tool(_ arguments: [String], _ cluster: TestCluster) async throws -> [[String]] {
            let lines = try await KafkaTool.run(
                "org.apache.kafka.tools.TransactionsCommand", ["--bootstrap-server", cluster.bootstrap] + arguments)
            return lines.dropFirst().map { line in line.split { $0 == " " || $0 == "\t" }.map(String.init) }
        }

        @Test(arguments: TestEnvironment.all)
        func openTransactionsAreListedDescribedAndEnded(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("undecided", partitions: 2)
            let partitions = (0..<2).map { TopicPartition(topic, $0) }
            let (a, b, group) = (unique("tx-a"), unique("tx-b"), unique("group"))
            _ = try await JavaProgram.run("OpenTransactions", [cluster.bootstrap, topic, "2", group, a, b])
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                func stableEnds() async throws -> [Int64?] {
                    let specs = Dictionary(uniqueKeysWithValues: partitions.map { ($0, OffsetSpec.latest) })
                    let found = try await admin.listOffsets(specs, isolationLevel: .readCommitted).allSucceeded()
                    return partitions.map { found[$0]??.offset }
                }
                #expect(try await stableEnds() == [0, 0])
                guard environment.isAtLeast(3, 0) else {
                    try await self.expectAbsence(of: partitions[0], a, admin)
                    // Fencing is what the next producer with the transactional id does, which all versions have.
                    try await admin.fenceProducers([a, b]).allSucceeded()
                    try await eventually("the transactions are aborted") { try await stableEnds() == [4, 4] }
                    return
                }
                // Offsets that a transaction commits aren't committed yet, and with `requireStable` they are waited for.
                let own = unique("short")
                #expect(try await admin.listGroupOffsets([group, own]).allSucceeded() == [group: [:], own: [:]])
                let waiting = await admin.listGroupOffsets(
                    of: group, in: [partitions[0]], requireStable: true, timeout: .milliseconds(500))
                let pending = #expect(throws: KafkaError.self) { try waiting[partitions[0]]?.get() }
                #expect(pending?.brokerCode == .unstableOffsetCommit)

                let producers = try await admin.describeProducers(partitions).allSucceeded()
                let told = try await self.tool(["describe-producers", "--topic", topic, "--partition", "0"], cluster)
                let ours = try #require(producers[partitions[0]]).map { producer in
                    [
                        "\(producer.producerID)", "\(producer.producerEpoch)",
                        "\(producer.coordinatorEpoch ?? -1)", "\(producer.lastSequence)",
                        "\(producer.lastTimestamp?.millisecondsSince1970 ?? -1)",
                        producer.transactionStartOffset.map { "\($0)" } ?? "None",
                    ]
                }
                #expect(told.sorted { $0[0] < $1[0] } == ours.sorted { $0[0] < $1[0] })
                let program = ToolProgram(cluster.bootstrapServers)
                let inJSON = try await program.objects("transactions", "producers", "\(topic):0").map { row in
                    ["producerID", "producerEpoch", "lastSequence", "transactionStart"].map { "\(row[$0] ?? "")" }
                }
                #expect(
                    inJSON.sorted { $0[0] < $1[0] }
                        == told.sorted { $0[0] < $1[0] }.map { [$0[0], $0[1], $0[3], $0[5]] })
                #expect(producers[partitions[1]]?.compactMap(\.transactionStartOffset).sorted() == [0, 1])

                let listed = try await admin.listTransactions(states: [.ongoing]).filter {
                    [a, b].contains($0.transactionalID)
                }
                #expect(listed.map(\.transactionalID) == [a, b])
                let rows = try await self.tool(["list"], cluster).filter { [a, b].contains($0[0]) }
                #expect(
                    rows.sorted { $0[0] < $1[0] }
                        == listed.map { [$0.transactionalID, "\($0.coordinator)", "\($0.producerID)", "\($0.state)"] })
                let printed = try await program.objects("transactions", "list").map { row in
                    ["transactionalID", "producerID", "state"].map { "\(row[$0] ?? "")" }
                }
                #expect(
                    printed.filter { [a, b].contains($0[0]) }.sorted { $0[0] < $1[0] }
                        == rows.sorted { $0[0] < $1[0] }.map { [$0[0], $0[2], $0[3]] })
                let one = try await admin.listTransactions(producerIDs: [listed[0].producerID])
                #expect(one.map(\.transactionalID) == [a])
                #expect(
                    try await admin.listTransactions(states: [.completeCommit]).allSatisfy {
                        ![a, b].contains($0.transactionalID)
                    })
                try await self.listsByFilters(a, b, environment, admin)

                let described = try #require(try await admin.describeTransactions([a]).allSucceeded()[a])
                let row = try #require(try await self.tool(["describe", "--transactional-id", a], cluster).first)
                #expect(
                    Array(row.prefix(7)) == [
                        "\(described.coordinator.id ?? -1)", a, "\(described.producerID)", "\(described.producerEpoch)",
                        "\(described.state)", "600000", "\(described.startedAt?.millisecondsSince1970 ?? -1)",
                    ])
                #expect(described.timeout == .seconds(600))
                let shown = try #require(try await program.objects("transactions", "describe", a).first)
                #expect(
                    ["transactionalID", "producerID", "producerEpoch", "state"].map { "\(shown[$0] ?? "")" }
                        == Array(row[1...4]))
                #expect(
                    Set(shown["partitions"] as? [String] ?? [])
                        == Set(row.last?.split(separator: ",").map(String.init) ?? []))
                #expect(
                    Set(row.last?.split(separator: ",").map(String.init) ?? [])
                        == Set(described.partitions.map(\.description)))
                #expect(described.partitions.filter { $0.topic == topic } == partitions)
                let missing = await admin.describeTransactions(["missing"])
                let unknown = #expect(throws: KafkaError.self) { try missing["missing"]?.get() }
                #expect(unknown?.brokerCode == .transactionalIdNotFound)

                // The next producer of the transactional id aborts the transaction everywhere.
                let fenced = try #require(try await admin.fenceProducers([a]).allSucceeded()[a])
                #expect(fenced.producerEpoch > described.producerEpoch || fenced.producerID != described.producerID)
                #expect(try await admin.describeTransactions([a]).allSucceeded()[a]?.state == .empty)
                try await eventually("only the other transaction is open") { try await stableEnds() == [1, 1] }

                // The other is aborted in one partition by its marker, as if no coordinator knew it.
                let wrong = await #expect(throws: KafkaError.self) {
                    try await admin.abortTransaction(in: partitions[0], startOffset: 0)
                }
                #expect(wrong?.code == .invalidArgument)
                let stale = await #expect(throws: KafkaError.self) {
                    try await admin.abortTransaction(
                        in: partitions[0], producerID: described.producerID, producerEpoch: 0, coordinatorEpoch: 0)
                }
                #expect(stale?.code == .producerFenced)
                try await admin.abortTransaction(in: partitions[0], startOffset: 1)
                let left = try await admin.describeProducers(partitions).allSucceeded()
                #expect(left[partitions[0]]?.compactMap(\.transactionStartOffset) == [])
                #expect(left[partitions[1]]?.compactMap(\.transactionStartOffset) == [1])
                #expect(try await stableEnds()[1] == 1)
                try await eventually("the partition has no open transaction") { try await stableEnds()[0] == 4 }
            }
        }

        private func listsByFilters(
            _ a: String, _ b: String, _ environment: TestEnvironment, _ admin: KafkaAdminClient
        ) async throws {
            if environment.isAtLeast(3, 8) {
                let old = try await admin.listTransactions(minimumAge: .seconds(3600))
                #expect(old.allSatisfy { ![a, b].contains($0.transactionalID) })
                #expect(try await admin.listTransactions(minimumAge: .zero).contains { $0.transactionalID == a })
            }
            if environment.isAtLeast(4, 1) {
                #expect(try await admin.listTransactions(pattern: "\(b).*").map(\.transactionalID) == [b])
            } else {
                let error = await #expect(throws: KafkaError.self) { try await admin.listTransactions(pattern: a) }
                #expect(error?.code == .unsupportedVersion && error?.message.contains("Kafka 4.1") == true)
            }
        }

        private func expectAbsence(of partition: TopicPartition, _ id: String, _ admin: KafkaAdminClient) async throws {
            let producers = await admin.describeProducers([partition])
            let transactions = await admin.describeTransactions([id])
            let listing = await #expect(throws: KafkaError.self) { try await admin.listTransactions() }
            let aborting = await #expect(throws: KafkaError.self) {
                try await admin.abortTransaction(in: partition, startOffset: 0)
            }
            let describing = #expect(throws: KafkaError.self) { try transactions[id]?.get() }
            let finding = #expect(throws: KafkaError.self) { try producers[partition]?.get() }
            for (error, release) in [(listing, "3.0"), (describing, "3.0"), (finding, "2.8"), (aborting, "2.8")] {
                #expect(error?.code == .unsupportedVersion)
                #expect(error?.message.contains("Kafka \(release)") == true)
            }
        }
    }
}

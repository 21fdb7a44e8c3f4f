// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import EmbeddedKafka

/// Transactions in a cluster that changes under them, faults, and requests that no client should send. Kafka's answers to the
/// latter are compared in the tests with real brokers.
@Suite(.timeLimit(.minutes(2))) struct TransactionTroubleTests {
    @Test func oddRequestsAreRefusedAsByKafka() async throws {
        try await withProducer { _, rig async throws in
            let id = rig.producer.id
            #expect(try await rig.initialize(continuing: .init(id: id, epoch: -1)) == .invalidRequest)
            #expect(try await rig.initialize(continuing: .init(id: -1, epoch: 0)) == .invalidRequest)
            #expect(try await rig.produce("a", sequence: 3) == .outOfOrderSequenceNumber)
            #expect(try await rig.add(1, version: 4, verifyOnly: true) == [.transactionAbortable])
            let topic = try await topicID("t", rig.client)
            #expect(
                try await rig.commit(1, of: "nobody", version: 6, topicID: topic, generation: 1, memberID: "m")
                    == .groupIdNotFound)
            // A marker of version 2 has a later epoch than the transaction.
            #expect(try await rig.produce("a") == .none)
            #expect(
                try await rig.abortByMarker(in: 0, version: 2, transactionVersion: 2) == [.invalidProducerEpoch])
            #expect(
                try await rig.copy(epoch: 1).abortByMarker(in: 0, version: 2, transactionVersion: 2) == [.none])
        }
    }

    @Test func whatHasNotBegunIsListedAsOld() async throws {
        try await withProducer { _, rig async throws in
            var request = ListTransactionsRequest()
            request.durationFilter = 3_600_000
            let listed = try await rig.client.ask(request, version: 1).transactionStates.map(\.transactionState)
            #expect(listed == ["Empty"])
        }
    }

    @Test func theLatestTimestampMayBeThatOfAMarker() async throws {
        try await withProducer { _, rig async throws in
            #expect(try await rig.produce("a") == .none)
            #expect(try await rig.end(isCommit: true) == .none)
            #expect(try await rig.client.ask(ListOffsetsRequest.one("t", timestamp: -3), version: 7).only.offset == 1)
        }
    }

    @Test func deletedOffsetsAreNotCommittedByTheTransaction() async throws {
        try await withProducer { _, rig async throws in
            #expect(try await rig.commit(3, of: "g", version: 5) == .none)
            var topic = OffsetDeleteRequest.OffsetDeleteRequestTopic()
            topic.name = "t"
            topic.partitions = [OffsetDeleteRequest.OffsetDeleteRequestPartition()]
            var request = OffsetDeleteRequest()
            request.groupId = "g"
            request.topics = [topic]
            #expect(try await rig.client.ask(request, version: 0).errorCode == .none)
            #expect(try await rig.client.committed("g", requireStable: true) == (-1, .none))
            #expect(try await rig.end(isCommit: true) == .none)
            #expect(try await rig.client.committed("g", requireStable: true) == (-1, .none))
        }
    }

    @Test func anUnusedTransactionalIDIsForgotten() async throws {
        let clock = TestClock()
        var configuration = EmbeddedKafka.Configuration()
        configuration.clock = clock.loopClock
        configuration.transactionalIDExpiration = .seconds(7200)
        try await withProducer(2, configuration) { kafka, rig async throws in
            let other = TransactionRig(client: rig.client, id: "other")
            await clock.advance(by: .seconds(7000))
            #expect(try await rig.produce("a") == .none)
            #expect(try await rig.end(isCommit: true) == .none)
            await clock.advance(by: .seconds(3600))
            #expect(try await other.initialize() == .none)
            #expect(try await rig.produce("b") == .none)
            #expect(try await rig.end(isCommit: true) == .none)
            await clock.advance(by: .seconds(10_800))
            #expect(try await rig.produce("c") == .invalidProducerIdMapping)
            #expect(try await kafka.transaction("other") == nil)
        }
    }

    @Test func aTransactionEndsWithoutATopicThatIsDeleted() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.moveCoordinator(ofTransactionalID: "x", to: 1)
            let rig = TransactionRig(client: client, version: 1)
            #expect(try await rig.initialize() == .none)
            #expect(try await rig.add(0, 1) == [.none, .none])
            try await kafka.stopBroker(2)
            #expect(try await rig.end(isCommit: true) == .none)
            // The marker that waits is that of the stopped broker.
            #expect(try await kafka.transaction("x")?.partitions.map(\.partition) == [1])
            try await kafka.deleteTopic("t")
            #expect(try await kafka.transaction("x")?.state == "CompleteCommit")
        }
    }

    @Test func heldMarkersAreNotWrittenBeforeTheirTime() async throws {
        let clock = TestClock()
        var configuration = EmbeddedKafka.Configuration(brokers: 2)
        configuration.clock = clock.loopClock
        configuration.transactionMarkerDelay = .seconds(60)
        try await withCluster(configuration) { kafka, client in
            try await kafka.createTopic("t", partitions: 2, replicationFactor: 2)
            try await kafka.moveCoordinator(ofTransactionalID: "x", to: 1)
            let rig = TransactionRig(client: client)
            #expect(try await rig.initialize() == .none)
            #expect(try await rig.produce("a") == .none)
            #expect(try await rig.end(isCommit: true) == .none)
            try await kafka.moveLeader(of: "t", partition: 1, to: 1)
            try await kafka.stopBroker(2)
            try await kafka.startBroker(2)
            #expect(try await kafka.transaction("x")?.state == "PrepareCommit")
            await clock.advance(by: .seconds(60))
            #expect(try await kafka.transaction("x")?.state == "CompleteCommit")
        }
    }

    @Test func faultsFailEachOfTheRequests() async throws {
        try await withProducer { kafka, rig async throws in
            for api in [
                .initProducerId, .addPartitionsToTxn, .addOffsetsToTxn, .txnOffsetCommit, .endTxn,
                .describeTransactions, .writeTxnMarkers,
            ] as [EmbeddedKafka.API] {
                kafka.inject(.fail(.notCoordinator), on: api, times: 1)
            }
            #expect(try await rig.copy().initialize() == .notCoordinator)
            #expect(try await rig.add(0, 1) == [.notCoordinator, .notCoordinator])
            #expect(try await rig.addOffsets(of: "g") == .notCoordinator)
            #expect(try await rig.commit(1, of: "g", version: 5) == .notCoordinator)
            #expect(try await rig.end(isCommit: false) == .notCoordinator)
            #expect(try await rig.described().errorCode == .notCoordinator)
            #expect(try await rig.abortByMarker(in: 0) == [.notCoordinator])
            #expect(try await kafka.transaction("x")?.state == "Empty")
            #expect(try await kafka.group("g") == nil)

            // The work is done, and its answer is lost.
            #expect(try await rig.produce("a") == .none)
            let fault = kafka.inject(.closeAfterWork, on: .endTxn, times: 1)
            await #expect(throws: RawClient.Failure.self) { try await rig.copy().end(isCommit: true) }
            #expect(fault.hits == 1)
            let client = try await RawClient.connect(to: kafka.bootstrapServers[0])
            defer { client.close() }
            let again = TransactionRig(client: client, producer: rig.producer)
            #expect(try await again.end(isCommit: true) == .none)
            #expect(again.producer.epoch == rig.producer.epoch + 1)
            #expect(try await client.read(isCommitted: true).values == ["a"])
        }
    }
}

// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import EmbeddedKafka

/// Transactions as seen by clients, over sockets. The state machine and the log have their own tests.
@Suite(.timeLimit(.minutes(2))) struct TransactionAPITests {
    @Test(arguments: [0, 1, 2]) func theFeatureSaysWhichVersionTheClusterHas(version: Int) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.transactionVersion = version
        try await withCluster(configuration) { _, client in
            for request in [3, 4, 5] as [Int16] {
                let answer = try await client.ask(ApiVersionsRequest.software("test", "1.0"), version: request)
                #expect(answer.level(of: "transaction.version") == (version == 0 ? nil : Int16(version)))
                #expect(answer.finalizedFeaturesEpoch == 0)
                #expect(answer.supportedFeatures.contains { $0.name == "transaction.version" } == (request >= 4))
            }
        }
    }

    @Test func theVersionCanBeChanged() async throws {
        try await withCluster { kafka, client in
            try await kafka.setTransactionVersion(1)
            let answer = try await client.ask(ApiVersionsRequest.software("test", "1.0"), version: 4)
            #expect(answer.level(of: "transaction.version") == 1)
            #expect(answer.finalizedFeaturesEpoch == 1)
            await #expect(throws: EmbeddedKafkaError.self) { try await kafka.setTransactionVersion(3) }
        }
    }

    @Test(arguments: 0...5 as ClosedRange<Int16>) func producersAreInitialized(version: Int16) async throws {
        try await withCluster { _, client in
            let rig = TransactionRig(client: client)
            #expect(try await rig.initialize(version: version) == .none)
            let first = rig.producer
            #expect(first.epoch == 0)
            #expect(try await rig.initialize(version: version) == .none)
            #expect(rig.producer == .init(id: first.id, epoch: 1))
            #expect(try await rig.initialize(version: version, timeout: 0) == .invalidTransactionTimeout)
            #expect(try await rig.initialize(version: version, timeout: 900_001) == .invalidTransactionTimeout)
            rig.id = ""
            #expect(try await rig.initialize(version: version) == .invalidRequest)
            guard version >= 3 else { return }
            var request = InitProducerIdRequest()
            request.transactionalId = "x"
            request.transactionTimeoutMs = 1000
            request.producerId = first.id
            request.producerEpoch = 7
            let refused = try await client.ask(request, version: version)
            #expect(refused.errorCode == (version < 4 ? .invalidProducerEpoch : .producerFenced))
        }
    }

    @Test(arguments: [1, 2], [true, false])
    func recordsBecomeReadableWithTheCommit(version: Int, isCommit: Bool) async throws {
        try await withProducer(version) { kafka, rig async throws in
            if version == 1 { #expect(try await rig.add(0) == [.none]) }
            #expect(try await rig.produce("a") == .none)
            let open = try await rig.client.read(isCommitted: true)
            #expect(open.values == [] && open.stable == 0)
            #expect(try await rig.client.read(isCommitted: false).values == ["a"])
            #expect(try await kafka.transaction("x")?.state == "Ongoing")
            #expect(try await rig.end(isCommit: isCommit) == .none)
            #expect(try await kafka.transaction("x")?.state == (isCommit ? "CompleteCommit" : "CompleteAbort"))
            let ended = try await rig.client.read(isCommitted: true)
            #expect(ended.values == ["a"])
            #expect(ended.aborted == (isCommit ? [] : [0]))
            #expect(ended.stable == 2)
            #expect(try await rig.client.read(isCommitted: false).aborted == nil)
            #expect(rig.producer.epoch == (version == 2 ? 1 : 0))
        }
    }

    @Test func latestIsTheLastStableOffsetForReadCommitted() async throws {
        try await withProducer { _, rig async throws in
            #expect(try await rig.produce("a") == .none)
            var request = ListOffsetsRequest.one("t", timestamp: -1)
            #expect(try await rig.client.ask(request, version: 7).only.offset == 1)
            request.isolationLevel = 1
            #expect(try await rig.client.ask(request, version: 7).only.offset == 0)
            #expect(try await rig.end(isCommit: true) == .none)
            #expect(try await rig.client.ask(request, version: 7).only.offset == 2)
        }
    }

    @Test func aWaitingReaderGetsTheRecordsWithTheCommit() async throws {
        try await withProducer { kafka, rig async throws in
            let consumer = try await RawClient.connect(to: kafka.bootstrapServers[0])
            defer { consumer.close() }
            var request = FetchRequest.one("t", offset: 0, maxWait: 3_600_000)
            request.isolationLevel = 1
            let id = try consumer.send(request, version: 12)
            await kafka.untilRequests(of: .fetch)
            #expect(try await rig.produce("a") == .none)
            #expect(!consumer.hasAnswer)
            #expect(try await rig.end(isCommit: true) == .none)
            let answer = try await consumer.answer(to: FetchRequest.self, version: 12, correlationID: id)
            #expect(answer.only.lastStableOffset == 2)
        }
    }

    @Test func recordsOutsideOfATransactionAreRefused() async throws {
        try await withProducer(1) { kafka, rig async throws in
            #expect(try await rig.produce("a") == .transactionAbortable)
            #expect(try await rig.produce("a", version: 10) == .invalidTxnState)
            #expect(try await rig.add(0) == [.none])
            #expect(try await rig.produce("a") == .none)
            #expect(try await rig.produce("b", partition: 1) == .transactionAbortable)
            #expect(try await rig.end(isCommit: true) == .none)
            // A late request of the transaction.
            #expect(try await rig.produce("late", sequence: 1) == .transactionAbortable)
            #expect(try await kafka.records(of: "t").map { String(decoding: $0.value ?? [], as: UTF8.self) } == ["a"])
        }
    }

    @Test func lateRecordsOfAnEarlierEpochAreRefused() async throws {
        try await withProducer { _, rig async throws in
            let late = rig.copy()
            #expect(try await rig.produce("a") == .none)
            #expect(try await rig.end(isCommit: true) == .none)
            #expect(try await late.produce("b", sequence: 1) == .invalidProducerEpoch)
            #expect(try await rig.produce("c") == .none)
            #expect(try await late.produce("b", sequence: 1) == .invalidProducerEpoch)
            #expect(try await late.end(isCommit: true) == .producerFenced)
        }
    }

    @Test(arguments: 0...3 as ClosedRange<Int16>) func partitionsAreAdded(version: Int16) async throws {
        try await withProducer(1) { kafka, rig async throws in
            #expect(try await rig.add(0, 1, version: version) == [.none, .none])
            let places = try await kafka.transaction("x")?.partitions.map(\.partition).sorted()
            #expect(places == [0, 1])
            #expect(
                try await rig.add(0, 9, version: version) == [.operationNotAttempted, .unknownTopicOrPartition])
            let other = rig.copy()
            other.producer.epoch += 1
            #expect(try await other.add(0, version: version) == [version < 2 ? .invalidProducerEpoch : .producerFenced])
            other.producer.id += 1
            #expect(try await other.add(0, version: version) == [.invalidProducerIdMapping])
            other.id = "y"
            #expect(try await other.add(0, version: version) == [.invalidProducerIdMapping])
        }
    }

    @Test(arguments: [4, 5] as [Int16]) func brokersAddPartitions(version: Int16) async throws {
        try await withProducer { kafka, rig async throws in
            #expect(try await rig.add(1, version: version) == [.none])
            #expect(try await kafka.transaction("x")?.partitions.map(\.partition) == [1])
        }
    }

    @Test(arguments: 0...5 as ClosedRange<Int16>) func transactionsAreEnded(version: Int16) async throws {
        try await withProducer { kafka, rig async throws in
            #expect(try await rig.add(0) == [.none])
            let late = rig.copy()
            #expect(try await rig.end(isCommit: true, version: version) == .none)
            #expect(try await kafka.transaction("x")?.state == "CompleteCommit")
            #expect(try await late.end(isCommit: true, version: version) == .none)
            #expect(late.producer == rig.producer)
            rig.producer.epoch += 5
            #expect(
                try await rig.end(isCommit: true, version: version)
                    == (version < 2 ? .invalidProducerEpoch : .producerFenced))
            rig.id = "y"
            #expect(try await rig.end(isCommit: true, version: version) == .invalidProducerIdMapping)
        }
    }

    @Test(arguments: 0...6 as ClosedRange<Int16>) func offsetsBecomeVisibleWithTheCommit(version: Int16) async throws {
        try await withProducer(version < 5 ? 1 : 2) { kafka, rig async throws in
            let id = try await topicID("t", rig.client)
            if version < 5 {
                #expect(
                    try await rig.commit(3, of: "g", version: version)
                        == (version < 4 ? .invalidTxnState : .transactionAbortable))
                #expect(try await rig.addOffsets(of: "g") == .none)
            }
            #expect(try await rig.commit(3, of: "g", version: version, topicID: id) == .none)
            #expect(try await kafka.transaction("x")?.partitions.map(\.topic) == ["__consumer_offsets"])
            #expect(try await rig.client.committed("g") == (-1, .none))
            #expect(try await rig.client.committed("g", requireStable: true) == (-1, .unstableOffsetCommit))
            #expect(try await rig.end(isCommit: true) == .none)
            #expect(try await rig.client.committed("g", requireStable: true) == (3, .none))

            if version < 5 { #expect(try await rig.addOffsets(of: "g") == .none) }
            #expect(try await rig.commit(5, of: "g", version: version, topicID: id) == .none)
            #expect(try await rig.end(isCommit: false) == .none)
            #expect(try await rig.client.committed("g", requireStable: true) == (3, .none))
        }
    }

    @Test func onlyAMemberOfTheGenerationCommitsOffsets() async throws {
        try await withProducer { _, rig async throws in
            let member = try await rig.client.joinAndSync("g")
            func code(_ generation: Int32, _ memberID: String) async throws -> ErrorCode {
                try await rig.commit(1, of: "g", version: 5, generation: generation, memberID: memberID)
            }
            #expect(try await code(member.generationId, "x") == .unknownMemberId)
            #expect(try await code(member.generationId + 1, member.memberId) == .illegalGeneration)
            #expect(try await code(member.generationId, member.memberId) == .none)
            #expect(try await rig.commit(1, of: "", version: 5) == .invalidGroupId)
            #expect(
                try await rig.commit(1, of: "nobody", version: 5, generation: 1, memberID: "m") == .illegalGeneration)
        }
    }

    @Test func aLateTransactionIsAbortedByTheClock() async throws {
        let clock = TestClock()
        var configuration = EmbeddedKafka.Configuration()
        configuration.clock = clock.loopClock
        try await withProducer(2, configuration) { kafka, rig async throws in
            #expect(try await rig.produce("a") == .none)
            await clock.advance(by: .milliseconds(59_999))
            #expect(try await kafka.transaction("x")?.state == "Ongoing")
            await clock.advance(by: .milliseconds(1))
            #expect(try await kafka.transaction("x")?.state == "CompleteAbort")
            #expect(try await rig.client.read(isCommitted: true).aborted == [0])
            #expect(try await rig.produce("b", sequence: 1) == .invalidProducerEpoch)
            #expect(try await rig.end(isCommit: true) == .invalidTxnState)
        }
    }

    @Test func untilTheMarkersAreWrittenTheNextTransactionWaits() async throws {
        let clock = TestClock()
        var configuration = EmbeddedKafka.Configuration()
        configuration.clock = clock.loopClock
        configuration.transactionMarkerDelay = .seconds(1)
        try await withProducer(2, configuration) { kafka, rig async throws in
            #expect(try await rig.produce("a") == .none)
            #expect(try await rig.end(isCommit: true) == .none)
            #expect(try await kafka.transaction("x")?.state == "PrepareCommit")
            #expect(try await rig.produce("b") == .concurrentTransactions)
            #expect(try await rig.initialize() == .concurrentTransactions)
            #expect(try await rig.client.read(isCommitted: true).values == [])
            await clock.advance(by: .seconds(1))
            #expect(try await kafka.transaction("x")?.state == "CompleteCommit")
            #expect(try await rig.produce("b") == .none)
        }
    }

    @Test func anotherCoordinatorGoesOn() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t")
            try await kafka.moveCoordinator(ofTransactionalID: "x", to: 1)
            let rig = TransactionRig(client: client)
            #expect(try await rig.initialize() == .none)
            #expect(try await rig.produce("a") == .none)
            try await kafka.moveCoordinator(ofTransactionalID: "x", to: 2)
            #expect(try await kafka.coordinator(ofTransactionalID: "x") == 2)
            #expect(try await rig.end(isCommit: true) == .notCoordinator)
            let other = try await RawClient.connect(to: kafka.bootstrapServers[1])
            defer { other.close() }
            let moved = TransactionRig(client: other, producer: rig.producer)
            #expect(try await moved.end(isCommit: true) == .none)
            #expect(try await client.read(isCommitted: true).values == ["a"])
            rig.producer = moved.producer
            #expect(try await rig.produce("b") == .none)
            try await kafka.stopBroker(2)
            #expect(try await rig.end(isCommit: true) == .none)
            #expect(try await client.read(isCommitted: true).values == ["a", "b"])
        }
    }

    @Test func aMarkerWaitsForALeader() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.moveCoordinator(ofTransactionalID: "x", to: 1)
            let rig = TransactionRig(client: client, version: 1)
            #expect(try await rig.initialize() == .none)
            #expect(try await rig.add(0, 1) == [.none, .none])
            try await kafka.stopBroker(2)
            #expect(try await rig.end(isCommit: true) == .none)
            #expect(try await kafka.transaction("x")?.state == "PrepareCommit")
            try await kafka.startBroker(2)
            #expect(try await kafka.transaction("x")?.state == "CompleteCommit")
        }
    }

    @Test func transactionsAndProducersAreDescribed() async throws {
        try await withProducer { _, rig async throws in
            #expect(try await rig.produce("a", partition: 1) == .none)
            var describe = DescribeTransactionsRequest()
            describe.transactionalIds = ["x", "missing", ""]
            let states = try await rig.client.ask(describe, version: 0).transactionStates
            #expect(states.map(\.errorCode) == [.none, .transactionalIdNotFound, .invalidRequest])
            #expect(states[0].transactionState == "Ongoing")
            #expect(states[0].transactionTimeoutMs == 60_000)
            #expect(states[0].transactionStartTimeMs > 0)
            #expect(states[0].producerId == rig.producer.id)
            #expect(states[0].topics.map(\.topic) == ["t"])
            #expect(states[0].topics.map(\.partitions) == [[1]])

            var topic = DescribeProducersRequest.TopicRequest()
            topic.name = "t"
            topic.partitionIndexes = [0, 1, 2]
            var producers = DescribeProducersRequest()
            producers.topics = [topic]
            let parts = try await rig.client.ask(producers, version: 0).topics[0].partitions
            #expect(parts.map(\.errorCode) == [.none, .none, .unknownTopicOrPartition])
            #expect(parts[0].activeProducers.isEmpty)
            #expect(parts[1].activeProducers.map(\.producerId) == [rig.producer.id])
            #expect(parts[1].activeProducers.map(\.currentTxnStartOffset) == [0])
            #expect(parts[1].activeProducers.map(\.lastSequence) == [0])
        }
    }

    @Test(arguments: 0...2 as ClosedRange<Int16>) func transactionsAreListed(version: Int16) async throws {
        try await withProducer { _, rig async throws in
            #expect(try await rig.produce("a") == .none)
            let other = TransactionRig(client: rig.client, id: "other")
            #expect(try await other.initialize() == .none)
            func ids(_ change: (inout ListTransactionsRequest) -> Void = { _ in }) async throws -> [String] {
                var request = ListTransactionsRequest()
                change(&request)
                return try await rig.client.ask(request, version: version).transactionStates.map(\.transactionalId)
            }
            #expect(try await ids() == ["other", "x"])
            #expect(try await ids { $0.stateFilters = ["Ongoing"] } == ["x"])
            #expect(try await ids { $0.producerIdFilters = [other.producer.id] } == ["other"])
            var unknown = ListTransactionsRequest()
            unknown.stateFilters = ["Odd"]
            let answer = try await rig.client.ask(unknown, version: version)
            #expect(answer.unknownStateFilters == ["Odd"])
            #expect(answer.transactionStates.isEmpty)
            if version >= 1 { #expect(try await ids { $0.durationFilter = 3_600_000 } == ["other"]) }
            guard version >= 2 else { return }
            #expect(try await ids { $0.transactionalIdPattern = "o.*" } == ["other"])
            #expect(try await ids { $0.transactionalIdPattern = "o" } == [])
            unknown.transactionalIdPattern = "("
            #expect(try await rig.client.ask(unknown, version: version).errorCode == .invalidRegularExpression)
        }
    }

    @Test(arguments: WriteTxnMarkersRequest.validVersions) func anAdministratorAbortsATransaction(version: Int16)
        async throws
    {
        try await withProducer { _, rig async throws in
            #expect(try await rig.produce("a") == .none)
            var topic = WriteTxnMarkersRequest.WritableTxnMarkerTopic()
            topic.name = "t"
            topic.partitionIndexes = [0, 9]
            var marker = WriteTxnMarkersRequest.WritableTxnMarker()
            marker.producerId = rig.producer.id
            marker.producerEpoch = rig.producer.epoch
            marker.topics = [topic]
            var request = WriteTxnMarkersRequest()
            request.markers = [marker]
            let answer = try await rig.client.ask(request, version: version)
            #expect(answer.markers[0].topics[0].partitions.map(\.errorCode) == [.none, .unknownTopicOrPartition])
            let read = try await rig.client.read(isCommitted: true)
            #expect(read.aborted == [0] && read.stable == 2)
        }
    }
}

// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ProduceAndFetchTests {
    @Test(arguments: ProduceRequest.validVersions) func producedRecordsAreFetched(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            let id = try await topicID("t", client)
            for (sent, base) in [(["a", "b"], 0), (["c"], 2)] as [([String], Int64)] {
                let answer = try await client.ask(
                    ProduceRequest.one(try batch(sent), to: version < 13 ? "t" : "", id: version < 13 ? .zero : id),
                    version: version)
                #expect(answer.only.errorCode == .none)
                #expect(answer.only.baseOffset == base)
            }
            let fetched = try await client.ask(FetchRequest.one("t", offset: 0), version: 4)
            let found = try records(in: fetched.only.records ?? [])
            #expect(found.map(\.offset) == [0, 1, 2])
            #expect(found.map(\.value) == ["a", "b", "c"])
            #expect(fetched.only.highWatermark == 3)
        }
    }

    @Test(arguments: FetchRequest.validVersions) func fetchingWorksInEachVersion(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            let id = try await topicID("t", client)
            _ = try await client.ask(ProduceRequest.one(try batch(["a", "b"]), to: "t"), version: 9)
            let answer = try await client.ask(
                FetchRequest.one(version < 13 ? "t" : "", id: version < 13 ? .zero : id, offset: 1), version: version)
            #expect(answer.errorCode == .none)
            #expect(answer.only.errorCode == .none)
            // The batch is returned whole, including the records before the offset.
            #expect(try records(in: answer.only.records ?? []).map(\.value) == ["a", "b"])
        }
    }

    @Test func aProduceRequestWithAcks0HasNoAnswerAndTheNextRequestHas() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            try client.send(ProduceRequest.one(try batch(["a"]), to: "t", acks: 0), version: 9)
            let answer = try await client.ask(ListOffsetsRequest.one("t", timestamp: -1), version: 1)
            #expect(answer.only.offset == 1)
        }
    }

    @Test func anErrorWithAcks0ClosesTheConnection() async throws {
        try await withCluster { _, client in
            try client.send(ProduceRequest.one(try batch(["a"]), to: "nowhere", acks: 0), version: 9)
            #expect(await client.nextFrame() == nil)
        }
    }

    @Test func aRetryGetsTheOffsetOfTheFirstAttempt() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            let first = try batch(["a", "b"], producerID: 7, epoch: 0, sequence: 0)
            for _ in 0..<2 {
                let answer = try await client.ask(ProduceRequest.one(first, to: "t"), version: 9)
                #expect(answer.only.errorCode == .none)
                #expect(answer.only.baseOffset == 0)
            }
            #expect(try await kafka.offsets(of: "t", partition: 0) == 0..<2)
        }
    }

    @Test func errorsAreThoseOfKafka() async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 2)
        configuration.maxBatchBytes = 200
        try await withCluster(configuration) { kafka, client in
            try await kafka.createTopic("t", partitions: 2)
            func code(_ request: ProduceRequest, version: Int16 = 9) async throws -> ErrorCode {
                try await client.ask(request, version: version).only.errorCode
            }
            let good = try batch(["a"])
            #expect(try await code(.one(good, to: "nowhere")) == .unknownTopicOrPartition)
            #expect(try await code(.one(good, to: "t", partition: 9)) == .unknownTopicOrPartition)
            #expect(try await code(.one(good, to: "", id: KafkaUUID(high: 1, low: 1)), version: 13) == .unknownTopicId)
            #expect(try await code(.one(good, to: "t", partition: 1)) == .notLeaderOrFollower)
            #expect(try await code(.one(good, to: "t", acks: 3)) == .invalidRequiredAcks)
            let large = try batch([String(repeating: "x", count: 300)])
            #expect(try await code(.one(large, to: "t")) == .messageTooLarge)
            #expect(try await code(.one(Bytes(Array(good) + Array(good)), to: "t")) == .invalidRecord)
            #expect(try await code(.one(Bytes(), to: "t")) == .corruptMessage)
            var damaged = Array(good)
            damaged[damaged.count - 2] ^= 1
            #expect(try await code(.one(Bytes(damaged), to: "t")) == .corruptMessage)
            let gap = try batch(["a"], producerID: 7, epoch: 0, sequence: 3)
            #expect(try await code(.one(try batch(["a"], producerID: 7, epoch: 0, sequence: 0), to: "t")) == .none)
            #expect(try await code(.one(gap, to: "t")) == .outOfOrderSequenceNumber)
            let future = try batch(["a"], timestamp: 1 << 60)
            #expect(try await code(.one(future, to: "t")) == .invalidTimestamp)
        }
    }

    @Test func theWrongBrokerNamesTheLeader() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t", partitions: 2)
            let id = try await topicID("t", client)
            let produced = try await client.ask(
                ProduceRequest.one(try batch(["a"]), to: "", id: id, partition: 1), version: 13)
            #expect(produced.only.currentLeader.leaderId == 2)
            #expect(produced.nodeEndpoints.map { "\($0.host):\($0.port)" } == [kafka.bootstrapServers[1]])
            let fetched = try await client.ask(FetchRequest.one("", id: id, partition: 1, offset: 0), version: 16)
            #expect(fetched.only.errorCode == .notLeaderOrFollower)
            #expect(fetched.only.currentLeader.leaderId == 2)
            #expect(fetched.nodeEndpoints.map { "\($0.host):\($0.port)" } == [kafka.bootstrapServers[1]])
        }
    }

    @Test func aWaitingFetchReturnsAsSoonAsThereAreRecords() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            let producer = try await RawClient.connect(to: kafka.bootstrapServers[0])
            defer { producer.close() }
            // An hour, so only the record can end the wait.
            let id = try client.send(FetchRequest.one("t", offset: 0, maxWait: 3_600_000), version: 12)
            await kafka.untilRequests(of: .fetch)
            #expect(!client.hasAnswer)
            _ = try await producer.ask(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            let answer = try await client.answer(to: FetchRequest.self, version: 12, correlationID: id)
            #expect(try records(in: answer.only.records ?? []).map(\.value) == ["a"])
        }
    }

    @Test func aWaitingFetchEndsWhenItsTimeIsOver() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            let answer = try await client.ask(FetchRequest.one("t", offset: 0, maxWait: 20), version: 12)
            #expect(answer.only.errorCode == .none)
            #expect(answer.only.records?.isEmpty != false || answer.only.records?.first?.isEmpty == true)
        }
    }

    @Test func aWaitingFetchIsAnsweredWhenTheLeaderChanges() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t", replicationFactor: 2)
            let id = try client.send(
                FetchRequest.one("t", offset: 0, maxWait: 3_600_000, leaderEpoch: 0), version: 12)
            await kafka.untilRequests(of: .fetch)
            try await kafka.moveLeader(of: "t", partition: 0, to: 2)
            let answer = try await client.answer(to: FetchRequest.self, version: 12, correlationID: id)
            #expect(answer.only.errorCode == .fencedLeaderEpoch)
        }
    }

    @Test func leaderEpochsAreChecked() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            try await kafka.moveLeader(of: "t", partition: 0, to: 1)
            func code(_ epoch: Int32) async throws -> ErrorCode {
                try await client.ask(FetchRequest.one("t", offset: 0, leaderEpoch: epoch), version: 12).only.errorCode
            }
            #expect(try await code(0) == .fencedLeaderEpoch)
            #expect(try await code(1) == .none)
            #expect(try await code(2) == .unknownLeaderEpoch)
            #expect(try await code(-1) == .none)
        }
    }

    @Test func offsetsOutsideTheLogAreOutOfRange() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            _ = try await client.ask(ProduceRequest.one(try batch(["a", "b"]), to: "t"), version: 9)
            try await kafka.deleteRecords("t", partition: 0, before: 1)
            for (offset, expected) in [(0, .offsetOutOfRange), (1, .none), (2, .none), (3, .offsetOutOfRange)]
                as [(Int64, ErrorCode)]
            {
                let answer = try await client.ask(FetchRequest.one("t", offset: offset), version: 12)
                #expect(answer.only.errorCode == expected, "offset \(offset)")
            }
        }
    }

    @Test func aSessionNamesOnlyWhatHasChanged() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t", partitions: 2)
            var request = FetchRequest.one("t", offset: 0)
            request.topics[0].partitions.append(request.topics[0].partitions[0])
            request.topics[0].partitions[1].partition = 1
            request.sessionEpoch = 0
            let first = try await client.ask(request, version: 12)
            #expect(first.sessionId != 0)
            #expect(first.responses[0].partitions.map(\.partitionIndex) == [0, 1])

            request.topics = []
            request.sessionId = first.sessionId
            request.sessionEpoch = 1
            #expect(try await client.ask(request, version: 12).responses.isEmpty)

            _ = try await client.ask(ProduceRequest.one(try batch(["a"]), to: "t", partition: 1), version: 9)
            request.sessionEpoch = 2
            let third = try await client.ask(request, version: 12)
            #expect(third.responses.flatMap(\.partitions).map(\.partitionIndex) == [1])

            request.sessionEpoch = 2
            #expect(try await client.ask(request, version: 12).errorCode == .invalidFetchSessionEpoch)
            request.sessionId = first.sessionId &+ 1
            #expect(try await client.ask(request, version: 12).errorCode == .fetchSessionIdNotFound)
        }
    }

    @Test func theNearestReplicaIsOfferedToAConsumerInItsRack() async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 2)
        configuration.racks = ["a", "b"]
        configuration.offerNearestReplica = true
        try await withCluster(configuration) { kafka, client in
            try await kafka.createTopic("t", replicationFactor: 2)
            _ = try await client.ask(ProduceRequest.one(try batch(["x"]), to: "t"), version: 9)
            var request = FetchRequest.one("t", offset: 0)
            request.rackId = "b"
            #expect(try await client.ask(request, version: 12).only.preferredReadReplica == 2)
            let near = try await RawClient.connect(to: kafka.bootstrapServers[1])
            defer { near.close() }
            let answer = try await near.ask(request, version: 12)
            #expect(try records(in: answer.only.records ?? []).map(\.value) == ["x"])
        }
    }
}

func topicID(_ name: String, _ client: RawClient) async throws -> KafkaUUID {
    try await client.ask(MetadataRequest.named([name]), version: 12).topics[0].topicId
}

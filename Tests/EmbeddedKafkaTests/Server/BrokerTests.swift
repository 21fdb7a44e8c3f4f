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

/// Brokers that stop and restart, and leaders that move.
@Suite(.timeLimit(.minutes(2))) struct BrokerTests {
    @Test func otherBrokersLeadThePartitionsOfAStoppedBroker() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 3)) { kafka, client in
            try await kafka.createTopic("t", replicationFactor: 2)
            _ = try await client.ask(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            let second = try await RawClient.connect(to: kafka.bootstrapServers[1])
            defer { second.close() }
            try await kafka.stopBroker(1)
            #expect(await client.nextFrame() == nil)
            await #expect(throws: (any Error).self) { try await RawClient.connect(to: kafka.bootstrapServers[0]) }

            let metadata = try await second.ask(MetadataRequest.named(["t"]), version: 9)
            #expect(metadata.brokers.map(\.nodeId) == [2, 3])
            #expect(metadata.topics[0].partitions[0].leaderId == 2)
            #expect(metadata.topics[0].partitions[0].leaderEpoch == 1)
            #expect(metadata.topics[0].partitions[0].isrNodes == [2])
            #expect(metadata.topics[0].partitions[0].offlineReplicas == [1])
            let fetched = try await second.ask(FetchRequest.one("t", offset: 0), version: 9)
            #expect(try records(in: fetched.only.records ?? []).map(\.value) == ["a"])

            try await kafka.startBroker(1)
            let again = try await RawClient.connect(to: kafka.bootstrapServers[0])
            defer { again.close() }
            let after = try await again.ask(MetadataRequest.named(["t"]), version: 9)
            #expect(after.brokers.map(\.nodeId) == [1, 2, 3])
            #expect(after.topics[0].partitions[0].leaderId == 2)
            #expect(after.topics[0].partitions[0].isrNodes.sorted() == [1, 2])
        }
    }

    @Test func aPartitionHasNoLeaderWhileItsOnlyReplicaIsStopped() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.stopBroker(2)
            let without = try await client.ask(MetadataRequest.named(["t"]), version: 9).topics[0].partitions[1]
            #expect(without.errorCode == .leaderNotAvailable)
            #expect(without.leaderId == -1)
            try await kafka.startBroker(2)
            let with = try await client.ask(MetadataRequest.named(["t"]), version: 9).topics[0].partitions[1]
            #expect(with.errorCode == .none)
            #expect(with.leaderId == 2)
        }
    }

    @Test func groupsOfAStoppedBrokerHaveAnotherCoordinator() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t")
            try await kafka.moveCoordinator(ofGroup: "g", to: 2)
            let second = try await RawClient.connect(to: kafka.bootstrapServers[1])
            defer { second.close() }
            _ = try await second.ask(OffsetCommitRequest.of("g", "t", offset: 5), version: 8)
            try await kafka.stopBroker(2)
            #expect(try await kafka.coordinator(ofGroup: "g") == 1)
            #expect(try await client.fetchOffsets("g", topic: "t", partitions: [0], version: 8) == [0: 5])
        }
    }

    @Test func aLeaderCanBeMovedToAnyBrokerAndContinuesTheLog() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 3)) { kafka, client in
            try await kafka.createTopic("t", replicationFactor: 2)
            _ = try await client.ask(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            try await kafka.moveLeader(of: "t", partition: 0, to: 3)
            let refused = try await client.ask(ProduceRequest.one(try batch(["b"]), to: "t"), version: 9)
            #expect(refused.only.errorCode == .notLeaderOrFollower)
            let third = try await RawClient.connect(to: kafka.bootstrapServers[2])
            defer { third.close() }
            let taken = try await third.ask(ProduceRequest.one(try batch(["b"]), to: "t"), version: 9)
            #expect(taken.only.baseOffset == 1)
            #expect(try await kafka.leader(of: "t", partition: 0) == 3)
            #expect(try await kafka.leaderEpoch(of: "t", partition: 0) == 1)
            let metadata = try await client.ask(MetadataRequest.named(["t"]), version: 9)
            #expect(metadata.topics[0].partitions[0].replicaNodes == [3, 2])
        }
    }

    @Test func acksAllIsRefusedWithTooFewInSyncReplicas() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t", replicationFactor: 2, configuration: ["min.insync.replicas": "2"])
            try await kafka.stopBroker(2)
            let all = try await client.ask(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            #expect(all.only.errorCode == .notEnoughReplicas)
            let one = try await client.ask(ProduceRequest.one(try batch(["a"]), to: "t", acks: 1), version: 9)
            #expect(one.only.errorCode == .none)
        }
    }

    @Test func noMoreReplicasMustBeInSyncThanThereAre() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t", configuration: ["min.insync.replicas": "2"])
            let answer = try await client.ask(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            #expect(answer.only.errorCode == .none)
        }
    }

    @Test func connectionsCanBeCutAllOrOne() async throws {
        try await withCluster { kafka, client in
            _ = try await client.ask(ListGroupsRequest(), version: 4)
            let other = try await RawClient.connect(to: kafka.bootstrapServers[0])
            defer { other.close() }
            _ = try await other.ask(ListGroupsRequest(), version: 4)
            #expect(try await kafka.connectionCount(of: 1) == 2)
            try await kafka.closeConnections(connection: kafka.requests[1].connection)
            #expect(await other.nextFrame() == nil)
            _ = try await client.ask(ListGroupsRequest(), version: 4)
            try await kafka.closeConnections(of: 1)
            #expect(await client.nextFrame() == nil)
        }
    }

    @Test func aLogAppendTimeIsReturnedToTheProducer() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t", configuration: ["message.timestamp.type": "LogAppendTime"])
            let answer = try await client.ask(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            #expect(answer.only.logAppendTimeMs > 1_600_000_000_000)
            let found = try await client.ask(ListOffsetsRequest.one("t", timestamp: -3), version: 7)
            #expect(found.only.timestamp == answer.only.logAppendTimeMs)
        }
    }

    @Test func retentionBoundsTheMemoryOfAPartition() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.retentionBytes = 100_000
        try await withCluster(configuration) { kafka, client in
            try await kafka.createTopic("t")
            try await kafka.createTopic("kept", configuration: ["retention.bytes": "-1"])
            let large = try batch([String(repeating: "x", count: 100_000)])
            for topic in ["t", "kept"] {
                for _ in 0..<30 { _ = try await client.ask(ProduceRequest.one(large, to: topic), version: 9) }
            }
            let offsets = try await kafka.offsets(of: "t", partition: 0)
            #expect(offsets.upperBound == 30)
            #expect(offsets.lowerBound > 0)
            #expect(try await kafka.offsets(of: "kept", partition: 0) == 0..<30)
        }
    }

    @Test func anInvalidConfigurationAndAnOccupiedPortAreErrors() async throws {
        await #expect(throws: EmbeddedKafkaError.self) {
            try await EmbeddedKafka.withCluster(brokers: 0) { _ in }
        }
        try await EmbeddedKafka.withBroker { kafka in
            var configuration = EmbeddedKafka.Configuration()
            configuration.ports = [Int(kafka.bootstrapServers[0].split(separator: ":")[1]) ?? 0]
            let error = await #expect(throws: EmbeddedKafkaError.self) {
                try await EmbeddedKafka.start(configuration)
            }
            #expect(error?.description.contains("can't listen") == true)
            await #expect(throws: EmbeddedKafkaError.self) { try await kafka.createTopic("bad name") }
            await #expect(throws: EmbeddedKafkaError.self) { try await kafka.moveLeader(of: "t", partition: 0, to: 1) }
            await #expect(throws: EmbeddedKafkaError.self) { try await kafka.stopBroker(9) }
        }
    }

    @Test func aStoppedClusterFailsCallsWithThatReason() async throws {
        let kafka = try await EmbeddedKafka.start()
        let client = try await RawClient.connect(to: kafka.bootstrapServers[0])
        defer { client.close() }
        await kafka.stop()
        await kafka.stop()
        #expect(await client.nextFrame() == nil)
        await #expect(throws: EmbeddedKafkaError.self) { try await kafka.topics() }
    }
}

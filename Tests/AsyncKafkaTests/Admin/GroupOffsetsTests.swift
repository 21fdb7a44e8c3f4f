// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// The calls about groups' committed offsets, on the embedded broker.
@Suite(.timeLimit(.minutes(1))) struct GroupOffsetsTests {
    private let clock = TestClock()

    private func withAdmin(
        maxVersions: [EmbeddedKafka.API: Int16] = [:],
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaAdminClient) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 3)
        configuration.maxVersions = maxVersions
        try await self.clock.withAdminClient(configuration) { kafka, admin in
            try await kafka.createTopic("t", partitions: 3)
            try await body(kafka, admin)
        }
    }

    private func partition(_ number: Int32) -> TopicPartition { TopicPartition("t", number) }

    /// Writes ten records into each partition, whose timestamps are 1000, 2000, …
    private func write(_ admin: KafkaAdminClient) async throws {
        try await KafkaProducer.withProducer(ProducerConfiguration(admin.cluster.configuration)) { producer in
            for partition in 0..<Int32(3) {
                for number in 1...10 {
                    var record = ProducerRecord(topic: "t", partition: partition, value: "\(number)")
                    record.timestamp = Timestamp(millisecondsSince1970: Int64(number) * 1000)
                    _ = try await producer.send(record)
                }
            }
        }
    }

    private func commit(_ offsets: [Int32: Int64], of group: String, _ admin: KafkaAdminClient) async throws {
        let pairs = offsets.map { (self.partition($0.key), OffsetAndMetadata(offset: $0.value)) }
        try await admin.alterGroupOffsets(Dictionary(uniqueKeysWithValues: pairs), of: group).allSucceeded()
    }

    private func withMember(_ group: String, _ kafka: EmbeddedKafka, _ body: () async throws -> Void) async throws {
        var configuration = ConsumerConfiguration(kafka.clientConfiguration)
        configuration.groupID = group
        configuration.enableAutoCommit = false
        try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
            while try await kafka.group(group)?.state != "Stable" {
                _ = try await consumer.poll(timeout: .milliseconds(100))
            }
            try await body()
        }
    }

    /// Version 7 of OffsetFetch is the last for one group.
    @Test(arguments: [Int16(5), 7, 9]) func offsetsAreSetAndListed(version: Int16) async throws {
        try await self.withAdmin(maxVersions: [.offsetFetch: version]) { _, admin in
            try await admin.alterGroupOffsets(
                [
                    self.partition(0): OffsetAndMetadata(offset: 5, leaderEpoch: 0, metadata: "five"),
                    self.partition(1): OffsetAndMetadata(offset: 7),
                ], of: "a"
            ).allSucceeded()
            try await self.commit([2: 9], of: "b", admin)
            let results = try await admin.listGroupOffsets(["a", "b", "missing"]).allSucceeded()
            #expect(
                results["a"] == [
                    self.partition(0): OffsetAndMetadata(offset: 5, leaderEpoch: 0, metadata: "five"),
                    self.partition(1): OffsetAndMetadata(offset: 7),
                ])
            #expect(results["b"] == [self.partition(2): OffsetAndMetadata(offset: 9)])
            #expect(results["missing"] == [:])
            let some = await admin.listGroupOffsets(of: "a", in: [self.partition(1), self.partition(2)])
            #expect(try some[self.partition(1)]?.get()?.offset == 7)
            let none = try #require(some[self.partition(2)])
            #expect(try none.get() == nil)
            // Only brokers from 2.5 on can wait for open transactions.
            let stable = await admin.listGroupOffsets(["a"], requireStable: true)
            let few = await admin.listGroupOffsets(of: "a", in: [self.partition(1)], requireStable: true)
            if version >= 7 {
                #expect(try stable["a"]?.get().count == 2)
                #expect(try few[self.partition(1)]?.get()?.offset == 7)
            } else {
                for error in [stable["a"]?.failure, few[self.partition(1)]?.failure] {
                    #expect(error?.code == .unsupportedVersion)
                    #expect(error?.message.contains("Kafka 2.5") == true)
                }
            }
        }
    }

    @Test func anOffsetThatCannotBeSetDoesNotKeepOthersFromBeingSet() async throws {
        try await self.withAdmin { _, admin in
            let missing = TopicPartition("missing", 0)
            let results = await admin.alterGroupOffsets(
                [
                    self.partition(0): OffsetAndMetadata(offset: 1), self.partition(1): OffsetAndMetadata(offset: -1),
                    missing: OffsetAndMetadata(offset: 1),
                ], of: "g")
            #expect(throws: Never.self) { try results[self.partition(0)]?.get() }
            #expect(results[self.partition(1)]?.failure?.code == .invalidArgument)
            #expect(results[missing]?.failure?.code == .unknownTopicOrPartition)
        }
    }

    @Test func onlyMembersCommitForAGroupThatHasAny() async throws {
        try await self.withAdmin { kafka, admin in
            try await self.withMember("g", kafka) {
                let results = await admin.alterGroupOffsets(
                    [self.partition(0): OffsetAndMetadata(offset: 1)], of: "g")
                let error = try #require(results[self.partition(0)]?.failure)
                #expect(error.brokerCode == .nonEmptyGroup)
                #expect(error.group == "g" && error.topic == "t")
                for dryRun in [true, false] {
                    let error = await #expect(throws: KafkaError.self) {
                        try await admin.resetGroupOffsets(
                            of: "g", partitions: [self.partition(0)], to: .earliest, dryRun: dryRun)
                    }
                    #expect(error?.brokerCode == .nonEmptyGroup)
                }
                #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == nil)
            }
        }
    }

    @Test func offsetsAreDeletedUnlessAMemberSubscribesToTheTopic() async throws {
        try await self.withAdmin { kafka, admin in
            try await kafka.createTopic("other")
            let other = TopicPartition("other", 0)
            try await self.commit([0: 5, 1: 6], of: "g", admin)
            try await admin.alterGroupOffsets([other: OffsetAndMetadata(offset: 7)], of: "g").allSucceeded()
            let missing = TopicPartition("missing", 0)
            let first = await admin.deleteGroupOffsets([self.partition(0), self.partition(2), missing], of: "g")
            #expect(throws: Never.self) { try first[self.partition(0)]?.get() }
            #expect(throws: Never.self) { try first[self.partition(2)]?.get() }
            #expect(first[missing]?.failure?.code == .unknownTopicOrPartition)
            try await self.withMember("g", kafka) {
                let results = await admin.deleteGroupOffsets([self.partition(1), other], of: "g")
                #expect(results[self.partition(1)]?.failure?.brokerCode == .groupSubscribedToTopic)
                #expect(throws: Never.self) { try results[other]?.get() }
            }
            let left = try await admin.listGroupOffsets(["g"]).allSucceeded()["g"]
            #expect(left?.mapValues(\.offset) == [self.partition(1): 6])
            let unknown = await admin.deleteGroupOffsets([self.partition(0)], of: "nobody")
            #expect(unknown[self.partition(0)]?.failure?.brokerCode == .groupIdNotFound)
        }
    }

    @Test func offsetsAreResetToPlacesInTheLog() async throws {
        try await self.withAdmin { kafka, admin in
            try await self.write(admin)
            try await admin.deleteRecords([self.partition(0): .before(3)]).allSucceeded()
            func reset(_ target: OffsetReset, dryRun: Bool = false) async throws -> [[Int64?]] {
                try await self.commit([0: 5, 1: 5], of: "g", admin)
                let changes = try await admin.resetGroupOffsets(of: "g", to: target, dryRun: dryRun)
                #expect(changes.map(\.partition) == [self.partition(0), self.partition(1)])
                let now = try await admin.listGroupOffsets(["g"]).allSucceeded()["g"]?.mapValues(\.offset)
                let expected = dryRun ? [5, 5] : changes.map(\.new)
                #expect(now == [self.partition(0): expected[0], self.partition(1): expected[1]])
                return changes.map { [$0.current, $0.new] }
            }
            #expect(try await reset(.earliest) == [[5, 3], [5, 0]])
            #expect(try await reset(.earliest, dryRun: true) == [[5, 3], [5, 0]])
            #expect(try await reset(.latest) == [[5, 10], [5, 10]])
            // Timestamps are 1000 for offset 0, 2000 for offset 1 …
            #expect(try await reset(.timestamp(Timestamp(millisecondsSince1970: 6500))) == [[5, 6], [5, 6]])
            #expect(try await reset(.timestamp(Timestamp(millisecondsSince1970: 99_000))) == [[5, 10], [5, 10]])
            #expect(try await reset(.age(.seconds(1))) == [[5, 10], [5, 10]])
            #expect(try await reset(.age(.seconds(1 << 60))) == [[5, 3], [5, 0]])
            #expect(try await reset(.shift(by: 2)) == [[5, 7], [5, 7]])
            #expect(try await reset(.shift(by: -4)) == [[5, 3], [5, 1]])
            #expect(try await reset(.shift(by: .max)) == [[5, 10], [5, 10]])
            #expect(try await reset(.offset(1)) == [[5, 3], [5, 1]])
            #expect(try await reset(.offset(.max)) == [[5, 10], [5, 10]])
            let change = OffsetChange(partition: self.partition(0), current: 5, new: 3)
            #expect("\(change)" == "t-0: 5 → 3")
        }
    }

    @Test func offsetsAreResetToThoseOfAnotherGroup() async throws {
        try await self.withAdmin { kafka, admin in
            try await self.write(admin)
            try await self.commit([0: 2, 1: 4], of: "other", admin)
            try await self.commit([1: 9, 2: 9], of: "g", admin)
            let all = try await admin.resetGroupOffsets(of: "g", to: .group("other"))
            #expect(all.map(\.description) == ["t-0: none → 2", "t-1: 9 → 4"])
            let few = try await admin.resetGroupOffsets(
                of: "new", partitions: [self.partition(0), self.partition(2)], to: .group("other"))
            #expect(few.map(\.description) == ["t-0: none → 2"])
            let offsets = try await admin.listGroupOffsets(["g", "new"]).allSucceeded().mapValues {
                $0.mapValues(\.offset)
            }
            #expect(offsets["g"] == [self.partition(0): 2, self.partition(1): 4, self.partition(2): 9])
            #expect(offsets["new"] == [self.partition(0): 2])
        }
    }

    @Test func aResetThatCannotBePlannedChangesNothing() async throws {
        try await self.withAdmin { kafka, admin in
            try await self.write(admin)
            try await self.commit([0: 5], of: "g", admin)
            let shifted = await #expect(throws: KafkaError.self) {
                try await admin.resetGroupOffsets(
                    of: "g", partitions: [self.partition(0), self.partition(1)], to: .shift(by: 1))
            }
            #expect(shifted?.code == .invalidArgument && shifted?.partition == 1)
            let early = await #expect(throws: KafkaError.self) {
                try await admin.resetGroupOffsets(of: "g", to: .timestamp(Timestamp(millisecondsSince1970: -2)))
            }
            #expect(early?.code == .invalidArgument)
            let missing = await #expect(throws: KafkaError.self) {
                try await admin.resetGroupOffsets(
                    of: "g", partitions: [self.partition(0), TopicPartition("missing", 0)], to: .earliest,
                    timeout: .seconds(5))
            }
            #expect(missing?.code == .unknownTopicOrPartition)
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 5)
        }
    }

    @Test func theLagOfAGroupIsToldForEachPartition() async throws {
        try await self.withAdmin { kafka, admin in
            try await self.write(admin)
            try await kafka.createTopic("gone")
            try await self.commit([0: 4, 1: 10], of: "g", admin)
            try await admin.alterGroupOffsets([TopicPartition("gone", 0): OffsetAndMetadata(offset: 3)], of: "g")
                .allSucceeded()
            let gone = try #require(try await admin.describeGroupLag(["g"]).allSucceeded()["g"])
            #expect(
                gone.partitions.map(\.partition) == [TopicPartition("gone", 0), self.partition(0), self.partition(1)])
            try await self.withMember("g", kafka) {
                let results = await admin.describeGroupLag(["g", "missing"])
                let lag = try #require(try results["g"]?.get())
                let own = lag.partitions.filter { $0.partition.topic == "t" }
                #expect(own.map(\.partition) == (0..<3).map(self.partition))
                #expect(own.map { $0.committed?.offset } == [4, 10, nil])
                #expect(own.map(\.logEnd) == [10, 10, 10])
                #expect(own.map(\.lag) == [6, 0, nil])
                let member = try await kafka.group("g")?.members.first?.id
                #expect(own.map(\.memberID) == [member, member, member])
                #expect(lag.total == 6)
                #expect("\(lag)".contains("g: lag 6 in 4 partitions\n"))
                #expect("\(lag)".contains("t-0: lag 6 (committed 4, end 10)"))
                #expect("\(lag)".contains("t-2: lag unknown (committed none, end 10)"))
                #expect(results["missing"]?.failure?.brokerCode == .groupIdNotFound)
            }
        }
    }

    /// A deleted topic has no end, and doesn't keep the others waiting.
    @Test func theLagInADeletedTopicIsUnknown() {
        var calculation = LagCalculation(
            descriptions: [
                "g": .success(
                    GroupDescription(
                        id: "g", type: .classic, state: .empty, protocolType: "consumer",
                        coordinator: Broker(id: 1, host: "a", port: 1), members: []))
            ],
            offsets: ["g": .success([self.partition(0): OffsetAndMetadata(offset: 1)])])
        #expect(calculation.partitions == [self.partition(0)])
        let lag = try? calculation.results["g"]?.get()
        #expect(lag?.partitions.map(\.logEnd) == [nil] && lag?.partitions.map(\.lag) == [nil])
        calculation.ends[self.partition(0)] = .failure(KafkaError(.timedOut, "late"))
        #expect(calculation.results["g"]?.failure?.code == .timedOut)
    }
}

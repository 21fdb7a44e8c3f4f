// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The calls about topics, on the embedded broker.
@Suite(.timeLimit(.minutes(1))) struct TopicsTests {
    private let clock = TestClock()

    // MARK: Creating

    @Test func topicsAreCreatedAsRequested() async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 3)
        configuration.defaultPartitions = 4
        configuration.defaultReplicationFactor = 2
        try await self.clock.withAdminClient(configuration) { kafka, admin in
            let created = try await admin.createTopics([
                NewTopic("counted", partitionCount: 5, replicationFactor: 3, configs: ["retention.ms": "60000"]),
                NewTopic("default"),
                NewTopic("placed", assignments: [[3, 1], [2, 3]]),
            ]).allSucceeded()
            #expect(created["counted"]?.partitionCount == 5)
            #expect(created["counted"]?.config?["retention.ms"]?.value == "60000")
            #expect(created["counted"]?.config?["retention.ms"]?.source == .topic)
            #expect(created["counted"]?.config?["cleanup.policy"]?.isDefault == true)
            let byDefault = try #require(created["default"])
            let id = try #require(byDefault.id)
            #expect("\(byDefault)" == "default (new, 4 partitions, replication factor 2, id \(id))")
            let topics = try await admin.describeTopics(["counted", "default", "placed"]).allSucceeded()
            #expect(topics["counted"]?.partitions.count == 5)
            #expect(topics["counted"]?.replicationFactor == 3)
            #expect(topics["default"]?.id == id)
            #expect(topics["placed"]?.partitions.map(\.replicas) == [[3, 1], [2, 3]])
            #expect(topics["placed"]?.partitions.map(\.leader) == [3, 2])
            #expect(kafka.requests.count { $0.api == .createTopics } == 1, "one request for all topics")
        }
    }

    @Test func eachTopicHasItsOwnError() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            try await kafka.createTopic("there")
            let results = await admin.createTopics([
                NewTopic("there"), NewTopic("new"), NewTopic("bad name"), NewTopic("wide", replicationFactor: 9),
                NewTopic("odd", configs: ["retention.ms": "soon"]), NewTopic("twice"), NewTopic("twice"),
                NewTopic("none", partitionCount: 0), NewTopic("minus", replicationFactor: -1),
            ])
            #expect(results.count == 8)
            #expect(try results["new"]?.get().isNew == true)
            func error(_ name: String) -> KafkaError? {
                if case .failure(let error)? = results[name] { error } else { nil }
            }
            #expect(error("there")?.brokerCode == .topicAlreadyExists)
            #expect(error("there")?.topic == "there")
            #expect(error("bad name")?.code == .invalidArgument)
            #expect(error("wide")?.brokerCode == .invalidReplicationFactor)
            #expect(error("odd")?.brokerCode == .invalidConfig)
            #expect(error("odd")?.message.contains("'soon'") == true, "the broker's reason is part of the error")
            for name in ["twice", "none", "minus"] {
                #expect(error(name)?.code == .invalidArgument, "\(name)")
                #expect(error(name)?.brokerCode == nil, "\(name) isn't sent")
            }
            #expect(try await kafka.topics() == ["new", "there"])
        }
    }

    @Test func aTopicThatExistsIsASuccessIfSoWanted() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            try await kafka.createTopic("there", partitions: 2)
            let topics = try await admin.createTopics(
                [NewTopic("there", partitionCount: 7), NewTopic("new")], ifExists: .ignore
            ).allSucceeded()
            #expect(topics["there"]?.isNew == false)
            #expect("\(try #require(topics["there"]))" == "there (existed)")
            #expect(topics["new"]?.isNew == true)
            #expect(try await admin.describeTopics(["there"]).allSucceeded()["there"]?.partitions.count == 2)
        }
    }

    @Test func onlyValidatingCreatesNothing() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            let results = await admin.createTopics(
                [NewTopic("good", partitionCount: 3), NewTopic("wide", replicationFactor: 9)], validateOnly: true)
            let good = try #require(try results["good"]?.get())
            #expect(good.partitionCount == 3 && good.id == nil)
            #expect(throws: KafkaError.self) { try results["wide"]?.get() }
            #expect(try await kafka.topics() == [])
        }
    }

    /// After an unknown outcome a repeated request would find the topic that the first one created.
    @Test func aCreationThatMayHaveHappenedIsRepeatedOnlyIfExistingTopicsAreFine() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            let strict = kafka.inject(.fail(.requestTimedOut), on: .createTopics, times: 2)
            let results = await admin.createTopics([NewTopic("a")])
            let error = #expect(throws: KafkaError.self) { try results["a"]?.get() }
            #expect(error?.isOutcomeUnknown == true)
            #expect(strict.hits == 1)
            try await admin.createTopics([NewTopic("a")], ifExists: .ignore).allSucceeded()
            #expect(strict.hits == 2)
            let deleting = kafka.inject(.fail(.requestTimedOut), on: .deleteTopics, times: 2)
            let deleted = await admin.deleteTopics(["a"])
            #expect(throws: KafkaError.self) { try deleted["a"]?.get() }
            #expect(deleting.hits == 1)
            try await admin.deleteTopics(["a"], ifMissing: .ignore).allSucceeded()
            #expect(deleting.hits == 2)
            #expect(try await kafka.topics() == [])
        }
    }

    @Test func aQuotaIsWaitedFor() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            let fault = kafka.inject(.fail(.throttlingQuotaExceeded), on: .createTopics, times: 3)
            try await admin.createTopics([NewTopic("a")]).allSucceeded()
            #expect(fault.hits == 3)
        }
    }

    @Test func anOldBrokerNeedsTheNumbersOfPartitionsAndReplicas() async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 1)
        configuration.maxVersions = [.createTopics: 3, .deleteTopics: 3]
        try await self.clock.withAdminClient(configuration) { kafka, admin in
            let results = await admin.createTopics([
                NewTopic("default"), NewTopic("half", partitionCount: 1),
                NewTopic("full", partitionCount: 2, replicationFactor: 1), NewTopic("placed", assignments: [[1]]),
            ])
            for name in ["default", "half"] {
                let error = #expect(throws: KafkaError.self) { try results[name]?.get() }
                #expect(error?.code == .unsupportedVersion)
                #expect(error?.message.contains("Kafka 2.4") == true)
            }
            let full = try #require(try results["full"]?.get())
            #expect(full.partitionCount == nil && full.id == nil && full.config == nil, "this version doesn't say")
            #expect(try await kafka.topics() == ["full", "placed"])
            let alone = await admin.createTopics([NewTopic("default")])
            #expect(throws: KafkaError.self) { try alone["default"]?.get() }

            let byID = await admin.deleteTopics(ids: [KafkaUUID(high: 1, low: 2)])
            let error = #expect(throws: KafkaError.self) { try byID.values.first?.get() }
            #expect(error?.code == .unsupportedVersion)
            #expect(error?.message.contains("Kafka 2.8") == true)
            try await admin.deleteTopics(["full"]).allSucceeded()
            #expect(try await kafka.topics() == ["placed"])
        }
    }

    @Test func aCallEndsAtItsOwnTimeout() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            _ = try await admin.listTopics()
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .createTopics, times: nil)
            let begun = admin.cluster.loop.now
            let results = await admin.createTopics([NewTopic("a")], timeout: .seconds(5))
            #expect(admin.cluster.loop.now - begun == .seconds(5))
            let error = #expect(throws: KafkaError.self) { try results["a"]?.get() }
            #expect(error?.code == .timedOut)
            #expect(error?.topic == nil || error?.topic == "a")
            #expect(error?.isOutcomeUnknown == true)
            hold.release()
        }
    }

    // MARK: Deleting

    @Test func topicsAreDeletedByNameAndID() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            let created = try await admin.createTopics([NewTopic("a"), NewTopic("b"), NewTopic("c")]).allSucceeded()
            let byName = await admin.deleteTopics(["a", "missing"])
            #expect(throws: Never.self) { try byName["a"]?.get() }
            let error = #expect(throws: KafkaError.self) { try byName["missing"]?.get() }
            #expect(error?.code == .unknownTopicOrPartition)
            #expect(error?.topic == "missing")

            let id = try #require(created["b"]?.id)
            let unknown = KafkaUUID(high: 1, low: 2)
            let byID = await admin.deleteTopics(ids: [id, unknown])
            #expect(throws: Never.self) { try byID[id]?.get() }
            let other = #expect(throws: KafkaError.self) { try byID[unknown]?.get() }
            #expect(other?.code == .unknownTopicOrPartition)
            #expect(other?.message.contains("\(unknown)") == true)
            #expect(try await kafka.topics() == ["c"])

            try await admin.deleteTopics(["a", "c"], ifMissing: .ignore).allSucceeded()
            try await admin.deleteTopics(ids: [id], ifMissing: .ignore).allSucceeded()
            #expect(try await kafka.topics() == [])
        }
    }

    // MARK: Listing and describing

    @Test func topicsAreListedByName() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            #expect(try await admin.listTopics() == [])
            for name in ["b", "a"] { try await kafka.createTopic(name) }
            kafka.rewrite(MetadataRequest.self, times: nil) { _, _, response in
                for index in response.topics.indices where response.topics[index].name == "b" {
                    response.topics[index].isInternal = true
                }
            }
            #expect(try await admin.listTopics().map(\.name) == ["a"])
            let all = try await admin.listTopics(includeInternal: true)
            #expect(all.map(\.name) == ["a", "b"])
            #expect(all.map(\.isInternal) == [false, true])
            #expect(all.allSatisfy { $0.id != nil })
        }
    }

    @Test(arguments: [true, false])
    func topicsAreDescribed(brokerHasPages: Bool) async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 2)
        if !brokerHasPages { configuration.withheldAPIs = [.describeTopicPartitions] }
        try await self.clock.withAdminClient(configuration) { kafka, admin in
            try await kafka.createTopic("t", partitions: 2, replicationFactor: 2)
            try await kafka.stopBroker(2)
            let results = await admin.describeTopics(["t", "missing"])
            let topic = try #require(try results["t"]?.get())
            let id = try #require(topic.id)
            #expect(
                "\(topic)" == """
                    t: 2 partitions, replication factor 2, id \(id)
                      0: leader 1, replicas [1, 2], in sync [1], offline [2]
                      1: leader 1, replicas [2, 1], in sync [1], offline [2]
                    """)
            #expect(topic.partitions.map(\.leaderEpoch) == [0, 1])
            #expect((topic.partitions[0].eligibleLeaderReplicas != nil) == brokerHasPages)
            let error = #expect(throws: KafkaError.self) { try results["missing"]?.get() }
            #expect(error?.code == .unknownTopicOrPartition)
            #expect(error?.topic == "missing")
            #expect(try await kafka.topics() == ["t"], "describing a topic doesn't create it")
        }
    }

    @Test func manyPartitionsAreDescribedInPages() async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 1)
        configuration.maxDescribedPartitions = 3
        try await self.clock.withAdminClient(configuration) { kafka, admin in
            let counts = ["a": 2, "b": 7, "c": 1, "d": 3, "e": 4]
            for (name, count) in counts { try await kafka.createTopic(name, partitions: count) }
            func expectAll() async throws {
                let results = await admin.describeTopics(["e", "missing", "d", "c", "b", "a"])
                for (name, count) in counts {
                    #expect(try results[name]?.get().partitions.map(\.partition) == Array(0..<Int32(count)), "\(name)")
                }
                #expect(throws: KafkaError.self) { try results["missing"]?.get() }
            }
            try await expectAll()
            // 17 partitions, three at a time.
            #expect(kafka.requests.count { $0.api == .describeTopicPartitions } == 6)
            // The topics are then requested one by one, each after a pause of its own.
            kafka.inject(.fail(.requestTimedOut), on: .describeTopicPartitions, times: 1)
            try await expectAll()
        }
    }

    @Test func pagesThatDoNotEndAreAnError() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            try await kafka.createTopic("t", partitions: 2)
            kafka.rewrite(DescribeTopicPartitionsRequest.self, times: nil) { _, _, response in
                var cursor = DescribeTopicPartitionsResponse.Cursor()
                cursor.topicName = "t"
                cursor.partitionIndex = 1
                response.nextCursor = cursor
            }
            let results = await admin.describeTopics(["t"])
            let error = #expect(throws: KafkaError.self) { try results["t"]?.get() }
            #expect(error?.code == .protocolError)
        }
    }

    @Test(arguments: [true, false])
    func authorizedOperationsAreIncludedIfWanted(brokerHasPages: Bool) async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 1)
        if !brokerHasPages { configuration.withheldAPIs = [.describeTopicPartitions] }
        try await self.clock.withAdminClient(configuration) { kafka, admin in
            try await kafka.createTopic("t")
            let bits: Int32 = 1 << 3 | 1 << 8
            kafka.rewrite(DescribeTopicPartitionsRequest.self, times: nil) { _, _, response in
                for index in response.topics.indices { response.topics[index].topicAuthorizedOperations = bits }
            }
            kafka.rewrite(MetadataRequest.self, times: nil) { request, _, response in
                guard request.includeTopicAuthorizedOperations else { return }
                for index in response.topics.indices { response.topics[index].topicAuthorizedOperations = bits }
            }
            let with = try await admin.describeTopics(["t"], includeAuthorizedOperations: true).allSucceeded()
            #expect(with["t"]?.authorizedOperations == [.read, .describe])
            let without = try await admin.describeTopics(["t"]).allSucceeded()
            #expect(without["t"]?.authorizedOperations == .some(nil))
        }
    }

    @Test func topicsAreDescribedByTheirIDs() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            try await kafka.createTopic("a", partitions: 2)
            let named = try #require(try await admin.describeTopics(["a"]).allSucceeded()["a"])
            let id = try #require(named.id)
            let unknown = KafkaUUID(high: 1, low: 2)
            let results = await admin.describeTopics(ids: [id, unknown])
            let found = try #require(try results[id]?.get())
            #expect(found.name == "a" && found.id == id)
            #expect(found.partitions.map(\.replicas) == named.partitions.map(\.replicas))
            #expect(results[unknown]?.failure?.code == .unknownTopicOrPartition)
        }
    }

    @Test func brokersThatDoNotFindTopicsByIDAreAnErrorThatNamesTheRelease() async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 1)
        configuration.maxVersions = [.metadata: 11]
        try await self.clock.withAdminClient(configuration) { kafka, admin in
            try await kafka.createTopic("a")
            let id = try #require(try await admin.describeTopics(["a"]).allSucceeded()["a"]?.id)
            let error = try #require(await admin.describeTopics(ids: [id])[id]?.failure)
            #expect(error.code == .unsupportedVersion && error.message.contains("Kafka 3.1"))
        }
    }

    @Test func missingTopicsAreCreatedAndOthersStayAsTheyAre() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            try await kafka.createTopic("there", partitions: 1, configuration: ["retention.ms": "60000"])
            let wanted = [
                NewTopic("there", partitionCount: 7, configs: ["retention.ms": "1"]),
                NewTopic("new", partitionCount: 2),
            ]
            let topics = try await admin.createIfMissing(wanted)
            #expect(topics.map(\.name) == ["there", "new"] && topics.map(\.isNew) == [false, true])
            #expect(try await admin.createIfMissing(wanted).map(\.isNew) == [false, false])
            let described = try await admin.describeTopics(["there", "new"]).allSucceeded()
            #expect(described.mapValues(\.partitions.count) == ["there": 1, "new": 2])
            let config = try await admin.describeConfigs([.topic("there")]).allSucceeded()[.topic("there")]
            #expect(config?["retention.ms"]?.value == "60000")
        }
    }

    /// An application without the right to create topics starts if they exist.
    @Test func topicsThatExistAreNotToBeCreated() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            try await kafka.createTopic("there")
            kafka.inject(.fail(.clusterAuthorizationFailed), on: .createTopics, times: nil)
            try await admin.createIfMissing([NewTopic("there")])
            let error = await #expect(throws: KafkaError.self) { try await admin.createIfMissing([NewTopic("new")]) }
            #expect(error?.code == .authorizationFailed)
        }
    }

    /// A topic that another application has created meanwhile is as good.
    @Test func aTopicThatIsCreatedMeanwhileIsNoError() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .createTopics, times: 1)
            async let topics = admin.createIfMissing([NewTopic("new")])
            await hold.untilHeld(1)
            try await kafka.createTopic("new")
            hold.release()
            #expect(try await topics.map(\.isNew) == [false])
        }
    }

    @Test func anEmptyListAsksNothing() async throws {
        try await self.clock.withAdminClient { kafka, admin in
            #expect(await admin.createTopics([]).isEmpty)
            #expect(await admin.deleteTopics([]).isEmpty)
            #expect(await admin.describeTopics([]).isEmpty)
        }
    }
}

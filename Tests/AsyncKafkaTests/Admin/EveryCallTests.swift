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

/// What holds for all calls of the admin client.
@Suite(.timeLimit(.minutes(1))) struct EveryCallTests {
    /// A call, with the error that it ends with.
    private struct AnyCall: Sendable {
        let name: String
        let perform: @Sendable (KafkaAdminClient) async -> KafkaError?

        /// A call that throws.
        init<Value: Sendable>(
            _ name: String, single: @escaping @Sendable (KafkaAdminClient) async throws(KafkaError) -> Value
        ) {
            self.name = name
            self.perform = { admin in
                do throws(KafkaError) {
                    _ = try await single(admin)
                    return nil
                } catch {
                    return error
                }
            }
        }

        /// A call with a result for each item.
        init<Item: Sendable, Value: Sendable>(
            _ name: String, items: @escaping @Sendable (KafkaAdminClient) async -> [Item: Result<Value, KafkaError>]
        ) {
            self.name = name
            self.perform = { admin in
                for result in await items(admin).values {
                    if case .failure(let error) = result { return error }
                }
                return nil
            }
        }
    }

    private static let partition = TopicPartition("t", 0)
    private static let binding = ACLBinding.allow(.user("a"), .read, on: .topic("t"))
    private static let calls: [AnyCall] = [
        AnyCall("createTopics", items: { await $0.createTopics([NewTopic("t")]) }),
        AnyCall(
            "createIfMissing", single: { admin throws(KafkaError) in try await admin.createIfMissing([NewTopic("t")]) }),
        AnyCall("deleteTopics", items: { await $0.deleteTopics(["t"]) }),
        AnyCall("listTopics", single: { admin throws(KafkaError) in try await admin.listTopics() }),
        AnyCall("describeTopics", items: { await $0.describeTopics(["t"]) }),
        AnyCall("createPartitions", items: { await $0.createPartitions(["t": NewPartitions(totalCount: 2)]) }),
        AnyCall("deleteRecords", items: { await $0.deleteRecords([partition: .all]) }),
        AnyCall("describeCluster", single: { admin throws(KafkaError) in try await admin.describeCluster() }),
        AnyCall("describeConfigs", items: { await $0.describeConfigs([.topic("t"), .broker(1)]) }),
        AnyCall("incrementalAlterConfigs", items: { await $0.incrementalAlterConfigs([.topic("t"): [.delete("a")]]) }),
        AnyCall("listConfigResources", single: { admin throws(KafkaError) in try await admin.listConfigResources() }),
        AnyCall("listGroups", single: { admin throws(KafkaError) in try await admin.listGroups() }),
        AnyCall("describeGroups", items: { await $0.describeGroups(["g"]) }),
        AnyCall("deleteGroups", items: { await $0.deleteGroups(["g"]) }),
        AnyCall("removeMembers", items: { await $0.removeMembers([.member("m")], from: "g") }),
        AnyCall(
            "removeAllMembers", single: { admin throws(KafkaError) in try await admin.removeAllMembers(from: "g") }),
        AnyCall("listGroupOffsets", items: { await $0.listGroupOffsets(["g"]) }),
        AnyCall("listGroupOffsets of", items: { await $0.listGroupOffsets(of: "g", in: [partition]) }),
        AnyCall(
            "alterGroupOffsets",
            items: { await $0.alterGroupOffsets([partition: OffsetAndMetadata(offset: 0)], of: "g") }),
        AnyCall("deleteGroupOffsets", items: { await $0.deleteGroupOffsets([partition], of: "g") }),
        AnyCall(
            "resetGroupOffsets",
            single: { admin throws(KafkaError) in try await admin.resetGroupOffsets(of: "g", to: .earliest) }),
        AnyCall("describeGroupLag", items: { await $0.describeGroupLag(["g"]) }),
        AnyCall("listShareGroupOffsets", items: { await $0.listShareGroupOffsets(["g"]) }),
        AnyCall("listOffsets", items: { await $0.listOffsets([partition: .latest]) }),
        AnyCall("describeProducers", items: { await $0.describeProducers([partition]) }),
        AnyCall("listTransactions", single: { admin throws(KafkaError) in try await admin.listTransactions() }),
        AnyCall("describeTransactions", items: { await $0.describeTransactions(["x"]) }),
        AnyCall(
            "abortTransaction",
            single: { admin throws(KafkaError) in try await admin.abortTransaction(in: partition, startOffset: 0) }),
        AnyCall("fenceProducers", items: { await $0.fenceProducers(["x"]) }),
        AnyCall("describeLogDirs", items: { await $0.describeLogDirs(ofBrokers: [1]) }),
        AnyCall(
            "alterReplicaLogDirs",
            items: { await $0.alterReplicaLogDirs([TopicPartitionReplica(partition, broker: 1): "/d"]) }),
        AnyCall("alterPartitionReassignments", items: { await $0.alterPartitionReassignments([partition: .cancel]) }),
        AnyCall(
            "listPartitionReassignments",
            single: { admin throws(KafkaError) in try await admin.listPartitionReassignments() }),
        AnyCall("electLeaders", items: { await $0.electLeaders(.preferred, of: [partition]) }),
        AnyCall("createACLs", items: { await $0.createACLs([binding]) }),
        AnyCall("describeACLs", single: { admin throws(KafkaError) in try await admin.describeACLs() }),
        AnyCall("deleteACLs", items: { await $0.deleteACLs(matching: [.all]) }),
        AnyCall("describeClientQuotas", single: { admin throws(KafkaError) in try await admin.describeClientQuotas() }),
        AnyCall("alterClientQuotas", items: { await $0.alterClientQuotas([.user("a"): [.remove(.producerByteRate)]]) }),
        AnyCall(
            "describeUserSCRAMCredentials",
            single: { admin throws(KafkaError) in try await admin.describeUserSCRAMCredentials() }),
        AnyCall("alterUserSCRAMCredentials", items: { await $0.alterUserSCRAMCredentials(["a": [.delete(.sha256)]]) }),
        AnyCall(
            "describeMetadataQuorum", single: { admin throws(KafkaError) in try await admin.describeMetadataQuorum() }),
        AnyCall("unregisterBroker", single: { admin throws(KafkaError) in try await admin.unregisterBroker(1) }),
        AnyCall("describeFeatures", single: { admin throws(KafkaError) in try await admin.describeFeatures() }),
        AnyCall("updateFeatures", items: { await $0.updateFeatures(["f": .upgrade(to: 1)]) }),
        AnyCall(
            "createDelegationToken", single: { admin throws(KafkaError) in try await admin.createDelegationToken() }),
        AnyCall(
            "describeDelegationTokens",
            single: { admin throws(KafkaError) in try await admin.describeDelegationTokens() }),
    ]

    private func configuration() -> KafkaClientConfiguration {
        var configuration = KafkaClientConfiguration(bootstrapServers: ["127.0.0.1:1"])
        configuration.log = SilentLog()
        return configuration
    }

    @Test func aCancelledCallEndsAtOnce() async throws {
        // The client doesn't run, so only cancellation ends a call before its deadline.
        let admin = try KafkaAdminClient(self.configuration())
        for call in Self.calls {
            let task = Task { await call.perform(admin) }
            task.cancel()
            let error = await task.value
            #expect(
                error?.code == .cancelled && error?.isOutcomeUnknown == false,
                "\(call.name): \(String(describing: error))")
        }
    }

    @Test func aCallAfterTheEndFailsAtOnce() async throws {
        let admin = try KafkaAdminClient(self.configuration())
        admin.triggerGracefulShutdown()
        try await admin.run()
        for call in Self.calls {
            let error = await call.perform(admin)
            #expect(error?.code == .closed, "\(call.name): \(String(describing: error))")
        }
    }

    /// The client doesn't run, so a call that sends a request fails.
    @Test func aCallWithoutItemsReturnsAtOnce() async throws {
        var configuration = self.configuration()
        configuration.apiTimeout = .milliseconds(100)
        let admin = try KafkaAdminClient(configuration)
        await self.expectNone([
            admin.createTopics([]).count, admin.deleteTopics([String]()).count, admin.deleteTopics(ids: []).count,
            admin.describeTopics([String]()).count, admin.describeTopics(ids: []).count,
            admin.createPartitions([:]).count, admin.deleteRecords([:]).count, admin.describeConfigs([]).count,
            admin.incrementalAlterConfigs([:]).count, admin.describeGroups([]).count, admin.deleteGroups([]).count,
            admin.removeMembers([], from: "g").count, admin.listGroupOffsets([]).count,
            admin.listGroupOffsets(of: "g", in: []).count, admin.alterGroupOffsets([:], of: "g").count,
            admin.deleteGroupOffsets([], of: "g").count, admin.describeGroupLag([]).count,
            admin.listShareGroupOffsets([]).count, admin.alterShareGroupOffsets([:], of: "g").count,
            admin.deleteShareGroupOffsets(topics: [], of: "g").count, admin.listOffsets([:]).count,
            admin.describeProducers([]).count, admin.describeTransactions([]).count, admin.fenceProducers([]).count,
            admin.describeLogDirs(ofBrokers: []).count, admin.alterReplicaLogDirs([:]).count,
            admin.alterPartitionReassignments([:]).count, admin.electLeaders(.preferred, of: []).count,
            admin.createACLs([]).count, admin.deleteACLs(matching: []).count, admin.alterClientQuotas([:]).count,
            admin.alterUserSCRAMCredentials([:]).count, admin.describeUserSCRAMCredentials([]).count,
            admin.updateFeatures([:]).count,
        ])
        try await self.expectNone([
            admin.createIfMissing([]).count, admin.listConfigResources(kinds: []).count,
            admin.listGroups(states: []).count, admin.listGroups(types: []).count,
            admin.listTransactions(states: []).count, admin.listTransactions(producerIDs: []).count,
        ])
        await #expect(throws: Never.self) { _ = try await admin.listGroups(protocolTypes: []) }
        await #expect(throws: Never.self) { _ = try await admin.listPartitionReassignments(of: []) }
        await #expect(throws: Never.self) { _ = try await admin.describeDelegationTokens(owners: []) }
    }

    private func expectNone(_ counts: [Int]) {
        #expect(counts.allSatisfy { $0 == 0 })
    }

    /// The broker has the request and may carry it out.
    @Test func aCallThatIsCancelledAfterItsRequestHasAnUnknownOutcome() async throws {
        try await TestClock().withBroker { kafka in
            var client = kafka.clientConfiguration
            client.log = SilentLog()
            try await KafkaAdminClient.withAdminClient(client) { admin in
                for (api, isUnknown) in [(EmbeddedKafka.API.createTopics, true), (.describeConfigs, false)] {
                    let hold = EmbeddedKafka.Hold()
                    kafka.inject(.hold(hold), on: api)
                    defer { hold.release() }
                    let task = Task { () -> KafkaError? in
                        isUnknown
                            ? await admin.createTopics([NewTopic("t")])["t"]?.failure
                            : await admin.describeConfigs([.topic("t")])[.topic("t")]?.failure
                    }
                    await hold.untilHeld()
                    task.cancel()
                    let error = await task.value
                    #expect(error?.code == .cancelled && error?.isOutcomeUnknown == isUnknown, "\(api)")
                }
            }
        }
    }

    /// One that has begun must not be given up for another broker, since it isn't repeated there.
    @Test func aSlowBrokerIsGivenTheWholeTimeForACallThatIsNotRepeated() async throws {
        try await TestClock().withCluster(brokers: 3) { kafka in
            var client = kafka.clientConfiguration
            client.log = SilentLog()
            try await KafkaAdminClient.withAdminClient(client) { admin in
                _ = try await admin.describeCluster()
                kafka.inject(.delay(.seconds(20)), on: .deleteAcls)
                // It has no authorizer, which is its answer.
                let error = await admin.deleteACLs(matching: [.all])[.all]?.failure
                #expect(error?.brokerCode == .securityDisabled)
            }
        }
    }

    /// Groups and topics are looked up together, and those of a broker share a request.
    @Test func manyItemsTakeFewRequests() async throws {
        try await TestClock().withCluster(brokers: 3) { kafka in
            var client = kafka.clientConfiguration
            client.log = SilentLog()
            try await KafkaAdminClient.withAdminClient(client) { admin in
                let finding = kafka.rewrite(FindCoordinatorRequest.self, times: nil) { _, _, _ in }
                let describing = kafka.rewrite(DescribeGroupsRequest.self, times: nil) { _, _, _ in }
                let listing = kafka.rewrite(ListOffsetsRequest.self, times: nil) { _, _, _ in }
                let groups = await admin.describeGroups((0..<500).map { "g\($0)" }, type: .classic)
                #expect(groups.count == 500)
                #expect(groups.values.allSatisfy { $0.failure?.brokerCode == .groupIdNotFound })
                #expect(finding.hits <= 3 && describing.hits <= 6, "\(finding.hits), \(describing.hits)")
                let topics = (0..<500).map { NewTopic("t\($0)", partitionCount: 1, replicationFactor: 1) }
                try await admin.createTopics(topics).allSucceeded()
                let specs = topics.map { (TopicPartition($0.name, 0), OffsetSpec.latest) }
                let offsets = try await admin.listOffsets(Dictionary(specs) { $1 }).allSucceeded()
                #expect(offsets.count == 500)
                #expect(listing.hits <= 9, "\(listing.hits)")
            }
        }
    }

    /// One whose coordinator isn't available, or a topic that doesn't exist, keeps no other one waiting.
    @Test func anItemThatCannotBeRoutedDelaysNoOther() async throws {
        try await TestClock().withBroker { kafka in
            var client = kafka.clientConfiguration
            client.log = SilentLog()
            try await kafka.createTopic("t")
            try await KafkaAdminClient.withAdminClient(client) { admin in
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.hold(hold), on: .listOffsets)
                let task = Task {
                    await admin.listOffsets([TopicPartition("missing", 0): .latest, TopicPartition("t", 0): .latest])
                }
                await hold.untilHeld()
                hold.release()
                try await kafka.createTopic("missing")
                for result in await task.value.values { #expect(throws: Never.self) { try result.get() } }
            }
        }
    }

    @Test func tenApplicationsThatStartTogetherCreateATopicOnce() async throws {
        try await TestClock().withCluster(brokers: 3) { kafka in
            var client = kafka.clientConfiguration
            client.log = SilentLog()
            let created = try await withThrowingTaskGroup(of: [CreatedTopic].self) { [client] group in
                for _ in 0..<10 {
                    group.addTask {
                        try await KafkaAdminClient.withAdminClient(client) { admin in
                            try await admin.createIfMissing([NewTopic("a", partitionCount: 3), NewTopic("b")])
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(created.count == 20 && created.count(where: \.isNew) == 2)
        }
    }
}

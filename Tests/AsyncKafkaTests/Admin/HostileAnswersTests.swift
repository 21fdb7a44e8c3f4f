// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Testing

@testable import AsyncKafka

/// Answers that a sane broker doesn't give: huge numbers, text for terminals, and what is left out or added.
@Suite(.timeLimit(.minutes(1))) struct HostileAnswersTests {
    private let hostile = "a\u{1b}[31m\nb"
    private let broker = Broker(id: 1, host: "a", port: 1)

    /// Any client can claim partitions in the assignment of its classic group.
    @Test func aPartitionWithTheGreatestNumberThatIsNamedTwiceIsPrinted() {
        let last = TopicPartition("t", .max)
        #expect([last, last].names == "t-2147483647, t-2147483647")
        #expect([TopicPartition("t", .max - 1), last].names == "t-2147483646…2147483647")
    }

    @Test func sumsOfHugeNumbersStayHuge() throws {
        let huge = LogDirDescription.Replica(
            partition: TopicPartition("t", 0), size: .max, offsetLag: .max, isFuture: false)
        let dir = LogDirDescription(path: "/d", replicas: [huge, huge], isCordoned: false)
        #expect(dir.size == .max)
        let partition = PartitionLag(
            partition: TopicPartition("t", 0), committed: OffsetAndMetadata(offset: 0), logEnd: .max)
        #expect(GroupLag(group: "g", partitions: [partition, partition]).total == .max)
    }

    @Test func descriptionsHaveNoControlCharactersOfOthers() {
        let text = self.hostile
        let partition = TopicPartition(text, 0)
        let pattern = ResourcePattern.group(text)
        let described: [any CustomStringConvertible] = [
            GroupListing(id: text, type: nil, state: nil, protocolType: text),
            GroupDescription(
                id: text, type: .classic, state: .stable, protocolType: text, assignor: text, coordinator: self.broker,
                members: [
                    GroupMember(
                        id: text, instanceID: text, rack: text, clientID: text, host: text, subscribedTopics: [],
                        assignment: [partition])
                ]),
            GroupMemberIdentity.member(text), GroupLag(group: text, partitions: []),
            OffsetChange(partition: partition, current: nil, new: 0), OffsetReset.group(text),
            TransactionListing(
                transactionalID: text, producerID: 1, state: TransactionState(rawValue: text), coordinator: 1),
            TransactionDescription(
                transactionalID: text, state: .empty, coordinator: self.broker, producerID: 1, producerEpoch: 0,
                timeout: .zero, partitions: [partition]),
            ACLBinding.allow(.user(text), .read, on: pattern, from: text), pattern,
            ACLBindingFilter(.group, .equal(text), principal: .user(text), host: text),
            ClientQuotaEntity.user(.named(text)), ClientQuotaFilter(user: .named(text)),
            ClientQuotaChange.remove(ClientQuota(rawValue: text)),
            ConfigResource.group(text), ConfigChange.set(text, to: text),
            ConfigEntry(name: text, value: text, source: .topic, isSensitive: false, isReadOnly: false),
            LogDirDescription(path: text, replicas: [], isCordoned: false),
            TopicDescription(name: text, isInternal: false, partitions: []),
            TopicListing(name: text, isInternal: false),
            FeatureMetadata(finalized: [text: 1], supported: [:]),
            ClusterDescription(id: text, brokers: [Broker(id: 1, host: text, port: 1, rack: text)]),
            CreatedTopic(name: text, isNew: true),
        ]
        for value in described {
            let printed = "\(value)"
            #expect(
                !printed.contains("\u{1b}") && !printed.contains("\nb"),
                "\(type(of: value)): \(printed.debugDescription)")
        }
        // What is sent isn't changed.
        #expect(KafkaPrincipal.user(text).description == "User:\(text)")
    }

    @Test func changesOfSecretSettingsArePrintedWithoutTheirValues() {
        for name in [
            "ssl.keystore.password", "listener.name.internal.ssl.key.password", "sasl.jaas.config", "ssl.keystore.key",
            "listener.name.x.plain.sasl.jaas.config", "delegation.token.secret.key",
        ] {
            #expect("\(ConfigChange.set(name, to: "hush"))" == "\(name)=(hidden)")
            #expect(!"\(NewTopic("t", configs: [name: "hush"]))".contains("hush"))
        }
        #expect("\(ConfigChange.set("retention.ms", to: "1"))" == "retention.ms=1")
        #expect("\(ConfigChange.set("ssl.keystore.type", to: "PEM"))" == "ssl.keystore.type=PEM")
    }

    /// Otherwise no transaction would be found, as if there was none.
    @Test func aStateThatABrokerDoesNotKnowIsAnError() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(ListTransactionsRequest.self) { request, _ in
                var response = ListTransactionsResponse()
                response.unknownStateFilters = request.stateFilters.filter { $0 != "Ongoing" }
                return response
            }
        ) { _, admin in
            let error = await #expect(throws: KafkaError.self) {
                try await admin.listTransactions(states: [TransactionState(rawValue: "Onging")])
            }
            #expect(error?.code == .invalidArgument && error?.message.contains("Onging") == true)
            let ongoing = try await admin.listTransactions(states: [.ongoing])
            #expect(ongoing.isEmpty)
        }
    }

    @Test func aUserWhoseCredentialsCouldNotBeReadIsNotMissingInTheList() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(DescribeUserScramCredentialsRequest.self) { _, _ in
                var response = DescribeUserScramCredentialsResponse()
                response.results = ["alice", "bob"].map { user in
                    var result = DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult()
                    result.user = user
                    if user == "bob" { result.errorCode = .unknownServerError }
                    return result
                }
                return response
            }
        ) { _, admin in
            let error = await #expect(throws: KafkaError.self) { try await admin.describeUserSCRAMCredentials() }
            #expect(error?.brokerCode == .unknownServerError && error?.message.contains("bob") == true)
        }
    }

    /// Brokers take an empty list of names for all of them.
    @Test func noNamesOfSettingsAreNotAllOfThem() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(DescribeConfigsRequest.self, versions: 1...3) { request, _ in
                var response = DescribeConfigsResponse()
                response.results = request.resources.map { resource in
                    var result = DescribeConfigsResponse.DescribeConfigsResult()
                    result.resourceType = resource.resourceType
                    result.resourceName = resource.resourceName
                    result.configs = ["a", "b"].map { name in
                        var entry = DescribeConfigsResponse.DescribeConfigsResourceResult()
                        entry.name = name
                        return entry
                    }
                    return result
                }
                return response
            }
        ) { _, admin in
            let none = try await admin.describeConfigs([.topic("t")], keys: [])[.topic("t")]?.get()
            #expect(none?.entries.isEmpty == true)
            let all = try await admin.describeConfigs([.topic("t")])[.topic("t")]?.get()
            #expect(all?.entries.map(\.name) == ["a", "b"])
        }
    }

    /// Nothing can have been changed by a call that only reads or validates.
    @Test func theOutcomeOfACallWithoutEffectIsNeverUnknown() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(DescribeConfigsRequest.self) { _, _ in DescribeConfigsResponse() },
            .to(CreateTopicsRequest.self) { request, _ in
                var response = CreateTopicsResponse()
                response.topics = request.topics.map { topic in
                    var result = CreateTopicsResponse.CreatableTopicResult()
                    result.name = topic.name
                    result.errorCode = .requestTimedOut
                    return result
                }
                return response
            }
        ) { _, admin in
            let read = await admin.describeConfigs([.topic("t")], timeout: .milliseconds(300))[.topic("t")]?.failure
            #expect(read?.code == .protocolError && read?.isOutcomeUnknown == false)
            let topic = NewTopic("t", partitionCount: 1, replicationFactor: 1)
            let tried = await admin.createTopics([topic], validateOnly: true, timeout: .milliseconds(300))["t"]?.failure
            #expect(tried?.brokerCode == .requestTimedOut && tried?.isOutcomeUnknown == false)
            let created = await admin.createTopics([topic])["t"]?.failure
            #expect(created?.isOutcomeUnknown == true)
        }
    }
}

// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AsyncKafka

@Suite struct ConsumerConfigurationTests {
    private let cluster = KafkaClientConfiguration(bootstrapServers: ["localhost:9092"])

    @Test func theDefaultsAreThoseOfKafka() throws {
        let configuration = ConsumerConfiguration(self.cluster, groupID: "g")
        try configuration.validate()
        #expect(configuration.autoOffsetReset == .latest && configuration.isolationLevel == .readUncommitted)
        #expect(configuration.enableAutoCommit && configuration.autoCommitInterval == .seconds(5))
        #expect(
            configuration.classic.sessionTimeout == .seconds(45)
                && configuration.classic.heartbeatInterval == .seconds(3))
        #expect(configuration.maxPollInterval == .seconds(300))
        #expect(configuration.fetchMinBytes == 1 && configuration.fetchMaxWait == .milliseconds(500))
        #expect(configuration.fetchMaxBytes == 52_428_800 && configuration.maxPartitionFetchBytes == 1_048_576)
        #expect(configuration.checkCRCs && configuration.callRevokedOnLeave && configuration.excludeInternalTopics)
        #expect(configuration.classic.assignors.map(\.name) == ["range", "roundrobin", "cooperative-sticky"])
    }

    static let mistakes: [(String, @Sendable (inout ConsumerConfiguration) -> Void)] = [
        ("groupID", { $0.groupID = "" }),
        ("groupInstanceID", { $0.groupInstanceID = "" }),
        (
            "groupID",
            {
                $0.groupID = nil
                $0.groupInstanceID = "i"
            }
        ),
        ("heartbeatInterval", { $0.classic.heartbeatInterval = .seconds(45) }),
        ("heartbeatInterval", { $0.classic.heartbeatInterval = .zero }),
        ("maxPollInterval", { $0.maxPollInterval = .zero }),
        ("autoCommitInterval", { $0.autoCommitInterval = .seconds(-1) }),
        ("fetchMaxWait", { $0.fetchMaxWait = .seconds(30) }),
        ("fetchMinBytes", { $0.fetchMinBytes = -1 }),
        ("fetchMaxBytes", { $0.fetchMaxBytes = 1 << 31 }),
        ("maxPartitionFetchBytes", { $0.maxPartitionFetchBytes = 0 }),
        ("maxPrefetchBytes", { $0.maxPrefetchBytes = 0 }),
        ("assignors", { $0.classic.assignors = [] }),
        ("assignors", { $0.classic.assignors = [.range, .range] }),
        ("autoOffsetReset", { $0.autoOffsetReset = .byDuration(.seconds(-1)) }),
    ]

    @Test(arguments: 0..<mistakes.count)
    func anInvalidSettingIsNamed(index: Int) throws {
        var configuration = ConsumerConfiguration(self.cluster, groupID: "g")
        Self.mistakes[index].1(&configuration)
        let error = #expect(throws: KafkaError.self) { try configuration.validate() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.lowercased().contains(Self.mistakes[index].0.lowercased().prefix(8)) == true)
    }

    @Test func aConsumerRefusesAnInvalidConfiguration() {
        var configuration = ConsumerConfiguration(self.cluster, groupID: "g")
        configuration.classic.assignors = []
        #expect(throws: KafkaError.self) { _ = try KafkaConsumer(configuration) }
    }
}

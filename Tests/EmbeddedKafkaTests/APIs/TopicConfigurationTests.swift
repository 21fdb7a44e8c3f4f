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

/// The topic settings that are accepted, which are the same as in Kafka.
@Suite(.timeLimit(.minutes(1))) struct TopicConfigurationTests {
    @Test(arguments: [
        ("no.such.setting", "1"), ("retention.ms", "soon"), ("retention.ms", "-2"), ("cleanup.policy", "shred"),
        ("compression.type", "rar"), ("max.message.bytes", "-1"),
        ("max.message.bytes", "99999999999"), ("min.insync.replicas", "0"), ("segment.bytes", "1"),
        ("unclean.leader.election.enable", "perhaps"), ("min.cleanable.dirty.ratio", "1.5"),
        ("message.timestamp.type", "Never"), ("retention.bytes", "1.5"), ("compression.gzip.level", "77"),
    ])
    func settingsThatKafkaRefusesAreRefused(_ name: String, _ value: String) async throws {
        try await withCluster { kafka, client in
            let error = await #expect(throws: EmbeddedKafkaError.self) {
                try await kafka.createTopic("t", configuration: [name: value])
            }
            #expect(error?.code == .invalidConfig)
            #expect(error?.description.contains(name) == true)
            var topic = CreateTopicsRequest.CreatableTopic()
            topic.name = "u"
            topic.numPartitions = 1
            topic.replicationFactor = 1
            var config = CreateTopicsRequest.CreatableTopicConfig()
            config.name = name
            config.value = value
            topic.configs = [config]
            var request = CreateTopicsRequest()
            request.topics = [topic]
            request.timeoutMs = 1000
            let answer = try await client.ask(request, version: 7)
            #expect(answer.topics[0].errorCode == .invalidConfig)
        }
    }

    @Test func settingsThatKafkaAcceptsAreAccepted() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic(
                "t",
                configuration: [
                    "cleanup.policy": "compact, delete", "compression.type": "zstd", "retention.ms": "-1",
                    "segment.ms": "60000", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "0",
                    "unclean.leader.election.enable": "true", "file.delete.delay.ms": "1000",
                    "segment.bytes": "1048576",
                    "message.timestamp.before.max.ms": "9223372036854775807", "compression.zstd.level": "-7",
                    "leader.replication.throttled.replicas": "*", "preallocate": "false", "flush.ms": "1",
                ])
        }
    }

    @Test func anIPv6AddressHasBrackets() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.host = "::1"
        configuration.listeners = [EmbeddedKafka.Listener("OTHER")]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            for servers in [kafka.bootstrapServers, kafka.bootstrapServers(of: "OTHER")] {
                #expect(servers.count == 1)
                #expect(servers.first?.hasPrefix("[::1]:") == true, "\(servers)")
            }
        }
    }
}

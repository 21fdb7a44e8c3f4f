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

/// DescribeConfigs, IncrementalAlterConfigs and AlterConfigs.
@Suite(.timeLimit(.minutes(1))) struct ConfigAPITests {
    private typealias Described = DescribeConfigsResponse.DescribeConfigsResult

    private static let topic: Int8 = 2
    private static let broker: Int8 = 4

    private func describe(
        _ type: Int8, _ name: String, keys: [String]? = nil, _ client: RawClient
    ) async throws -> Described {
        var resource = DescribeConfigsRequest.DescribeConfigsResource()
        resource.resourceType = type
        resource.resourceName = name
        resource.configurationKeys = keys
        var request = DescribeConfigsRequest()
        request.resources = [resource]
        request.includeSynonyms = true
        request.includeDocumentation = true
        return try await client.ask(request, version: 4).results[0]
    }

    /// Returns a setting as `value (source) synonym(source)=value …`.
    private func line(_ type: Int8, _ name: String, _ key: String, _ client: RawClient) async throws -> String {
        let result = try await self.describe(type, name, keys: [key], client)
        guard let config = result.configs.first else { return "error \(result.errorCode)" }
        let synonyms = config.synonyms.map { " \($0.name)(\($0.source))=\($0.value ?? "nil")" }
        return "\(config.value ?? "nil") (\(config.configSource))\(synonyms.joined())"
    }

    private func alter(
        _ type: Int8, _ name: String, _ changes: [(String, Int8, String?)], validateOnly: Bool = false,
        _ client: RawClient
    ) async throws -> (code: ErrorCode, message: String) {
        var resource = IncrementalAlterConfigsRequest.AlterConfigsResource()
        resource.resourceType = type
        resource.resourceName = name
        resource.configs = changes.map { name, operation, value in
            var config = IncrementalAlterConfigsRequest.AlterableConfig()
            config.name = name
            config.configOperation = operation
            config.value = value
            return config
        }
        var request = IncrementalAlterConfigsRequest()
        request.resources = [resource]
        request.validateOnly = validateOnly
        let result = try await client.ask(request, version: 1).responses[0]
        return (result.errorCode, result.errorMessage ?? "")
    }

    @Test func aTopicsSettingsAreSetDeletedAppendedAndSubtracted() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t", configuration: ["retention.ms": "60000", "segment.bytes": "1048576"])
            let changes: [(String, Int8, String?)] = [
                ("retention.ms", 0, "70000"), ("segment.bytes", 1, nil), ("cleanup.policy", 2, "compact"),
            ]
            #expect(try await self.alter(Self.topic, "t", changes, validateOnly: true, client).code == .none)
            #expect(try await self.line(Self.topic, "t", "retention.ms", client).hasPrefix("60000 (1)"))
            #expect(try await self.alter(Self.topic, "t", changes, client).code == .none)
            #expect(
                try await self.line(Self.topic, "t", "retention.ms", client)
                    == "70000 (1) retention.ms(1)=70000 log.retention.ms(4)=-1")
            #expect(
                try await self.line(Self.topic, "t", "segment.bytes", client)
                    == "1073741824 (5) log.segment.bytes(5)=1073741824")
            #expect(try await self.line(Self.topic, "t", "cleanup.policy", client).hasPrefix("delete,compact (1)"))
            #expect(try await self.alter(Self.topic, "t", [("cleanup.policy", 3, "delete")], client).code == .none)
            #expect(try await self.line(Self.topic, "t", "cleanup.policy", client).hasPrefix("compact (1)"))
        }
    }

    @Test func invalidChangesAreRefusedAsAWholeAndSayWhy() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            let refused: [([(String, Int8, String?)], ErrorCode, String)] = [
                (
                    [("segment.ms", 0, "1"), ("retention.ms", 0, "soon")], .invalidConfig,
                    "retention.ms must be a number"
                ),
                ([("no.such", 0, "1")], .invalidConfig, "Topics have no setting no.such."),
                ([("retention.ms", 2, "1")], .invalidConfig, "retention.ms is no list"),
                ([("retention.ms", 0, nil)], .invalidRequest, "retention.ms needs a value"),
                ([("retention.ms", 9, "1")], .invalidRequest, "9 is no operation"),
                ([("retention.ms", 0, "1"), ("retention.ms", 0, "2")], .invalidRequest, "more than once"),
                ([("remote.storage.enable", 0, "true")], .invalidConfig, "no remote storage"),
                (
                    [("min.compaction.lag.ms", 0, "9"), ("max.compaction.lag.ms", 0, "8")], .invalidConfig,
                    "more than max.compaction.lag.ms"
                ),
            ]
            for (changes, code, message) in refused {
                let result = try await self.alter(Self.topic, "t", changes, client)
                #expect(result.code == code, "\(changes)")
                #expect(result.message.contains(message), "\(result.message)")
            }
            #expect(try await self.line(Self.topic, "t", "segment.ms", client).hasPrefix("604800000 (5)"))
            let resources: [(Int8, String, ErrorCode)] = [
                (Self.topic, "nowhere", .unknownTopicOrPartition), (Self.topic, "bad name", .invalidTopicException),
                (Self.broker, "2", .invalidRequest), (Self.broker, "one", .invalidRequest), (8, "1", .invalidRequest),
                (77, "x", .invalidRequest),
            ]
            for (type, name, code) in resources {
                #expect(try await self.alter(type, name, [("retention.ms", 0, "1")], client).code == code, "\(name)")
                #expect(try await self.describe(type, name, client).errorCode == code, "\(name)")
            }
        }
    }

    @Test func theDefaultsOfBrokersReachTheirTopics() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t")
            let all = [("log.retention.ms", 0 as Int8, "5000" as String?), ("message.max.bytes", 0, "2000")]
            #expect(try await self.alter(Self.broker, "", all, client).code == .none)
            #expect(try await self.alter(Self.broker, "1", [("log.retention.ms", 0, "6000")], client).code == .none)
            #expect(
                try await self.line(Self.topic, "t", "retention.ms", client)
                    == "6000 (2) log.retention.ms(2)=6000 log.retention.ms(3)=5000 log.retention.ms(4)=-1")
            #expect(try await self.line(Self.broker, "", "log.retention.ms", client).hasPrefix("5000 (3)"))
            let other = try await RawClient.connect(to: kafka.bootstrapServers[1])
            defer { other.close() }
            #expect(try await self.line(Self.topic, "t", "retention.ms", other).hasPrefix("5000 (3)"))
            #expect(try await self.line(Self.broker, "2", "log.retention.ms", other).hasPrefix("5000 (3)"))
            // They have an effect.
            let large = try batch([String(repeating: "x", count: 2000)])
            let refused = try await client.ask(ProduceRequest.one(large, to: "t"), version: 9)
            #expect(refused.only.errorCode == .messageTooLarge)
            #expect(try await self.alter(Self.broker, "", [("message.max.bytes", 1, nil)], client).code == .none)
            let accepted = try await client.ask(ProduceRequest.one(large, to: "t"), version: 9)
            #expect(accepted.only.errorCode == .none)
            for (name, value) in [("num.partitions", "3"), ("no.such", "1"), ("log.retention.ms", "x")] {
                #expect(try await self.alter(Self.broker, "", [(name, 0, value)], client).code == .invalidRequest)
            }
        }
    }

    @Test func aBrokersSettingsAreThoseOfItsConfiguration() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.racks = ["r1"]
        configuration.createTopicsAutomatically = false
        configuration.retentionTime = .seconds(60)
        try await withCluster(configuration) { kafka, client in
            let configs = try await self.describe(Self.broker, "1", client).configs
            let found = Dictionary(uniqueKeysWithValues: configs.map { ($0.name, $0) })
            #expect(found["broker.rack"]?.value == "r1")
            #expect(found["auto.create.topics.enable"]?.value == "false")
            #expect(found["auto.create.topics.enable"]?.configSource == 4)
            #expect(found["auto.create.topics.enable"]?.readOnly == true)
            #expect(found["log.retention.ms"]?.value == "60000")
            #expect(found["log.retention.ms"]?.readOnly == false)
            #expect(found["log.retention.ms"]?.configType == 5)
            #expect(found["listeners"]?.value == "PLAINTEXT://\(kafka.bootstrapServers[0])")
            #expect(found["num.partitions"]?.configSource == 5)
            #expect(configs.allSatisfy { $0.documentation?.hasSuffix(".") == true })
            #expect(configs.map(\.name) == configs.map(\.name).sorted())
        }
    }

    @Test func theKeysOfListenersAreSecret() async throws {
        var configuration = EmbeddedKafka.Configuration()
        let authority = try EmbeddedKafka.Authority()
        configuration.listeners = [
            EmbeddedKafka.Listener("OPEN"),
            EmbeddedKafka.Listener("SECURE", tls: try authority.tls(requiresClientCertificate: true)),
        ]
        try await withCluster(configuration) { kafka, client in
            let configs = try await self.describe(Self.broker, "1", client).configs
            let key = try #require(configs.first { $0.name == "listener.name.secure.ssl.keystore.key" })
            #expect(key.isSensitive && key.readOnly)
            #expect(key.value == nil)
            #expect(key.synonyms.map(\.value) == [nil])
            #expect(
                try await self.line(Self.broker, "1", "listener.name.secure.ssl.client.auth", client)
                    .hasPrefix("required (4)"))
            #expect(!configs.contains { $0.name.hasPrefix("listener.name.open") })
            let addresses = [kafka.bootstrapServers, kafka.bootstrapServers(of: "OPEN")].joined()
            let listeners = try await self.line(Self.broker, "1", "listeners", client)
            #expect(addresses.allSatisfy { listeners.contains($0) })
        }
    }

    @Test func alterConfigsReplacesAllValues() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t", configuration: ["retention.ms": "60000", "flush.ms": "1"])
            var resource = AlterConfigsRequest.AlterConfigsResource()
            resource.resourceType = Self.topic
            resource.resourceName = "t"
            var config = AlterConfigsRequest.AlterableConfig()
            config.name = "retention.ms"
            config.value = "70000"
            resource.configs = [config]
            var request = AlterConfigsRequest()
            request.resources = [resource]
            #expect(try await client.ask(request, version: 2).responses[0].errorCode == .none)
            #expect(try await self.line(Self.topic, "t", "retention.ms", client).hasPrefix("70000 (1)"))
            #expect(try await self.line(Self.topic, "t", "flush.ms", client).hasPrefix("9223372036854775807 (5)"))
            request.resources[0].configs[0].value = "soon"
            #expect(try await client.ask(request, version: 2).responses[0].errorCode == .invalidConfig)
            request.resources = [resource, resource]
            #expect(
                try await client.ask(request, version: 2).responses.map(\.errorCode) == [
                    .invalidRequest, .invalidRequest,
                ])
        }
    }

    @Test(arguments: ["gzip", "snappy", "lz4", "zstd", "uncompressed", "producer"])
    func batchesAreStoredWithTheTopicsCompression(_ type: String) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t", configuration: ["compression.type": type])
            let values = ["a", "b"].map { String(repeating: $0, count: 500) }
            let sent = try batch(values, compression: .gzip)
            #expect(try await client.ask(ProduceRequest.one(sent, to: "t"), version: 9).only.errorCode == .none)
            let answer = try await client.ask(FetchRequest.one("t", offset: 0), version: 12)
            let stored = try parsed(joined(answer.only.records ?? []))
            #expect(stored.codec == CompressionCodec(named: type))
            #expect(try records(in: answer.only.records ?? []).map(\.value) == values)
        }
    }

    @Test func theResourcesWithSettingsAreListed() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t")
            func list(_ types: [Int8], version: Int16 = 1) async throws -> [String] {
                var request = ListConfigResourcesRequest()
                request.resourceTypes = types
                let answer = try await client.ask(request, version: version)
                guard answer.errorCode == .none else { return ["\(answer.errorCode)"] }
                return answer.configResources.map { "\($0.resourceType):\($0.resourceName)" }
            }
            #expect(try await list([]) == ["2:t", "4:1", "4:2"])
            #expect(try await list([Self.broker]) == ["4:1", "4:2"])
            #expect(try await list([32, 16]) == [])
            #expect(try await list([77]) == ["\(ErrorCode.unsupportedVersion)"])
            #expect(try await list([], version: 0) == [])
        }
    }

    @Test func oldTimestampsAreRefusedRecordByRecord() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t", configuration: ["message.timestamp.before.max.ms": "3600000"])
            let answer = try await client.ask(ProduceRequest.one(try batch(["a", "b"]), to: "t"), version: 9)
            #expect(answer.only.errorCode == .invalidTimestamp)
            #expect(answer.only.recordErrors.map(\.batchIndex) == [0, 1])
        }
    }
}

extension CompressionCodec {
    fileprivate init?(named type: String) {
        switch type {
        case "uncompressed": self = .none
        case "snappy": self = .snappy
        case "lz4": self = .lz4
        case "zstd": self = .zstd
        default: self = .gzip
        }
    }
}

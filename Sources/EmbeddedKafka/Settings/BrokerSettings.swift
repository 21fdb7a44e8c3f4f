// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The settings of brokers that are true here, with Kafka's names.
enum BrokerSettings {
    /// Whether and how a setting can be changed while the broker runs (KIP-226).
    enum Update: Sendable {
        case never
        /// For one broker, or for all.
        case clusterWide
    }

    struct Entry: Sendable {
        let setting: Setting
        let update: Update
    }

    static let byName = Dictionary(uniqueKeysWithValues: Self.all.map { ($0.setting.name, $0) })

    static let all: [Entry] = Self.ofTopics + Self.ofBrokers

    /// The defaults of topics' settings.
    private static let ofTopics: [Entry] = TopicSettings.all.compactMap { entry in
        guard let name = entry.brokerName else { return nil }
        let setting = Setting(
            name: name, type: entry.setting.type, rule: entry.setting.rule,
            defaultValue: entry.brokerHasDefault ? entry.setting.defaultValue : nil,
            documentation: "The default of topics' \(entry.setting.name). \(entry.setting.documentation)")
        return Entry(setting: setting, update: .clusterWide)
    }

    private static let ofBrokers: [Entry] = [
        fixed("advertised.listeners", .list, nil, "The addresses that clients are told, by listener."),
        fixed("authorizer.class.name", .string, "", "What decides on permissions, or empty for nothing."),
        fixed(
            "auto.create.topics.enable", .boolean, "true",
            "Whether a topic is created when a client asks for its metadata."),
        fixed("broker.rack", .string, nil, "The broker's rack."),
        fixed(
            "connections.max.reauth.ms", .long, "0",
            "The time after which clients must authenticate again, in milliseconds, or 0 for never."),
        fixed("default.replication.factor", .int, "1", "The number of replicas of new topics that don't name one."),
        fixed("delegation.token.expiry.time.ms", .long, "86400000", "The time until a token must be renewed."),
        fixed("delegation.token.max.lifetime.ms", .long, "604800000", "The longest life of a token."),
        fixed("delete.topic.enable", .boolean, "true", "Whether topics can be deleted."),
        fixed("fetch.max.bytes", .int, "57671680", "The largest answer to a Fetch request, in bytes."),
        fixed(
            "group.consumer.assignors", .list, "uniform,range",
            "The assignors of the coordinator; the first is the default."),
        fixed(
            "group.consumer.heartbeat.interval.ms", .int, "5000",
            "The time between heartbeats of members of the consumer protocol, in milliseconds."),
        fixed(
            "group.consumer.max.size", .int, "2147483647", "The largest number of members of a group of that protocol."),
        fixed(
            "group.consumer.migration.policy", .string, "bidirectional",
            "How groups may change between the protocols while they have members."),
        fixed(
            "group.consumer.session.timeout.ms", .int, "45000",
            "The session timeout of members of the consumer protocol, in milliseconds."),
        fixed(
            "group.initial.rebalance.delay.ms", .int, "3000",
            "The time that an empty group waits for more members, in milliseconds."),
        fixed("group.max.session.timeout.ms", .int, "1800000", "The longest session timeout of group members."),
        fixed("group.max.size", .int, "2147483647", "The largest number of members of a group."),
        fixed("group.min.session.timeout.ms", .int, "6000", "The shortest session timeout of group members."),
        fixed("listeners", .list, "PLAINTEXT://:9092", "The addresses that the broker listens on."),
        fixed("log.cleaner.backoff.ms", .long, "15000", "The time between two runs of compaction, in milliseconds."),
        fixed("log.cleaner.enable", .boolean, "true", "Whether logs are compacted."),
        fixed("log.dirs", .list, nil, "The directories of the logs, which are in memory here."),
        fixed(
            "log.retention.check.interval.ms", .long, "300000",
            "The time between two looks for expired records, in milliseconds."),
        fixed(
            "max.request.partition.size.limit", .int, "2000",
            "The largest number of partitions in an answer to DescribeTopicPartitions."),
        fixed("node.id", .int, nil, "The broker's ID."),
        fixed("num.partitions", .int, "1", "The number of partitions of new topics that don't name one."),
        fixed("producer.id.expiration.ms", .int, "86400000", "How long an idle producer is remembered."),
        fixed("replica.selector.class", .string, nil, "What chooses the replica that a consumer reads from."),
        fixed("sasl.enabled.mechanisms", .list, "GSSAPI", "The SASL mechanisms of all listeners."),
        fixed("socket.request.max.bytes", .int, "104857600", "The largest request, in bytes."),
    ]

    private static func fixed(
        _ name: String, _ type: Setting.ValueType, _ defaultValue: String?, _ documentation: String
    ) -> Entry {
        Entry(
            setting: Setting(name: name, type: type, defaultValue: defaultValue, documentation: documentation),
            update: .never)
    }
}

extension EmbeddedKafka.Configuration {
    /// The values that the configuration gives to all brokers' settings, by Kafka's names.
    var brokerSettings: [String: String] {
        var values = [
            "auto.create.topics.enable": "\(self.createTopicsAutomatically)",
            "connections.max.reauth.ms": "\(self.maxSession?.inMilliseconds ?? 0)",
            "default.replication.factor": "\(self.defaultReplicationFactor)",
            "fetch.max.bytes": "\(self.maxFetchBytes)",
            "group.consumer.heartbeat.interval.ms": "\(self.consumerHeartbeatInterval.inMilliseconds)",
            "group.consumer.max.size": "\(min(self.maxGroupSize, Int(Int32.max)))",
            "group.consumer.migration.policy": self.groupMigration.rawValue,
            "group.consumer.session.timeout.ms": "\(self.consumerSessionTimeout.inMilliseconds)",
            "group.initial.rebalance.delay.ms": "\(self.initialRebalanceDelay.inMilliseconds)",
            "group.max.session.timeout.ms": "\(self.sessionTimeouts.upperBound.inMilliseconds)",
            "group.max.size": "\(min(self.maxGroupSize, Int(Int32.max)))",
            "group.min.session.timeout.ms": "\(self.sessionTimeouts.lowerBound.inMilliseconds)",
            "log.cleaner.backoff.ms": "\(self.cleaningInterval.inMilliseconds)",
            "log.dirs": EmbeddedBroker.logDirectory,
            "log.retention.bytes": "\(self.retentionBytes)",
            "log.retention.check.interval.ms": "\(self.cleaningInterval.inMilliseconds)",
            "log.retention.ms": "\(self.retentionTime?.inMilliseconds ?? -1)",
            "max.request.partition.size.limit": "\(self.maxDescribedPartitions)",
            "message.max.bytes": "\(self.maxBatchBytes)",
            "num.partitions": "\(self.defaultPartitions)",
            "socket.request.max.bytes": "\(self.maxRequestBytes)",
        ]
        if self.authorizer != nil {
            values["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
        }
        let mechanisms = Set(self.listeners.flatMap(\.mechanisms)).map(\.rawValue).sorted()
        if !mechanisms.isEmpty { values["sasl.enabled.mechanisms"] = mechanisms.joined(separator: ",") }
        if self.offerNearestReplica {
            values["replica.selector.class"] = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
        }
        // What is Kafka's default is no choice of the configuration.
        return values.filter { name, value in
            BrokerSettings.byName[name].map { $0.setting.defaultValue != value } ?? true
        }
    }
}

extension BrokerSettings {
    /// Returns the settings of listeners with TLS, with their values. The key is a secret.
    static func ofListeners(_ listeners: [BrokerListener]) -> [(Setting, ClusterSettings.Value)] {
        listeners.filter { $0.tls != nil }.flatMap { listener in
            let prefix = "listener.name.\(listener.name.lowercased()).ssl."
            let settings = [
                (
                    Setting(
                        name: prefix + "keystore.key", type: .password, defaultValue: nil,
                        documentation: "The private key of the listener."), ""
                ),
                (
                    Setting(
                        name: prefix + "client.auth", type: .string, defaultValue: nil,
                        documentation: "Whether clients must have a certificate."),
                    listener.requiresClientCertificate ? "required" : "none"
                ),
            ]
            return settings.map { setting, value in
                (setting, ClusterSettings.Value(name: setting.name, value: value, source: .configuration))
            }
        }
    }
}

extension EmbeddedBroker {
    /// The name of the brokers' log directory. There is no such directory: logs are in memory.
    static let logDirectory = "/memory"

    /// The values that belong to this broker alone, by Kafka's names.
    var settings: [String: String] {
        let addresses = zip(self.cluster.listeners, self.ports).map { listener, port in
            "\(listener.name)://\(self.host.contains(":") ? "[\(self.host)]" : self.host):\(port)"
        }.joined(separator: ",")
        var values = ["node.id": "\(self.id)", "listeners": addresses, "advertised.listeners": addresses]
        values["broker.rack"] = self.rack
        return values
    }
}

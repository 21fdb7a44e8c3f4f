// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The configuration of a cluster's processes: ports, properties, commands.
struct ClusterLayout: Sendable {
    let installation: KafkaInstallation
    let folder: URL
    let brokerPorts: [Int]
    let controllerPorts: [Int]
    let zooKeeperPort: Int
    let clusterID: String
    /// The test's settings, which override the defaults.
    let settings: [String: String]
    /// The racks of the brokers, in order of their ids. Consumers read from the replica in their rack (KIP-392).
    let racks: [String]
    /// Whether the first broker is the only voter at first, and others can be added (KIP-853, Kafka 3.9).
    let hasDynamicQuorum: Bool
    /// The levels of features that differ from the version's own, such as `transaction.version` (KRaft).
    let features: [String: Int]
    /// The secured listeners, in addition to the plaintext one.
    let secured: SecuredListeners?

    var ids: [Int] { Array(1...self.brokerPorts.count) }

    init(
        installation: KafkaInstallation, brokers: Int, settings: [String: String], racks: [String] = [],
        hasDynamicQuorum: Bool = false, features: [String: Int] = [:], isSecured: Bool = false,
        kerberos: KerberosRealm? = nil
    ) throws {
        let ports = LoopbackPorts.take(2 * brokers + 1)
        self.installation = installation
        self.folder = TemporaryFolder.path("kafka-\(installation.version.short)")
        self.brokerPorts = Array(ports[..<brokers])
        self.controllerPorts = Array(ports[brokers..<2 * brokers])
        self.zooKeeperPort = ports[2 * brokers]
        self.clusterID = Data((0..<16).map { _ in UInt8.random(in: 1...127) }).base64EncodedString()
            .replacing("=", with: "").replacing("+", with: "-").replacing("/", with: "_")
        self.settings = settings
        self.racks = racks
        self.hasDynamicQuorum = hasDynamicQuorum
        self.features = features
        self.secured =
            isSecured ? try SecuredListeners(installation: installation, brokers: brokers, kerberos: kerberos) : nil
    }

    // MARK: - Files

    func write() throws {
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        try self.write(
            """
            status=error
            appender.c.type=Console
            appender.c.name=c
            appender.c.layout.type=PatternLayout
            appender.c.layout.pattern=%d %p %m (%c)%n
            rootLogger.level=info
            rootLogger.appenderRef.c.ref=c
            """, to: "log4j2.properties")
        try self.write(
            """
            log4j.rootLogger=INFO, c
            log4j.appender.c=org.apache.log4j.ConsoleAppender
            log4j.appender.c.layout=org.apache.log4j.PatternLayout
            log4j.appender.c.layout.ConversionPattern=%d %p %m (%c)%n
            """, to: "log4j.properties")
        try self.write(
            """
            dataDir=\(self.folder.path)/zookeeper
            clientPort=\(self.zooKeeperPort)
            clientPortAddress=127.0.0.1
            maxClientCnxns=0
            """, to: "zookeeper.properties")
        for id in self.ids {
            let properties = try self.properties(of: id).sorted { $0.key < $1.key }
            try self.write(
                properties.map { "\($0.key)=\($0.value)" }.joined(separator: "\n"), to: "broker-\(id).properties")
        }
    }

    private func write(_ text: String, to name: String) throws {
        try Data("\(text)\n".utf8).write(to: self.folder.appendingPathComponent(name))
    }

    private func properties(of id: Int) throws -> [String: String] {
        let copies = "\(min(3, self.ids.count))"
        let inSync = "\(max(1, min(3, self.ids.count) - 1))"
        let listeners = ["PLAINTEXT://127.0.0.1:\(self.brokerPorts[id - 1])"] + (self.secured?.listeners(of: id) ?? [])
        let listener = listeners.joined(separator: ",")
        var properties = [
            "log.dirs": "\(self.folder.path)/data-\(id)",
            "inter.broker.listener.name": "PLAINTEXT",
            "listeners": listener,
            "advertised.listeners": listener,
            // Sizes suited to a few brokers.
            "num.partitions": "4",
            "default.replication.factor": copies,
            "min.insync.replicas": inSync,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": "8",
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": inSync,
            "transaction.state.log.num.partitions": "8",
            // Kafka looks for transactions that last too long every 10 s.
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": "300",
            "num.io.threads": "4",
            "num.network.threads": "2",
            "log.cleaner.dedupe.buffer.size": "16777216",
            // A missing topic is an error, which some tests expect.
            "auto.create.topics.enable": "false",
            // No delays: tests control when members join and how soon they expire.
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            // The brokers, not the members, choose these in the consumer protocol.
            "group.consumer.min.session.timeout.ms": "1000",
            "group.consumer.min.heartbeat.interval.ms": "100",
            "group.consumer.heartbeat.interval.ms": "200",
            // Remove followers from the in-sync replicas within seconds.
            "replica.lag.time.max.ms": "5000",
        ]
        if self.racks.indices.contains(id - 1) {
            properties["broker.rack"] = self.racks[id - 1]
            properties["replica.selector.class"] = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
        }
        if self.installation.usesZooKeeper {
            properties["broker.id"] = "\(id)"
            properties["zookeeper.connect"] = "127.0.0.1:\(self.zooKeeperPort)"
            properties["zookeeper.session.timeout.ms"] = "6000"
        } else {
            properties["node.id"] = "\(id)"
            properties["process.roles"] = "broker,controller"
            properties["controller.listener.names"] = "CONTROLLER"
            if self.hasDynamicQuorum {
                properties["controller.quorum.bootstrap.servers"] = self.controllerPorts.map { "127.0.0.1:\($0)" }
                    .joined(separator: ",")
            } else {
                properties["controller.quorum.voters"] = zip(self.ids, self.controllerPorts)
                    .map { "\($0)@127.0.0.1:\($1)" }.joined(separator: ",")
            }
            properties["listeners"] = "\(listener),CONTROLLER://127.0.0.1:\(self.controllerPorts[id - 1])"
            // Detect a dead broker after three seconds instead of nine.
            properties["broker.session.timeout.ms"] = "3000"
            properties["broker.heartbeat.interval.ms"] = "500"
        }
        if self.installation.version >= KafkaVersion(4, 0) {
            properties["share.coordinator.state.topic.replication.factor"] = copies
            properties["share.coordinator.state.topic.min.isr"] = inSync
            properties["share.coordinator.state.topic.num.partitions"] = "8"
        }
        var protocols = ["PLAINTEXT:PLAINTEXT"] + (self.secured?.protocolMap ?? [])
        if !self.installation.usesZooKeeper { protocols.append("CONTROLLER:PLAINTEXT") }
        properties["listener.security.protocol.map"] = protocols.joined(separator: ",")
        try self.secured?.add(to: &properties, folder: self.folder)
        if self.secured != nil {
            // Access control entries can be made, and forbid nothing as long as there is none for a resource. The plaintext
            // listener's clients may do everything.
            properties["authorizer.class.name"] = self.installation.authorizer
            properties["super.users"] = "User:ANONYMOUS"
            properties["allow.everyone.if.no.acl.found"] = "true"
            properties["log.dirs", default: ""] += ",\(self.folder.path)/data-\(id)-second"
        }
        return properties.merging(self.settings) { $1 }
    }

    // MARK: - Commands

    private var java: [String] {
        [
            RealKafka.java ?? "java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Dlog4j2.configurationFile=\(self.folder.path)/log4j2.properties",
            "-Dlog4j.configuration=file:\(self.folder.path)/log4j.properties",
            "-Dzookeeper.jmx.log4j.disable=true", "-Dzookeeper.admin.enableServer=false",
        ] + RealKafka.temporaryFiles + (self.secured?.javaOptions ?? []) + ["-cp", self.installation.classPath]
    }

    private func propertiesFile(_ id: Int) -> String { "\(self.folder.path)/broker-\(id).properties" }

    /// The arguments of Kafka's storage tool that prepare a broker's folders.
    func formatArguments(_ id: Int) -> [String] {
        ["format", "-t", self.clusterID, "-c", self.propertiesFile(id)]
            + (self.hasDynamicQuorum ? [id == 1 ? "--standalone" : "--no-initial-controllers"] : [])
            + self.features.sorted { $0.key < $1.key }.flatMap { ["--feature", "\($0.key)=\($0.value)"] }
            + (self.secured == nil
                ? []
                : self.scramUsers.flatMap {
                    ["--add-scram", "\($0.mechanism)=[name=\(SecuredListeners.username),password=\($0.password)]"]
                })
    }

    /// The command that creates users in ZooKeeper, if the version uses it.
    var makeUsersCommand: [String]? {
        guard self.secured != nil, self.installation.usesZooKeeper else { return nil }
        let users = self.scramUsers.map { "\($0.mechanism)=[password=\($0.password)]" }.joined(separator: ",")
        return self.java + [
            "kafka.admin.ConfigCommand", "--zookeeper", "127.0.0.1:\(self.zooKeeperPort)", "--alter", "--entity-type",
            "users", "--entity-name", SecuredListeners.username, "--add-config", users,
        ]
    }

    private var scramUsers: [(mechanism: String, password: String)] {
        ["SCRAM-SHA-256", "SCRAM-SHA-512"].map { ($0, SecuredListeners.password) }
    }

    func brokerCommand(_ id: Int) -> [String] {
        self.java + ["kafka.Kafka", self.propertiesFile(id)]
    }

    var zooKeeperCommand: [String] {
        self.java + [
            "org.apache.zookeeper.server.quorum.QuorumPeerMain", "\(self.folder.path)/zookeeper.properties",
        ]
    }

    var zooKeeperAccepts: Bool { LoopbackPorts.accepts(self.zooKeeperPort) }
}

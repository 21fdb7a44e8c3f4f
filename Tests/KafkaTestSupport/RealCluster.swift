// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import KafkaMemory

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A cluster of real Kafka brokers on 127.0.0.1, in a temporary folder, for the duration of a test.
///
/// ```swift
/// try await RealCluster.withCluster(installation, brokers: 3) { cluster in
///     try await cluster.createTopic("orders", partitions: 6)
///     await cluster.kill(2)
///     try await cluster.restart(2)
/// }
/// ```
///
/// The brokers are killed when the test process dies. `KAFKA_TEST_KEEP=1` keeps the folder with their logs.
package actor RealCluster {
    package nonisolated let installation: KafkaInstallation
    package nonisolated let folder: URL
    /// `127.0.0.1:port` of each broker, in order of their ids, which start at 1.
    package nonisolated let bootstrapServers: [String]
    nonisolated let layout: ClusterLayout

    private var zooKeeper: ChildProcess?
    private var running: [Int: ChildProcess] = [:]

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private init(layout: ClusterLayout) {
        self.layout = layout
        self.installation = layout.installation
        self.folder = layout.folder
        self.bootstrapServers = layout.brokerPorts.map { "127.0.0.1:\($0)" }
    }

    /// Runs a cluster for the duration of `body`.
    ///
    /// - Parameter racks: The racks of the brokers, in order of their ids. Consumers then read from the replica in
    ///   their rack.
    ///   - hasDynamicQuorum: Whether the first broker is the only voter of the metadata quorum at first, and others can be
    ///   added (Kafka 3.9).
    ///   - features: The levels of features that differ from the version's own, such as `transaction.version` (KRaft).
    package static func withCluster<Result>(
        _ installation: KafkaInstallation, brokers: Int = 1, settings: [String: String] = [:], racks: [String] = [],
        hasDynamicQuorum: Bool = false, features: [String: Int] = [:], isSecured: Bool = false,
        kerberos: KerberosRealm? = nil,
        _ body: (RealCluster) async throws -> sending Result
    ) async throws -> sending Result {
        let cluster = try await Self.start(
            installation, brokers: brokers, settings: settings, racks: racks, hasDynamicQuorum: hasDynamicQuorum,
            features: features,
            isSecured: isSecured, kerberos: kerberos)
        do {
            let result = try await body(cluster)
            await cluster.stopAll()
            return result
        } catch {
            await cluster.stopAll()
            throw error
        }
    }

    /// Starts a cluster. Returns when each broker knows all of them.
    package static func start(
        _ installation: KafkaInstallation, brokers: Int = 1, settings: [String: String] = [:], racks: [String] = [],
        hasDynamicQuorum: Bool = false, features: [String: Int] = [:], isSecured: Bool = false,
        kerberos: KerberosRealm? = nil
    ) async throws -> RealCluster {
        for _ in 1..<3 {
            do {
                return try await Self.startOnce(
                    installation, brokers: brokers, settings: settings, racks: racks,
                    hasDynamicQuorum: hasDynamicQuorum, features: features, isSecured: isSecured, kerberos: kerberos)
            } catch let error as Failure where error.description.contains("Address already in use") {
                continue
            }
        }
        return try await Self.startOnce(
            installation, brokers: brokers, settings: settings, racks: racks, hasDynamicQuorum: hasDynamicQuorum,
            features: features,
            isSecured: isSecured, kerberos: kerberos)
    }

    private static func startOnce(
        _ installation: KafkaInstallation, brokers: Int, settings: [String: String], racks: [String],
        hasDynamicQuorum: Bool, features: [String: Int], isSecured: Bool, kerberos: KerberosRealm?
    ) async throws -> RealCluster {
        let cluster = RealCluster(
            layout: try ClusterLayout(
                installation: installation, brokers: brokers, settings: settings, racks: racks,
                hasDynamicQuorum: hasDynamicQuorum, features: features, isSecured: isSecured, kerberos: kerberos))
        do {
            try await cluster.startAll()
            return cluster
        } catch {
            await cluster.stopAll()
            throw error
        }
    }

    private func startAll() async throws {
        try self.layout.write()
        if self.installation.usesZooKeeper {
            let zooKeeper = try self.launch("zookeeper", self.layout.zooKeeperCommand)
            self.zooKeeper = zooKeeper
            try await eventually("ZooKeeper accepts connections", within: .seconds(180)) {
                try self.check(zooKeeper)
                return self.layout.zooKeeperAccepts
            }
            if let command = self.layout.makeUsersCommand {
                let users = try self.launch("users", command)
                guard await users.ended() == 0 else { throw self.failure(of: users) }
            }
        } else {
            for id in self.layout.ids {
                try await KafkaTool.run(
                    "kafka.tools.StorageTool", self.layout.formatArguments(id), classPath: self.installation.classPath)
            }
        }
        for id in self.layout.ids { try self.launchBroker(id) }
        for id in self.layout.ids { try await self.untilReady(id, seeing: self.layout.ids.count) }
    }

    /// The secured listeners, if the cluster was started with them.
    package nonisolated var secured: SecuredListeners? { self.layout.secured }

    // MARK: - Faults

    package nonisolated var brokerIDs: [Int] { self.layout.ids }
    /// The ids of the brokers that haven't been killed or stopped.
    package var runningIDs: [Int] { self.running.keys.sorted() }
    package nonisolated func port(of broker: Int) -> Int { self.layout.brokerPorts[broker - 1] }
    package nonisolated func controllerPort(of broker: Int) -> Int { self.layout.controllerPorts[broker - 1] }

    /// Kills a broker with SIGKILL, as in a power failure.
    package func kill(_ broker: Int) async {
        await self.running.removeValue(forKey: broker)?.destroy()
    }

    /// Stops a broker with SIGTERM: it hands over its partitions and ends.
    package func stop(_ broker: Int) async {
        await self.running.removeValue(forKey: broker)?.stop(within: .seconds(30))
    }

    /// Pauses a broker with SIGSTOP: its connections stay open but nothing is answered, as when a machine hangs.
    package func pause(_ broker: Int) {
        self.running[broker]?.signal(SIGSTOP)
    }

    /// Resumes a broker with SIGCONT.
    package func resume(_ broker: Int) {
        self.running[broker]?.signal(SIGCONT)
    }

    /// Starts a broker that was killed or stopped, with its old port and data. Returns when it knows all running
    /// brokers.
    package func restart(_ broker: Int) async throws {
        await self.stop(broker)
        try self.launchBroker(broker)
        try await self.untilReady(broker, seeing: self.running.count)
    }

    /// Kills all brokers.
    package func stopAll() async {
        for process in self.running.values { await process.destroy() }
        self.running = [:]
        await self.zooKeeper?.destroy()
        self.zooKeeper = nil
    }

    // MARK: - Processes

    private func launchBroker(_ id: Int) throws {
        self.running[id] = try self.launch("broker-\(id)", self.layout.brokerCommand(id))
    }

    private func launch(_ name: String, _ command: [String]) throws -> ChildProcess {
        try ChildProcess(name, command, output: .file(self.log(of: name)))
    }

    private nonisolated func log(of name: String) -> URL { self.folder.appendingPathComponent("\(name).log") }

    private func untilReady(_ id: Int, seeing count: Int) async throws {
        guard let process = self.running[id] else { throw Failure(description: "broker \(id) is not running") }
        let probe = BrokerProbe(port: self.port(of: id))
        do {
            try await eventually("broker \(id) knows \(count) brokers", within: .seconds(180)) {
                try self.check(process)
                guard (try? await probe.apiVersions()) != nil, let metadata = try? await probe.metadata() else {
                    return false
                }
                return metadata.brokers.count >= count && metadata.controller >= 0
            }
        } catch is Timeout {
            throw self.failure(of: process)
        }
    }

    private func check(_ process: ChildProcess) throws {
        if !process.isRunning { throw self.failure(of: process) }
    }

    /// An error with the end of the process's log, where Java reports the reason.
    private func failure(of process: ChildProcess) -> Failure {
        let log = (try? String(contentsOf: self.log(of: process.name), encoding: .utf8)) ?? ""
        let state = process.status.map { "ended with \($0)" } ?? "is not ready"
        return Failure(description: "\(self.installation) \(process.name) \(state):\n\(log.suffix(4000))")
    }
}

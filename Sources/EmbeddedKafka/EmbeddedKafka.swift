// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
package import KafkaTransport

/// A Kafka cluster inside this process, for tests and for trying things out.
///
/// Any Kafka client can connect to it: it speaks Kafka's protocol on real sockets. It keeps everything in memory, and
/// forgets it when it stops. It does what brokers do, error codes included, and it can be told to do it badly: see
/// `inject`.
///
/// ```swift
/// try await EmbeddedKafka.withBroker { kafka in
///     try await kafka.createTopic("orders", partitions: 3)
///     let configuration = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
///     // ... produce and consume
/// }
/// ```
public final class EmbeddedKafka: Sendable {
    let cluster: EmbeddedCluster
    private let isStopped = Lock(false)
    /// The addresses to give to clients, `host:port`, one a broker. They stay as they are when brokers stop and start.
    public let bootstrapServers: [String]
    /// The same by listener.
    let listenerServers: [String: [String]]

    private init(cluster: EmbeddedCluster, servers: [String: [String]]) {
        self.cluster = cluster
        self.listenerServers = servers
        self.bootstrapServers = servers[BrokerListener.plain.name] ?? []
    }

    // MARK: Life

    /// Runs `body` with a cluster of one broker, and stops the cluster when `body` is done.
    public static func withBroker<Result>(
        _ body: (EmbeddedKafka) async throws -> Result
    ) async throws -> Result {
        try await self.withCluster(Configuration(), body)
    }

    /// Runs `body` with a cluster of so many brokers, and stops the cluster when `body` is done.
    public static func withCluster<Result>(
        brokers: Int, _ body: (EmbeddedKafka) async throws -> Result
    ) async throws -> Result {
        try await self.withCluster(Configuration(brokers: brokers), body)
    }

    /// Runs `body` with a cluster, and stops the cluster when `body` is done.
    public static func withCluster<Result>(
        _ configuration: Configuration, _ body: (EmbeddedKafka) async throws -> Result
    ) async throws -> Result {
        let kafka = try await self.start(configuration)
        do {
            let result = try await body(kafka)
            await kafka.stop()
            return result
        } catch {
            await kafka.stop()
            throw error
        }
    }

    /// Starts a cluster that lives until `stop`. Where a scope will do, `withBroker` and `withCluster` are safer.
    ///
    /// Throws if a port is taken or the configuration makes no sense.
    public static func start(
        _ configuration: Configuration = Configuration()
    ) async throws(EmbeddedKafkaError) -> EmbeddedKafka {
        if let problem = configuration.problem { throw EmbeddedKafkaError(problem) }
        var listeners = [BrokerListener.plain]
        for listener in configuration.listeners { listeners.append(try BrokerListener(listener)) }
        let credentials = try UserCredentials(configuration)
        let loop: EventLoop
        do throws(TransportError) {
            loop = try EventLoop(name: "embedded-kafka", clock: configuration.clock)
        } catch {
            throw EmbeddedKafkaError("The cluster's thread can't be started: \(error).")
        }
        let cluster = EmbeddedCluster(
            configuration: configuration, listeners: listeners, credentials: credentials, loop: loop)
        let started = await withCheckedContinuation { continuation in
            loop.execute { continuation.resume(returning: cluster.startBrokers()) }
        }
        switch started {
        case .success(let servers):
            return EmbeddedKafka(cluster: cluster, servers: servers)
        case .failure(let error):
            loop.shutdown()
            throw error
        }
    }

    /// What the brokers go by.
    package var clock: LoopClock { self.cluster.loop.clock }

    /// Closes all connections and frees the ports. Does nothing the second time.
    public func stop() async {
        await withCheckedContinuation { continuation in
            let isFirst = self.isStopped.withLock { isStopped in
                guard !isStopped else { return false }
                isStopped = true
                self.cluster.loop.execute { [cluster] in
                    for broker in cluster.brokers.values { broker.stop() }
                    continuation.resume()
                }
                self.cluster.loop.shutdown()
                return true
            }
            if !isFirst { continuation.resume() }
        }
    }

    /// Runs `body` where the cluster's state may be touched.
    func onLoop<Result: Sendable>(
        _ body: @escaping @Sendable (EmbeddedCluster) throws(EmbeddedKafkaError) -> Result
    ) async throws(EmbeddedKafkaError) -> Result {
        let result: Swift.Result<Result, EmbeddedKafkaError> = await withCheckedContinuation { continuation in
            let isRunning = self.isStopped.withLock { isStopped in
                guard !isStopped else { return false }
                self.cluster.loop.execute { [cluster] in
                    do throws(EmbeddedKafkaError) {
                        continuation.resume(returning: .success(try body(cluster)))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
                return true
            }
            if !isRunning {
                continuation.resume(returning: .failure(EmbeddedKafkaError("The cluster has been stopped.")))
            }
        }
        return try result.get()
    }
}

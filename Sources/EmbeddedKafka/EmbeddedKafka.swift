// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
package import KafkaTransport

/// A Kafka cluster in this process, for tests and experiments.
///
/// Any Kafka client can connect to it, because it speaks the Kafka protocol on sockets. It keeps all data in memory and
/// discards it when it stops. It behaves like Kafka's brokers, including error codes, and can inject faults: see
/// `inject`. All methods may be called by many tasks at once.
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
    /// The addresses for clients, `host:port` for each broker. They don't change when brokers stop and start.
    public let bootstrapServers: [String]
    /// The addresses by listener.
    let listenerServers: [String: [String]]

    private init(cluster: EmbeddedCluster, servers: [String: [String]]) {
        self.cluster = cluster
        self.listenerServers = servers
        self.bootstrapServers = servers[BrokerListener.plain.name] ?? []
    }

    // MARK: Life

    /// Runs `body` with a cluster of one broker, and stops the cluster when `body` returns or throws.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: ``EmbeddedKafkaError`` if the broker can't start, or whatever `body` throws.
    public static func withBroker<Result>(
        _ body: (EmbeddedKafka) async throws -> Result
    ) async throws -> Result {
        try await self.withCluster(Configuration(), body)
    }

    /// Runs `body` with a cluster of `brokers` brokers, and stops the cluster when `body` returns or throws.
    ///
    /// - Parameters:
    ///   - brokers: The number of brokers, from 1 to 1000.
    ///   - body: A closure that uses the cluster.
    /// - Returns: The result of `body`.
    /// - Throws: ``EmbeddedKafkaError`` if the number is invalid or a broker can't start, or whatever `body` throws.
    public static func withCluster<Result>(
        brokers: Int, _ body: (EmbeddedKafka) async throws -> Result
    ) async throws -> Result {
        try await self.withCluster(Configuration(brokers: brokers), body)
    }

    /// Runs `body` with a cluster, and stops the cluster when `body` returns or throws.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: The errors of ``EmbeddedKafka/start(_:)``, or whatever `body` throws.
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

    /// Starts a cluster that runs until `stop`. Prefer `withBroker` and `withCluster`, which stop it.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the configuration is invalid, if a listener's certificate or the keytab can't be used,
    ///   or if a broker can't listen on its port, for instance because another process uses it.
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

    /// The brokers' source of time.
    package var clock: LoopClock { self.cluster.loop.clock }

    /// Stops the cluster: closes all connections and ports. Does nothing if it is stopped.
    public func stop() async {
        await withCheckedContinuation { continuation in
            let isFirst = self.isStopped.withLock { isStopped in
                guard !isStopped else { return false }
                isStopped = true
                self.cluster.loop.execute { [cluster] in
                    for broker in cluster.brokers.values { broker.stop() }
                    cluster.waiters.failAll(.stopped)
                    continuation.resume()
                }
                self.cluster.loop.shutdown()
                return true
            }
            if !isFirst { continuation.resume() }
        }
    }

    /// Runs `body` on the cluster's loop, where its state may be used.
    func onLoop<Result: Sendable>(
        _ body: @escaping @Sendable (EmbeddedCluster) throws(EmbeddedKafkaError) -> Result
    ) async throws(EmbeddedKafkaError) -> Result {
        let result: Swift.Result<Result, EmbeddedKafkaError> = await withCheckedContinuation { continuation in
            let isRunning = self.whileRunning { loop in
                loop.execute { [cluster] in
                    do throws(EmbeddedKafkaError) {
                        continuation.resume(returning: .success(try body(cluster)))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            }
            if !isRunning {
                continuation.resume(returning: .failure(.stopped))
            }
        }
        return try result.get()
    }

    /// Runs `body` unless the cluster has been stopped, in which case its loop would not perform anything. Returns whether
    /// it is running.
    func whileRunning(_ body: (EventLoop) -> Void) -> Bool {
        self.isStopped.withLock { isStopped in
            guard !isStopped else { return false }
            body(self.cluster.loop)
            return true
        }
    }
}

// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A client for administrative operations on a cluster.
///
/// ```swift
/// try await KafkaAdminClient.withAdminClient(cluster) { admin in
///     try await admin.createTopics([NewTopic("orders", partitionCount: 12)], ifExists: .ignore).allSucceeded()
/// }
/// ```
///
/// A call about several items, such as topics, returns a result for each of them and throws nothing, because one item may
/// fail while others succeed. A failure of the whole call, such as a timeout, is the result of each item that it concerns.
/// `allSucceeded()` returns the values or throws an error. A call that asks a single question throws its error.
///
/// Calls retry on retriable errors until ``KafkaClientConfiguration/apiTimeout``. A call that isn't safe to repeat is not
/// retried once it may have taken effect (``KafkaError/isOutcomeUnknown``). A call that is cancelled ends at once; its outcome is
/// unknown if its request was sent. A call without items returns at once, without asking a broker. See <doc:Administration>.
///
/// ``KafkaAdminClient/run()`` does the background work; `withAdminClient` runs it for the duration of a closure. All calls
/// may be made by many tasks at once.
public final class KafkaAdminClient: Sendable {
    let cluster: Cluster
    private let loop: EventLoop
    private let shutdown = Promise<Void>()
    private let isStarted = Lock(false)

    /// Creates an admin client. It connects once ``KafkaAdminClient/run()`` is called.
    ///
    /// - Parameter configuration: The cluster and the settings common to all clients.
    /// - Throws: `.invalidConfiguration` with the reason if a setting is invalid or a certificate, key or store can't be
    ///   used; `.connectionFailed` if the system has no resources for the client's thread and its event loop.
    public init(_ configuration: KafkaClientConfiguration) throws(KafkaError) {
        do {
            self.loop = try EventLoop(name: "kafka-admin", clock: configuration.clock)
        } catch {
            throw KafkaError(.connectionFailed, "No event loop could be made: \(error)", underlyingError: error)
        }
        // Asking about a topic must not create it.
        var configuration = configuration
        configuration.allowAutoTopicCreation = false
        let logger = Logger(configuration.log, [(.clientID, configuration.clientID)])
        do throws(KafkaError) {
            self.cluster = try Cluster(configuration: configuration, loop: self.loop, logger: logger)
        } catch {
            self.loop.shutdown()
            throw error
        }
    }

    deinit {
        self.loop.shutdown()
    }

    /// Runs the client until ``KafkaAdminClient/triggerGracefulShutdown()`` is called or the task is cancelled, and then closes its
    /// connections. Call it once. It returns normally in both cases.
    ///
    /// Calls wait until it runs, and throw `.timedOut` if it doesn't within ``KafkaClientConfiguration/apiTimeout``.
    ///
    /// - Throws: `.illegalState` if it has been called before.
    public func run() async throws {
        try await withGracefulShutdown(self.triggerGracefulShutdown) { try await self.runUntilShutdown() }
    }

    private func runUntilShutdown() async throws {
        let isFirst = self.isStarted.withLock { isStarted in
            defer { isStarted = true }
            return !isStarted
        }
        guard isFirst else {
            throw KafkaError(.illegalState, "run() was called twice. Make an admin client for each run.")
        }
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: self.loop) { await self.cluster.run() }
            // Both cancellation and `triggerGracefulShutdown()` end the run.
            try? await self.shutdown.value()
            group.cancelAll()
        }
    }

    /// Ends ``KafkaAdminClient/run()``. Returns immediately; pending calls fail with `.closed`.
    public func triggerGracefulShutdown() {
        self.shutdown.fulfill(.success(()))
    }

    /// Runs an admin client for the duration of a closure, and closes it when the closure returns or throws.
    ///
    /// - Parameters:
    ///   - configuration: The cluster and the settings common to all clients.
    ///   - body: A closure that uses the client. The client can't be used after the closure has returned.
    /// - Returns: The result of `body`.
    /// - Throws: The errors of `init(_:)`, or whatever `body` throws.
    public static func withAdminClient<Result>(
        _ configuration: KafkaClientConfiguration, _ body: (KafkaAdminClient) async throws -> Result
    ) async throws -> Result {
        let admin = try KafkaAdminClient(configuration)
        return try await withBackgroundRun({ try await admin.runUntilShutdown() }, end: admin.triggerGracefulShutdown) {
            try await body(admin)
        }
    }

    // MARK: Calls

    /// Performs a call about a single item within the timeout, or the API timeout if that is nil.
    func perform<C: Call>(_ call: C, timeout: Duration? = nil) async throws(KafkaError) -> C.Value
    where C.Item == OnlyItem {
        try await self.cluster.perform(call, deadline: self.deadline(timeout))
    }

    /// Performs a call within the timeout, or the API timeout if that is nil. Every item has a result.
    func perform<C: Call>(
        _ call: C, for items: some Sequence<C.Item>, timeout: Duration?
    ) async -> [C.Item: Result<C.Value, KafkaError>] {
        await self.cluster.perform(call, for: Array(items), deadline: self.deadline(timeout))
    }

    func deadline(_ timeout: Duration?) -> MonotonicTime {
        self.loop.now + (timeout ?? self.cluster.configuration.apiTimeout)
    }

    /// The time that a broker may take for a request: less than the time after which a connection without an answer is
    /// closed.
    func brokerTimeout(_ timeout: Duration?) -> Duration {
        let configuration = self.cluster.configuration
        return min(timeout ?? configuration.apiTimeout, configuration.requestTimeout * 0.9)
    }
}

// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Manages a cluster.
///
/// ```swift
/// try await KafkaAdminClient.withAdminClient(cluster) { admin in
///     let token = try await admin.createDelegationToken()
/// }
/// ```
///
/// A call is made again while it fails for a reason that passes, and ends within `KafkaClientConfiguration.apiTimeout`. What
/// can't be repeated without harm is not made again when it may have taken effect (`KafkaError.isOutcomeUnknown`).
///
/// `run()` does the background work; `withAdminClient` runs it for the time of a closure.
public final class KafkaAdminClient: Sendable {
    let cluster: Cluster
    private let loop: EventLoop
    private let shutdown = Promise<Void>()
    private let isStarted = Lock(false)

    /// An admin client. Nothing is connected before `run()`.
    ///
    /// Throws `KafkaError.Code.invalidConfiguration` with the reason if settings can't be meant.
    public init(_ configuration: KafkaClientConfiguration) throws(KafkaError) {
        do {
            self.loop = try EventLoop(name: "kafka-admin")
        } catch {
            throw KafkaError(.connectionFailed, "No event loop could be made: \(error)", underlyingError: error)
        }
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

    /// Does the client's work until `triggerGracefulShutdown()`, or until the task is cancelled. To be called once.
    public func run() async throws {
        let isFirst = self.isStarted.withLock { isStarted in
            defer { isStarted = true }
            return !isStarted
        }
        guard isFirst else {
            throw KafkaError(.illegalState, "run() was called twice. Make an admin client for each run.")
        }
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: self.loop) { await self.cluster.run() }
            // Cancelled or asked to end, both are the end.
            try? await self.shutdown.value()
            group.cancelAll()
        }
    }

    /// Ends `run()`. Returns at once; calls that wait fail.
    public func triggerGracefulShutdown() {
        self.shutdown.fulfill(.success(()))
    }

    /// Runs an admin client for the time of a closure.
    public static func withAdminClient<Result>(
        _ configuration: KafkaClientConfiguration, _ body: (KafkaAdminClient) async throws -> Result
    ) async throws -> Result {
        let admin = try KafkaAdminClient(configuration)
        return try await withBackgroundRun({ try await admin.run() }, end: admin.triggerGracefulShutdown) {
            try await body(admin)
        }
    }

    // MARK: Asking

    /// Asks any broker, and again while that fails for a reason that passes.
    ///
    /// - Parameters:
    ///   - doing: completes "Kafka refused …".
    ///   - isRepeatable: whether it does no harm to ask twice. If it does, what may have taken effect is not asked again.
    ///   - code: the broker's verdict in an answer.
    func askAnyBroker<Request: KafkaRequest>(
        _ request: Request, doing: String, isRepeatable: Bool, code: (Request.Response) -> ErrorCode
    ) async throws(KafkaError) -> Request.Response {
        let deadline = self.loop.now + self.cluster.configuration.apiTimeout
        var failures = 0
        var refusing: [KafkaServer] = []
        while true {
            let connection = try await self.cluster.anyConnection(deadline: deadline, avoiding: refusing)
            refusing.removeAll { $0 == connection.broker.server }
            refusing.append(connection.broker.server)
            var failure: KafkaError
            do {
                let timeout = min(self.cluster.configuration.requestTimeout, deadline - self.loop.now)
                let response = try await connection.request(request, timeout: timeout)
                guard code(response) != .none else { return response }
                failure = KafkaError(code(response), doing: doing, broker: connection.broker)
                // The broker has begun, and does not know what came of it.
                failure.isOutcomeUnknown = code(response) == .requestTimedOut && !isRepeatable
            } catch {
                failure = error
            }
            guard failure.isRetriable, isRepeatable || !failure.isOutcomeUnknown else { throw failure }
            failures += 1
            let next = self.loop.now + self.cluster.backoff(failures: failures)
            guard next < deadline else { throw failure }
            try await self.cluster.pause(until: next)
        }
    }
}

// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A client that reads records from topics, alone or as a member of a group that shares the partitions.
///
/// ```swift
/// var configuration = ConsumerConfiguration(cluster, groupID: "billing")
/// configuration.autoOffsetReset = .earliest
/// try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["orders"]) { consumer in
///     for try await batch in consumer.batches {
///         for record in batch { count(record) }
///         try await consumer.commit()
///     }
/// }
/// ```
///
/// **Asking for the next element means that the last one is processed.** Automatic commits depend on it, and the
/// callbacks of a ``ConsumerRebalanceListener`` run at that point, between two elements, on the task that reads. Only one
/// task may read at a time. Everything else may be called from any task, also while another one reads.
///
/// ``KafkaConsumer/run()`` does the background work: fetching, heartbeats and automatic commits. `withConsumer` runs it while a closure
/// runs. Each call that waits ends with a result, an error, or at its deadline.
public final class KafkaConsumer: Sendable {
    let core: ConsumerCore
    let reader: ConsumerReader
    let positions: PositionFinder
    let commits: Committer
    let handover: PartitionHandover
    let life: ConsumerLife

    /// Creates a consumer without a subscription; see `subscribe` and `assign`. It doesn't connect before ``KafkaConsumer/run()``.
    ///
    /// - Parameters:
    ///   - configuration: the cluster, the group and the other settings.
    ///   - listener: receives callbacks when partitions are assigned or taken away.
    /// - Throws: `.invalidConfiguration` with the reason if a setting is invalid or settings contradict each other;
    ///   `.connectionFailed` if the system can't provide an event loop.
    public init(
        _ configuration: ConsumerConfiguration, listener: (any ConsumerRebalanceListener)? = nil
    ) throws(KafkaError) {
        try configuration.validate()
        let signals = ConsumerSignals()
        let core = try ConsumerCore(configuration, waking: signals)
        let membership = configuration.memberSettings?.driver(
            for: core, core.cluster, core.logger, signals: signals.membership)
        let fetcher = Fetcher(
            core, configuration.fetchSettings, core.cluster, core.logger, loops: signals.fetchers)
        self.core = core
        self.positions = PositionFinder(core, signal: signals.positions, waiters: signals.positionWaiters)
        self.commits = Committer(core, signal: signals.commits)
        self.handover = PartitionHandover(core, self.commits, membership, listener: listener)
        self.reader = ConsumerReader(core, self.handover, signal: signals.reader)
        var parts: [@Sendable () async -> Void] = [fetcher.run, self.positions.run]
        if let membership { parts += [membership.run, self.commits.run] }
        self.life = ConsumerLife(core, parts, self.handover, signal: signals.closing)
    }

    /// Runs the consumer until ``KafkaConsumer/triggerGracefulShutdown()`` is called or the task is cancelled. May be called once.
    ///
    /// At the end the partitions are given up, unless the reader has done so at the end of its sequence: processed
    /// offsets are committed if `enableAutoCommit` is set, `partitionsRevoked` is called if `callRevokedOnLeave` is
    /// set, and the consumer leaves the group. This takes ``ConsumerConfiguration/closeTimeout`` at most, and less if no
    /// broker can be reached. What could not be completed is logged. A cancellation has the same effect, but doesn't
    /// wait for the reader.
    ///
    /// - Throws: `.listenerFailed` if the last callback throws; `.illegalState` if `run()` was called before.
    public func run() async throws {
        try await withGracefulShutdown(self.triggerGracefulShutdown) { try await self.life.run(self) }
    }

    /// Starts a graceful shutdown and returns immediately. The reader's next request for an element gives up the
    /// partitions and returns nil.
    public func triggerGracefulShutdown() { self.life.end() }
}

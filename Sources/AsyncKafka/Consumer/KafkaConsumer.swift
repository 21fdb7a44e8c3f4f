// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Reads records from topics: alone, or as a member of a group that shares the partitions.
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
/// **Asking for the next element says that you are done with the last one.** Automatic commits go by it, and the callbacks
/// of a `ConsumerRebalanceListener` run there, between two elements, on the task that reads. One task reads at a time.
///
/// `run()` does the background work — fetching, heartbeats, automatic commits; `withConsumer` runs it for the time of a
/// closure. Every call that waits ends with a result, an error, or at its deadline.
public final class KafkaConsumer: Sendable {
    let core: ConsumerCore
    let reader: ConsumerReader
    let positions: PositionFinder
    let commits: Committer
    let handover: PartitionHandover
    let life: ConsumerLife

    /// A consumer that reads nothing yet: see `subscribe` and `assign`. Nothing is connected before `run()`.
    ///
    /// - Parameters:
    ///   - configuration: the group, the cluster, and how to read.
    ///   - listener: hears of partitions that come and go.
    /// - Throws: `.invalidConfiguration` with the reason if settings contradict each other.
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

    /// Does the consumer's work until `triggerGracefulShutdown()`, or until the task is cancelled. To be called once.
    ///
    /// At the end the partitions are given up, as far as the reader has not done so itself when its sequence ended: what
    /// was processed is committed if `enableAutoCommit` is set, `partitionsRevoked` is called if `callRevokedOnLeave`
    /// is, and the group is left, all within `ConsumerConfiguration.closeTimeout`, and sooner if no broker can be reached:
    /// what was not done is in the log. On cancellation the same is done without waiting for the reader.
    ///
    /// - Throws: `.listenerFailed` if the last callback throws.
    public func run() async throws {
        try await self.life.run(self)
    }

    /// Ends the sequences: the reader's next wait for an element gives the partitions up and returns nil. Returns at once.
    public func triggerGracefulShutdown() { self.life.end() }
}

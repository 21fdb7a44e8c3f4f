// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

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
    let configuration: ConsumerConfiguration
    let listener: (any ConsumerRebalanceListener)?
    let loop: EventLoop
    let cluster: Cluster
    let logger: Logger

    let state: Lock<ConsumerState>
    /// Wakes the task that reads.
    let readerSignal = Signal()
    /// Wakes the look-up of positions.
    let positionSignal = Signal()
    /// Wakes the membership's requests.
    let membershipSignal = Signal()
    /// Wakes heartbeats.
    let heartbeatSignal = Signal()
    /// Wakes the watch over what has a limit in time.
    let clockSignal = Signal()
    let fetchers = FetcherTable()
    /// Tasks that wait for a position.
    let positionWaiters = WaiterList()
    /// Commits follow one another: none may overtake one that is being tried again.
    let commitTurns = TurnQueue()
    /// Wakes automatic commits before their time.
    let commitSignal = Signal()
    let closing = Promise<Void>()
    /// Wakes `run()` while it waits for the reader to come to its end.
    let closeSignal = Signal()
    /// The partitions have been given up, with the listener's error if it threw.
    let released = Promise<Void>()
    private let isStarted = Lock(false)

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
        self.configuration = configuration
        self.listener = listener
        do {
            self.loop = try EventLoop(name: "kafka-consumer", clock: configuration.cluster.clock)
        } catch {
            throw KafkaError(.connectionFailed, "No event loop could be made: \(error)", underlyingError: error)
        }
        var fixed: [(LogKey, String)] = [(.clientID, configuration.cluster.clientID)]
        if let group = configuration.groupID { fixed.append((.group, group)) }
        self.logger = Logger(configuration.cluster.log, fixed)
        self.cluster = try Cluster(configuration: configuration.cluster, loop: self.loop, logger: self.logger)
        self.state = Lock(
            ConsumerState(
                SubscriptionState(SubscriptionState.Settings(configuration)),
                membership: configuration.groupID.map { _ in
                    ClassicMembershipStateMachine(
                        ClassicMembershipStateMachine.Terms(
                            isStatic: configuration.groupInstanceID != nil,
                            heartbeatInterval: configuration.heartbeatInterval,
                            sessionTimeout: configuration.sessionTimeout))
                }))
    }

    deinit {
        self.loop.shutdown()
    }

    // MARK: Running

    /// Does the consumer's work until `triggerGracefulShutdown()`, or until the task is cancelled. To be called once.
    ///
    /// At the end the partitions are given up, as far as the reader has not done so itself when its sequence ended: what
    /// was processed is committed if `enableAutoCommit` is set, `partitionsRevoked` is called if `callRevokedOnLeave`
    /// is, and the group is left, all within `ConsumerConfiguration.closeTimeout`, and sooner if no broker can be reached:
    /// what was not done is in the log. On cancellation the same is done without waiting for the reader.
    ///
    /// - Throws: `.listenerFailed` if the last callback throws.
    public func run() async throws {
        let isFirst = self.isStarted.withLock { isStarted in
            defer { isStarted = true }
            return !isStarted
        }
        guard isFirst else {
            throw KafkaError(.illegalState, "run() was called twice. Make a consumer for each run.")
        }
        // Not a child, so that it is not cancelled together with `run()`: the group is left after that. It is awaited below.
        let work = Task { await self.work() }
        let result = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            self.state.withLock { $0.readerIsGone() }
            self.triggerGracefulShutdown()
        }
        try result.get()
    }

    private func work() async -> Result<Void, KafkaError> {
        self.cluster.setMetadataObserver { [weak self] in self?.metadataChanged($0) }
        self.cluster.setFailureObserver { [weak self] in self?.clusterFailed($0) }
        var result = Result<Void, KafkaError>.success(())
        await withDiscardingTaskGroup { group in
            let background: [@Sendable () async -> Void] = [
                self.cluster.run, self.fetch, self.lookUpPositions, self.keepMembership, self.sendHeartbeats,
                self.watchClocks, self.commitAutomatically,
            ]
            for part in background { group.addTask(executorPreference: self.loop) { await part() } }
            try? await self.closing.value()
            result = await self.close()
            group.cancelAll()
        }
        self.state.withLock { $0.phase = .closed }
        self.wake([.reader, .positions])
        self.positionWaiters.wakeAll()
        self.logger(.info, "The consumer is closed")
        self.loop.shutdown()
        return result
    }

    /// Ends the sequences: the reader's next wait for an element gives the partitions up and returns nil. Returns at once.
    public func triggerGracefulShutdown() {
        let schedule = ClosingSchedule(from: self.loop.now, within: self.configuration.closeTimeout)
        self.state.withLock { state in
            if state.phase == .open { state.phase = .closing(schedule) }
            state.interruptReader()
        }
        self.closing.fulfill(.success(()))
        self.readerSignal.notify()
    }

    // MARK: Waking

    /// Tells the consumer's parts that the state has something for them.
    func wake(_ wakening: Wakening) {
        if wakening.contains(.reader) { self.readerSignal.notify() }
        if wakening.contains(.fetchers) { self.fetchers.wakeAll() }
        if wakening.contains(.positions) { self.positionSignal.notify() }
        if wakening.contains(.membership) {
            self.membershipSignal.notify()
            self.heartbeatSignal.notify()
            self.clockSignal.notify()
        }
        if wakening.contains(.metadata) { self.cluster.requestMetadataUpdate("a partition's leader has moved") }
    }

    /// Changes the membership, and tells everybody whom that may concern.
    @discardableResult
    func updateMembership<Result: Sendable>(
        _ change: @Sendable (inout ClassicMembershipStateMachine) -> Result
    ) -> Result? {
        let result: Result? = self.state.withLock { state in
            guard var membership = state.membership else { return nil }
            // Out of the state while it changes, so that it is not copied.
            state.membership = nil
            let result = change(&membership)
            if membership.step != nil { state.interruptReader() }
            state.membership = membership
            return result
        }
        self.membershipSignal.notify()
        self.heartbeatSignal.notify()
        self.clockSignal.notify()
        self.readerSignal.notify()
        return result
    }

    var apiDeadline: MonotonicTime { self.loop.now + self.configuration.cluster.apiTimeout }
}

extension SubscriptionState.Settings {
    init(_ configuration: ConsumerConfiguration) {
        self.init(
            autoOffsetReset: configuration.autoOffsetReset, isolationLevel: configuration.isolationLevel,
            checkCRCs: configuration.checkCRCs, hasGroup: configuration.groupID != nil,
            maximumPartitionBytes: Int32(clamping: configuration.maxPartitionFetchBytes),
            // An answer has more than records: an eighth is left for that.
            maxFetchBytes: min(configuration.fetchMaxBytes, configuration.cluster.maxResponseSize / 8 * 7),
            maximumPrefetchBytes: configuration.maxPrefetchBytes,
            maximumResponseBytes: Int32(clamping: configuration.cluster.maxResponseSize),
            preferredReplicaLifetime: configuration.cluster.metadataMaxAge)
    }
}

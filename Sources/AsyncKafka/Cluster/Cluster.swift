// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A client's view of a Kafka cluster: its brokers, topics and leaders, and the connections to them.
///
/// `run()` does the background work (connecting and refreshing metadata). While it isn't running, every operation ends
/// at its deadline. The state is in two state machines, each with its own lock.
final class Cluster: Sendable {
    let configuration: KafkaClientConfiguration
    let loop: EventLoop
    let logger: Logger

    let metadataState: Lock<MetadataStateMachine>
    let connections: ConnectionTable
    /// Wakes the task that refreshes metadata.
    private let refresh = Signal()
    /// The tasks that wait for the end of a refresh, and the error for them once `run()` has ended.
    private let refreshWaiters = Lock<RefreshWaiters>(RefreshWaiters())
    private let observer = Lock<(@Sendable (ClusterMetadata) -> Void)?>(nil)
    private let failureObserver = Lock<(@Sendable (KafkaError) -> Void)?>(nil)
    let coordinators = Lock<[CoordinatorKey: FoundCoordinator]>([:])
    /// Decides when to report that no broker can be reached, and that one can again.
    let reachability = Lock(FailureReport())

    private struct RefreshWaiters {
        var promises: [ObjectIdentifier: Promise<Void>] = [:]
        var closed: KafkaError?
        /// The error of the last refresh, if it failed.
        var failure: KafkaError?
        /// The number of consecutive failed refreshes.
        var failures = 0

        mutating func takeAll() -> [Promise<Void>] {
            defer { self.promises = [:] }
            return Array(self.promises.values)
        }
    }

    init(configuration: KafkaClientConfiguration, loop: EventLoop, logger: Logger) throws(KafkaError) {
        try configuration.validate()
        self.configuration = configuration
        self.loop = loop
        self.logger = logger
        self.metadataState = Lock(
            MetadataStateMachine(
                maximumAge: configuration.metadataMaxAge, refusalPause: configuration.refusalPause))
        self.connections = try ConnectionTable(configuration: configuration, loop: loop, logger: logger)
    }

    /// Does the background work until the task is cancelled. Then it closes all connections.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: self.loop) { await self.connections.run() }
            group.addTask(executorPreference: self.loop) { await self.refreshMetadata() }
        }
        let closed = KafkaError(.closed, "The client is closed.")
        let waiters = self.refreshWaiters.withLock { waiters in
            waiters.closed = closed
            return waiters.takeAll()
        }
        for waiter in waiters { waiter.fulfill(.failure(closed)) }
    }

    /// Whether `run()` is running. Nothing else lets operations succeed.
    var isRunning: Bool { self.connections.isRunning }

    // MARK: Metadata

    /// The current metadata.
    var metadata: ClusterMetadata { self.metadataState.withLock { $0.snapshot } }

    /// Sets the observer of changes. It is called on the loop, outside of locks and in order.
    func setMetadataObserver(_ observer: @escaping @Sendable (ClusterMetadata) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    /// Sets the observer of permanent failures: refreshes that fail with an error that isn't retriable, such as refused
    /// credentials, and watched topics that are refused.
    func setFailureObserver(_ observer: @escaping @Sendable (KafkaError) -> Void) {
        self.failureObserver.withLock { $0 = observer }
    }

    /// Reports a permanent failure to the observer.
    func reportFailure(_ error: KafkaError) {
        self.failureObserver.withLock { $0 }?(error)
    }

    /// Requests a refresh and returns immediately. Requests are coalesced and subject to a backoff.
    func requestMetadataUpdate(_ reason: StaticString) {
        self.logger(.debug, "Metadata update requested", [(.reason, reason.description)])
        self.metadataState.withLock { $0.requestUpdate() }
        self.refresh.notify()
    }

    /// Marks a topic as in use and returns its metadata if it is known. Never waits.
    func topicIfKnown(_ name: String) -> TopicMetadata? {
        let now = self.loop.now
        let topic = self.metadataState.withLock { state in
            state.use(topic: name, now: now)
            return state.snapshot.topics[name]
        }
        guard let topic, !topic.partitions.isEmpty else {
            self.refresh.notify()
            return nil
        }
        return topic
    }

    /// Waits until a topic and its partitions are known.
    ///
    /// If brokers don't know the topic, it waits until the deadline anyway, because the topic may have been created a
    /// moment ago, or the request creates it.
    func topic(_ name: String, deadline: MonotonicTime) async throws(KafkaError) -> TopicMetadata {
        var lastError: ErrorCode?
        let begun = self.loop.now
        let attemptsBefore = self.metadataState.withLock { $0.attempts }
        while true {
            if let topic = self.topicIfKnown(name) {
                return topic
            }
            let (snapshot, attempts) = self.metadataState.withLock { ($0.snapshot, $0.attempts) }
            if let error = snapshot.topics[name]?.error, error != .none {
                lastError = error
                if !error.isRetriable {
                    throw KafkaError(error, doing: "asking for a topic's partitions", topic: name)
                }
            }
            let reason = lastError
            self.requestMetadataUpdate("topic is not known")
            try await self.waitForRefresh(after: attempts, deadline: deadline) {
                if let reason {
                    KafkaError(reason, doing: "asking for a topic's partitions", topic: name)
                        .after(attempts: attempts - attemptsBefore, in: self.loop.now - begun)
                } else {
                    self.timeoutError("Nothing was learned of the topic in time", topic: name)
                }
            }
        }
    }

    /// Marks topics as in use and waits for one refresh if some of them aren't known.
    func learn(topics: [String], deadline: MonotonicTime) async {
        let unknown = topics.filter { self.topicIfKnown($0) == nil }
        if !unknown.isEmpty { _ = try? await self.refreshedMetadata(deadline: deadline) }
    }

    /// Waits for a refresh that begins after this call and succeeds.
    func refreshedMetadata(deadline: MonotonicTime) async throws(KafkaError) -> ClusterMetadata {
        let begun = self.metadataState.withLock { $0.begun }
        while true {
            let attempts = self.metadataState.withLock { $0.attempts }
            self.requestMetadataUpdate("fresh metadata wanted")
            try await self.waitForRefresh(after: attempts, deadline: deadline) {
                self.timeoutError("No metadata came in time")
            }
            let (newest, snapshot) = self.metadataState.withLock { ($0.newestSuccess, $0.snapshot) }
            if newest > begun { return snapshot }
        }
    }

    /// Replaces the watched topics. Missing ones are requested repeatedly until they are available.
    func watch(_ watched: WantedTopics.Watched) {
        let notices = self.metadataState.withLock { state in
            state.watch(watched, now: self.loop.now)
            return state.takeNotices()
        }
        self.tell(notices)
        self.refresh.notify()
    }

    /// Applies the leaders that a Produce or Fetch response named (KIP-951).
    func updateLeaders(
        _ leaders: [(partition: TopicPartition, leader: Int32, leaderEpoch: Int32)], endpoints: [Broker]
    ) {
        let (snapshot, notices) = self.metadataState.withLock { state -> (ClusterMetadata?, [WantedTopics.Notice]) in
            let isChanged = state.updateLeaders(leaders, endpoints: endpoints)
            return (isChanged ? state.snapshot : nil, state.takeNotices())
        }
        if let snapshot { self.metadataChanged(snapshot) }
        self.tell(notices)
    }

    // MARK: Refreshing

    private func refreshMetadata() async {
        // The brokers that have refused since the last complete answer.
        var refusing: [KafkaServer] = []
        while !Task.isCancelled {
            switch self.metadataState.withLock({ $0.nextRefresh(now: self.loop.now) }) {
            case .now:
                await self.refreshOnce(&refusing)
            case .at(let time):
                await self.refresh.wait(until: time, on: self.loop)
            case .whenAnswered:
                await self.refresh.wait(on: self.loop)
            }
        }
        self.wakeRefreshWaiters()
    }

    private func refreshOnce(_ refusing: inout [KafkaServer]) async {
        let now = self.loop.now
        let asked = self.metadataState.withLock { $0.begin(now: now) }
        let call = MetadataCall(
            interest: asked, allowsAutoTopicCreation: self.configuration.allowAutoTopicCreation)
        let (broker, result) = await self.attempt(
            call, avoiding: refusing, deadline: now + self.configuration.requestTimeout)
        var isSettled = false
        switch result {
        case .success(let update):
            isSettled = self.take(update, asked: asked)
        case .failure(var error):
            // A broker's refusal is final only if all other brokers refuse, too.
            let candidates = self.connections.candidateCount(known: self.metadata.brokers)
            let isSaidByAll = Set(refusing).union([broker].compactMap { $0 }).count >= candidates
            if broker != nil, !isSaidByAll || error.brokerCode == .rebootstrapRequired { error.isRetriable = true }
            self.refreshFailed(error)
        }
        // A broker that refuses, or doesn't know the wanted topics, is asked again only after the others.
        if isSettled {
            refusing = []
        } else if let broker {
            refusing.moveToEnd(broker)
        }
        self.wakeRefreshWaiters()
    }

    /// Applies a response. Returns whether all wanted topics are complete.
    private func take(_ update: MetadataUpdate, asked: MetadataStateMachine.Interest) -> Bool {
        let (changed, before, snapshot, notices, isSettled) = self.metadataState.withLock { state in
            let before = state.snapshot
            let changed = state.succeeded(update, asked: asked, now: self.loop.now, backoff: self.backoff)
            return (changed, before, state.snapshot, state.takeNotices(), state.isSettled)
        }
        self.refreshWaiters.withLock { waiters in
            waiters.failure = nil
            waiters.failures = 0
        }
        if before.brokers.isEmpty, !snapshot.brokers.isEmpty {
            self.logger(
                .info, "Reached the cluster",
                [(.cluster, snapshot.clusterID ?? "without an id"), (.count, "\(snapshot.brokers.count) brokers")])
        }
        if changed { self.metadataChanged(snapshot) }
        self.tell(notices)
        return isSettled
    }

    private func refreshFailed(_ error: KafkaError) {
        self.logger(.debug, "Metadata could not be refreshed", [(.error, error.description)])
        if error.code != .cancelled {
            self.refreshWaiters.withLock { waiters in
                waiters.failure = error
                waiters.failures += 1
            }
        }
        if !error.isRetriable { self.reportFailure(error) }
        let needsRebootstrap = self.metadataState.withLock { state in
            let now = self.loop.now
            state.failed(now: now, backoff: self.backoff)
            let trigger = self.configuration.rebootstrapTrigger
            guard error.brokerCode == .rebootstrapRequired || state.needsRebootstrap(after: trigger, now: now)
            else { return false }
            state.rebootstrap()
            return true
        }
        guard needsRebootstrap else { return }
        self.logger(.warning, "No metadata from any known broker: asking the bootstrap servers again")
        self.connections.closeAll(
            KafkaError(.connectionFailed, "The client begins again from its bootstrap servers.", isRetriable: true))
    }

    private func metadataChanged(_ snapshot: ClusterMetadata) {
        self.connections.brokersChanged(snapshot.brokers)
        guard let observer = self.observer.withLock({ $0 }) else { return }
        self.loop.execute { observer(snapshot) }
    }

    /// Waits until more than `attempts` refreshes have ended.
    private func waitForRefresh(
        after attempts: Int, deadline: MonotonicTime, orThrow timeout: @escaping @Sendable () -> KafkaError
    ) async throws(KafkaError) {
        let promise = Promise<Void>()
        let closed = self.refreshWaiters.withLock { waiters in
            waiters.promises[ObjectIdentifier(promise)] = promise
            return waiters.closed
        }
        defer { self.refreshWaiters.withLock { _ = $0.promises.removeValue(forKey: ObjectIdentifier(promise)) } }
        if let closed { throw closed }
        if self.metadataState.withLock({ $0.attempts > attempts }) { return }
        try await promise.value(until: deadline, on: self.loop, orThrow: timeout)
        // Waiting doesn't help against an error that isn't retriable, such as a refused password.
        if let failure = self.refreshWaiters.withLock({ $0.failure }), !failure.isRetriable { throw failure }
    }

    private func wakeRefreshWaiters() {
        for waiter in self.refreshWaiters.withLock({ $0.takeAll() }) { waiter.fulfill(.success(())) }
    }

    // MARK: Time

    /// The backoff after this many consecutive failures.
    func backoff(failures: Int) -> Duration { self.configuration.retries.delay(failures: failures) }

    /// Returns the error for an operation whose deadline has passed, with the last failure if there was one.
    func timeoutError(_ what: String, topic: String? = nil, group: String? = nil) -> KafkaError {
        guard self.isRunning else {
            return KafkaError(
                .timedOut, "\(what): nothing is running this client's run(). Start it, or use the with… scope.",
                topic: topic, group: group)
        }
        let (refreshFailure, failures) = self.refreshWaiters.withLock { ($0.failure, $0.failures) }
        if let failure = refreshFailure {
            let attempts = failures == 1 ? "" : " (the last of \(failures) attempts)"
            return KafkaError(
                .timedOut, "\(what). Asking for metadata failed\(attempts): \(failure.message)",
                brokerCode: failure.brokerCode, broker: failure.broker, topic: topic, group: group, isRetriable: true,
                underlyingError: failure)
        }
        if let failure = self.connections.lastFailure {
            return KafkaError(
                .timedOut, "\(what). The last attempt to connect failed: \(failure.message)", broker: failure.broker,
                topic: topic, group: group, isRetriable: true, underlyingError: failure)
        }
        if let (broker, api, since) = self.longestUnanswered {
            let time = (self.loop.now - since).formattedSeconds
            return KafkaError(
                .timedOut, "\(what). A broker has not answered \(api) for \(time).", broker: broker.description,
                topic: topic, group: group, isRetriable: true)
        }
        return KafkaError(.timedOut, "\(what).", topic: topic, group: group, isRetriable: true)
    }

    private var longestUnanswered: (broker: Broker, api: APIKey, since: MonotonicTime)? {
        self.connections.openConnections
            .compactMap { connection in connection.longestUnanswered.map { (connection.broker, $0.api, $0.since) } }
            .min { $0.2 < $1.2 }
    }
}

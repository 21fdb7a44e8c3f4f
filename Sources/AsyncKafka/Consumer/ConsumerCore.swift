// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// The state that the parts of a consumer share: the configuration, the cluster, and `ConsumerState` with its lock.
final class ConsumerCore: Sendable {
    let configuration: ConsumerConfiguration
    let loop: EventLoop
    let cluster: Cluster
    let logger: Logger
    let events: Events
    /// Nil if the configuration turns it off.
    let telemetry: Telemetry?
    let state: Lock<ConsumerState>
    private let signals: ConsumerSignals

    init(_ configuration: ConsumerConfiguration, waking signals: ConsumerSignals) throws(KafkaError) {
        self.configuration = configuration
        self.signals = signals
        do {
            self.loop = try EventLoop(name: "kafka-consumer", clock: configuration.cluster.clock)
        } catch {
            throw KafkaError(.connectionFailed, "No event loop could be made: \(error)", underlyingError: error)
        }
        var fixed: [(LogKey, String)] = [(.clientID, configuration.cluster.clientID)]
        if let group = configuration.groupID { fixed.append((.group, group)) }
        self.logger = Logger(configuration.cluster.log, fixed)
        self.events = Events(observer: configuration.cluster.observer)
        self.cluster = try Cluster(configuration: configuration.cluster, loop: self.loop, logger: self.logger)
        self.telemetry = Telemetry(self.cluster, self.logger)
        self.state = Lock(
            ConsumerState(
                SubscriptionState(SubscriptionState.Settings(configuration)),
                membership: Membership(configuration.memberSettings), tally: ConsumerTally(since: self.loop.now)))
    }

    deinit {
        self.loop.shutdown()
    }

    /// Wakes the parts of the consumer that a change concerns.
    func wake(_ parts: Wakening) {
        if parts.contains(.reader) { self.signals.reader.notify() }
        if parts.contains(.fetchers) { self.signals.fetchers.wakeAll() }
        if parts.contains(.positions) { self.signals.positions.notify() }
        if parts.contains(.positionWaiters) { self.signals.positionWaiters.wakeAll() }
        if parts.contains(.commits) { self.signals.commits.notify() }
        if parts.contains(.closing) { self.signals.closing.notify() }
        if parts.contains(.membership) { self.signals.membership.wakeAll() }
        if parts.contains(.clocks) { self.signals.membership.clocks.notify() }
        if parts.contains(.metadata) { self.cluster.requestMetadataUpdate("a partition's leader has moved") }
    }

    /// The deadline of a call that starts now.
    var apiDeadline: MonotonicTime { self.loop.now + self.configuration.cluster.apiTimeout }
}

extension ConsumerCore: MembershipHost {
    func withMembership<Result>(_ body: (inout Membership) -> Result) -> Result {
        self.state.withLock { state in
            defer { state.observeMembership { self.loop.now } }
            return body(&state.membership)
        }
    }

    @discardableResult
    func updateMembership<Result>(_ change: (inout Membership) -> Result) -> Result {
        let result = self.state.withLock { state in
            let result = change(&state.membership)
            state.observeMembership { self.loop.now }
            if state.membership.step != nil { state.interruptReader() }
            return result
        }
        self.wake([.membership, .reader])
        return result
    }

    func expectReader() {
        let now = self.loop.now
        self.state.withLock { $0.expectReader(now: now) }
    }

    func pollDeadline(now: MonotonicTime) -> MonotonicTime? {
        self.state.withLock { $0.pollDeadline(now: now, interval: self.configuration.maxPollInterval) }
    }

    func wakeReader() { self.wake([.reader]) }
}

extension ConsumerConfiguration {
    /// The settings of the membership; nil without a group.
    var memberSettings: MemberSettings? {
        self.groupID.map { group in
            MemberSettings(
                group: group, instanceID: self.groupInstanceID, maxPollInterval: self.maxPollInterval,
                groupProtocol: self.groupProtocol)
        }
    }
}

extension SubscriptionState.Settings {
    init(_ configuration: ConsumerConfiguration) {
        self.init(
            autoOffsetReset: configuration.autoOffsetReset, isolationLevel: configuration.isolationLevel,
            checkCRCs: configuration.checkCRCs, hasGroup: configuration.groupID != nil,
            maximumPartitionBytes: Int32(clamping: configuration.maxPartitionFetchBytes),
            // An eighth is left for the parts of an answer that aren't records.
            maxFetchBytes: min(configuration.fetchMaxBytes, configuration.cluster.maxResponseSize / 8 * 7),
            maximumPrefetchBytes: configuration.maxPrefetchBytes,
            maximumResponseBytes: Int32(clamping: configuration.cluster.maxResponseSize),
            preferredReplicaLifetime: configuration.cluster.metadataMaxAge)
    }
}

// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// The transactional IDs of a cluster and the markers of their transactions. It is only used on the cluster's loop.
///
/// Each change is stored at once, so that another coordinator continues where the last one stopped.
final class TransactionCoordinator {
    typealias Producer = TransactionalIDState.Producer
    typealias Place = TransactionalIDState.Place

    /// The time between two searches for transactional IDs that have expired, as in Kafka.
    private static let sweepInterval: Int64 = 3_600_000

    private(set) var states: [String: TransactionalIDState] = [:]
    private unowned let cluster: EmbeddedCluster
    /// The transactional IDs whose markers may be written.
    private var ending: Set<String> = []
    private var timers: [String: LoopTimer] = [:]
    private var nextSweep: Int64 = 0

    init(cluster: EmbeddedCluster) {
        self.cluster = cluster
    }

    private var bumpsEpochs: Bool { self.cluster.level(of: .transactionVersion) >= 2 }

    // MARK: Requests

    /// Initializes a producer, whose transactional ID may be new.
    func initProducer(
        _ id: String, continuing expected: Producer?, timeout: Int64
    ) throws(BrokerError) -> Producer {
        let cluster = self.cluster
        self.sweep()
        if self.states[id] == nil { self.states[id] = TransactionalIDState(producerID: cluster.takeProducerID()) }
        return try self.change(id) { state throws(BrokerError) in
            try state.initProducer(
                continuing: expected, timeout: timeout, bumpsEpochs: self.bumpsEpochs,
                takeID: { cluster.takeProducerID() })
        }
    }

    func add(_ places: Set<Place>, to id: String, by producer: Producer) throws(BrokerError) {
        let now = self.cluster.wallMilliseconds
        try self.change(id) { state throws(BrokerError) in try state.add(places, by: producer, now: now) }
    }

    func verify(_ place: Place, in id: String, by producer: Producer) throws(BrokerError) {
        self.sweep()
        guard let state = self.states[id] else { throw TransactionalIDState.unknown }
        try state.verify(place, by: producer)
    }

    /// Ends a transaction, and returns the producer that goes on.
    func end(_ id: String, isCommit: Bool, by producer: Producer, bumpsEpoch: Bool) throws(BrokerError) -> Producer {
        let cluster = self.cluster
        return try self.change(id) { state throws(BrokerError) in
            try state.end(
                isCommit: isCommit, by: producer, bumpsEpoch: bumpsEpoch, now: cluster.wallMilliseconds,
                takeID: { cluster.takeProducerID() })
        }
    }

    /// Lets a write into the transaction: adds its partition, or verifies that it has been added (KIP-890).
    ///
    /// - Parameters:
    ///   - adds: Whether the request is of version 2 of transactions, which adds partitions by writing to them.
    ///   - knowsAbortable: Whether the client knows the error TRANSACTION_ABORTABLE.
    func admit(
        _ producer: Producer, of id: String, to place: Place, adds: Bool, knowsAbortable: Bool
    ) throws(BrokerError) {
        do throws(BrokerError) {
            if adds {
                try self.add([place], to: id, by: producer)
            } else {
                try self.verify(place, in: id, by: producer)
            }
        } catch {
            var error = error
            switch error.code {
            case .producerFenced: error.code = .invalidProducerEpoch
            case .transactionAbortable where !knowsAbortable: error.code = .invalidTxnState
            default: break
            }
            throw error
        }
    }

    private func change<Result>(
        _ id: String, _ body: (inout TransactionalIDState) throws(BrokerError) -> Result
    ) throws(BrokerError) -> Result {
        self.sweep()
        guard let before = self.states[id] else { throw TransactionalIDState.unknown }
        var state = before
        defer {
            if state != before {
                state.lastChange = self.cluster.wallMilliseconds
                self.states[id] = state
                self.follow(id, wasEnding: before.marker != nil)
            }
        }
        return try body(&state)
    }

    /// Forgets transactional IDs that haven't been used for long.
    private func sweep() {
        let now = self.cluster.wallMilliseconds
        guard now >= self.nextSweep else { return }
        self.nextSweep = now + Self.sweepInterval
        let limit = now - self.cluster.configuration.transactionalIDExpiration.inMilliseconds
        self.states = self.states.filter { !$0.value.isIdle || $0.value.lastChange > limit }
    }

    // MARK: Time

    /// Does what follows from a change: sets the timer, and writes the markers of an ending transaction.
    private func follow(_ id: String, wasEnding: Bool) {
        guard let state = self.states[id] else { return }
        let cluster = self.cluster
        self.setTimer(id, to: state.deadline)
        if state.marker != nil, !wasEnding {
            let delay = cluster.configuration.transactionMarkerDelay
            guard delay > .zero else { return self.beginMarkers(of: id) }
            _ = cluster.after(delay) { cluster.transactions.beginMarkers(of: id) }
        }
        cluster.waiters.notice()
    }

    private func setTimer(_ id: String, to deadline: Int64?) {
        let cluster = self.cluster
        self.timers.removeValue(forKey: id)?.cancel()
        guard let deadline else { return }
        self.timers[id] = cluster.after(.milliseconds(max(deadline - cluster.wallMilliseconds, 0))) {
            cluster.transactions.timeHasCome(for: id)
        }
    }

    private func timeHasCome(for id: String) {
        let cluster = self.cluster
        let now = cluster.wallMilliseconds
        // The time of day may have been changed.
        if let deadline = self.states[id]?.deadline, deadline > now { return self.setTimer(id, to: deadline) }
        // Without a running coordinator the transaction stays open until there is one.
        guard cluster.coordinator(.transaction, for: id) != nil else { return }
        _ = try? self.change(id) { state throws(BrokerError) in
            state.expire(now: now, bumpsEpochs: self.bumpsEpochs, takeID: { cluster.takeProducerID() })
        }
    }

    // MARK: Markers

    /// Continues what waits for a running broker, after a broker has started, a partition has a new leader, or a topic was
    /// deleted.
    func continueAfterChange() {
        for id in self.ending.sorted() { self.writeMarkers(of: id) }
        let now = self.cluster.wallMilliseconds
        for (id, state) in self.states where state.deadline.map({ $0 <= now }) ?? false { self.timeHasCome(for: id) }
    }

    func coordinatorMoved(of id: String) {
        self.states[id]?.coordinatorEpoch += 1
    }

    private func beginMarkers(of id: String) {
        self.ending.insert(id)
        self.writeMarkers(of: id)
    }

    /// Writes the marker to the partitions that have a leader, and completes the transaction if it is in all.
    private func writeMarkers(of id: String) {
        guard var state = self.states[id], let marker = state.marker,
            self.cluster.coordinator(.transaction, for: id) != nil
        else { return }
        state.places = marker.places.filter { place in
            do throws(BrokerError) {
                try self.write(
                    isCommit: marker.isCommit, producer: marker.producer, coordinatorEpoch: state.coordinatorEpoch,
                    to: place)
                return false
            } catch {
                // Partitions that don't exist any more need no marker.
                return error.code == .notLeaderOrFollower
            }
        }
        if state.places.isEmpty {
            self.ending.remove(id)
            state.complete()
            state.lastChange = self.cluster.wallMilliseconds
        }
        self.states[id] = state
        self.cluster.waiters.notice()
    }

    /// Writes the marker of a transaction to a partition, or ends it among the offsets of groups.
    func write(
        isCommit: Bool, producer: Producer, bumpsEpoch: Bool = false, coordinatorEpoch: Int32, to place: Place
    ) throws(BrokerError) {
        let cluster = self.cluster
        guard place.topic != OffsetsTopic.name else {
            for group in cluster.groups.values where OffsetsTopic.partition(of: group.name) == place.partition {
                group.endTransaction(of: producer.id, isCommit: isCommit)
            }
            return
        }
        guard let topic = cluster.topic(place.topic), let partition = topic.partition(place.partition) else {
            throw BrokerError(.unknownTopicOrPartition)
        }
        guard let leader = partition.leader else { throw BrokerError(.notLeaderOrFollower) }
        let byteCount = try partition.log.appendMarker(
            ControlRecord(kind: isCommit ? .commit : .abort, coordinatorEpoch: coordinatorEpoch), producer,
            bumpsEpoch: bumpsEpoch, leaderEpoch: partition.leaderEpoch, now: cluster.wallMilliseconds)
        cluster.appended(byteCount, to: partition, topic.settings(at: leader, in: cluster.settings))
    }
}

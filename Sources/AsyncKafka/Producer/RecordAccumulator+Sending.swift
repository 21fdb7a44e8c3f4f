// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

extension RecordAccumulator {
    /// One batch of a Produce request.
    struct Transmission: Sendable {
        let partition: PartitionState
        let id: UInt64
        let batch: ProducerBatch
        let topicID: KafkaUUID
        let identity: ProducerIdentity?
        let baseSequence: Int32
        let attempt: Int
    }

    /// The contents of one Produce request.
    struct Drained: Sendable {
        let broker: Int32
        let transmissions: [Transmission]
        /// Nil without transactions.
        var transactionVersion: TransactionVersion?
    }

    enum Step {
        case send(Drained)
        /// There is something to send, but no connection.
        case connect
        /// Nothing more can be sent now.
        case done
    }

    // MARK: Ready partitions

    func broker(_ id: Int32) -> BrokerState? { self.brokers[id] }

    private mutating func makeBroker(_ id: Int32) -> BrokerState {
        if let known = self.brokers[id] { return known }
        let broker = BrokerState(id: id)
        self.brokers[id] = broker
        return broker
    }

    /// Adds a partition to the ready list of its leader if it has something that can be sent.
    mutating func list(_ partition: PartitionState, _ actions: inout [Action]) {
        guard partition.hasReady, partition.queue.canSend, !partition.isListed, !partition.isBackingOff,
            !partition.isAwaitingIdentity
        else { return }
        guard let leader = partition.leader else {
            self.needMetadata(of: partition.topic, &actions)
            self.backOff(partition, &actions)
            return
        }
        let broker = self.makeBroker(leader)
        broker.ready.append(partition)
        partition.isListed = true
        self.send(to: broker, &actions)
    }

    /// Lets a thread send to a broker, unless one is doing so. The thread may have to send to others first, so it gets the turn
    /// only when it begins (`beginSending`). Each ready partition adds this action, and the sender performs it once.
    func send(to broker: BrokerState, _ actions: inout [Action]) {
        guard !broker.isSending, !broker.ready.isEmpty, broker.inFlight < self.settings.maxInFlight else { return }
        actions.append(.send(to: broker.id))
    }

    /// Delays the next attempt of a partition.
    ///
    /// - Parameter isForTransaction: whether it only waits for the markers of the transaction before, which takes milliseconds.
    mutating func backOff(
        _ partition: PartitionState, isForTransaction: Bool = false, _ actions: inout [Action]
    ) {
        guard !partition.isBackingOff else { return }
        partition.isBackingOff = true
        partition.failures += 1
        partition.backoffCount += 1
        actions.append(
            .backOff(
                partition, failures: partition.failures, count: partition.backoffCount,
                isForTransaction: isForTransaction))
        self.leaveIfSticky(partition)
    }

    mutating func endBackoff(_ partition: PartitionState, count: Int) -> [Action] {
        var actions: [Action] = []
        guard partition.isBackingOff, partition.backoffCount == count else { return actions }
        partition.isBackingOff = false
        self.list(partition, &actions)
        return actions
    }

    /// Allows all open batches, or those for one broker, to be sent without waiting for more records.
    mutating func makeOpenDue(_ actions: inout [Action], of broker: Int32? = nil) {
        var next = self.openBatches.first
        while let partition = next {
            next = partition.nextOpen
            if let broker, partition.owner != broker { continue }
            partition.isOpenDue = true
            self.list(partition, &actions)
        }
    }

    /// Allows the open batches whose linger is over to be sent, and sets the timer for the next one.
    mutating func lingerEnded(now: MonotonicTime) -> [Action] {
        var actions: [Action] = []
        self.isLingerTimerSet = false
        var next = self.openBatches.first
        while let partition = next {
            let end = partition.openedAt + self.settings.linger
            if end > now {
                self.isLingerTimerSet = true
                actions.append(.setLingerTimer(end))
                break
            }
            next = partition.nextOpen
            partition.isOpenDue = true
            self.list(partition, &actions)
        }
        return actions
    }

    // MARK: Sending

    /// Takes the turn to send to a broker. Returns false if another thread has it, which sends everything that is listed meanwhile.
    func beginSending(to id: Int32) -> Bool {
        guard let broker = self.brokers[id], !broker.isSending else { return false }
        broker.isSending = true
        return true
    }

    /// Gives back the turn before everything is sent.
    func stopSending(to id: Int32) {
        self.brokers[id]?.isSending = false
    }

    /// The next request to a broker. Only the thread that has the turn calls this, until it returns `.connect` or `.done`, which give
    /// the turn back.
    mutating func nextStep(_ id: Int32, isConnected: Bool, _ actions: inout [Action]) -> Step {
        guard let broker = self.brokers[id] else { return .done }
        // Another part of the client may have opened the connection.
        if isConnected { Self.noteConnection(of: broker, &actions) }
        let step = self.drain(broker, isConnected: isConnected, &actions)
        if case .send = step {} else { broker.isSending = false }
        return step
    }

    private mutating func drain(_ broker: BrokerState, isConnected: Bool, _ actions: inout [Action]) -> Step {
        guard broker.inFlight < self.settings.maxInFlight, !broker.ready.isEmpty else { return .done }
        guard isConnected else {
            guard !broker.isConnecting else { return .done }
            broker.isConnecting = true
            return .connect
        }
        var transmissions: [Transmission] = []
        var size = 0
        // Takes each partition at most once, because a request may contain one batch per partition.
        for _ in 0..<broker.ready.count {
            guard let partition = broker.ready.popFirst() else { break }
            partition.isListed = false
            guard partition.leader == broker.id, !partition.isBackingOff, partition.queue.canSend else {
                self.list(partition, &actions)
                continue
            }
            var identity = self.idempotence.identity
            if self.settings.isTransactional {
                // What was listed may have been given up since.
                guard partition.hasReady else { continue }
                identity = self.transactionalIdentity(for: partition, &actions)
                guard identity != nil else { continue }
            }
            if !partition.queue.hasUnsent, partition.isOpenDue { self.close(partition) }
            guard let batch = partition.queue.upNext else { continue }
            // The topic's limit was learned after the batch had been filled.
            if batch.count > 1, batch.records.byteCount > partition.topic.batchSize.current,
                let id = partition.queue.beginSplit()
            {
                actions.append(.split(Splitting(partition: partition, id: id, batch: batch)))
                continue
            }
            let batchSize = batch.records.encodedByteCount
            if !transmissions.isEmpty, size + batchSize > self.settings.maxRequestSize {
                partition.isListed = true
                broker.ready.prepend(partition)
                break
            }
            switch partition.queue.next(available: identity) {
            case .send(let next):
                size += batchSize
                transmissions.append(
                    Transmission(
                        partition: partition, id: next.id, batch: next.batch, topicID: partition.topic.id,
                        identity: next.identity, baseSequence: next.baseSequence,
                        attempt: next.attempt))
                if partition.hasReady, partition.queue.canSend {
                    partition.isListed = true
                    broker.ready.append(partition)
                }
            case .identityNeeded(let stale):
                partition.isAwaitingIdentity = true
                self.awaitingIdentity.append(partition)
                if self.idempotence.identityNeeded(otherThan: stale) { actions.append(.getIdentity) }
            case .nothing:
                break
            }
        }
        guard !transmissions.isEmpty else { return .done }
        broker.inFlight += 1
        return .send(
            Drained(
                broker: broker.id, transmissions: transmissions,
                transactionVersion: self.transactions?.current?.version))
    }

    // MARK: Connections

    mutating func connected(_ id: Int32) -> [Action] {
        var actions: [Action] = []
        guard let broker = self.brokers[id] else { return actions }
        broker.isConnecting = false
        Self.noteConnection(of: broker, &actions)
        self.send(to: broker, &actions)
        return actions
    }

    private static func noteConnection(of broker: BrokerState, _ actions: inout [Action]) {
        if broker.reachability.succeeded() { actions.append(.reportReachable(broker: broker.id)) }
    }

    /// No connection could be opened. The partitions back off, or fail with the error if it isn't retriable.
    mutating func connectionFailed(_ id: Int32, _ error: KafkaError, now: MonotonicTime) -> [Action] {
        var actions: [Action] = []
        guard let broker = self.brokers[id] else { return actions }
        broker.isConnecting = false
        if error.isRetriable { actions.append(.updateMetadata) }
        if let count = broker.reachability.failed(now: now) {
            actions.append(.reportUnreachable(broker: id, count: count, error))
        }
        while let partition = broker.ready.popFirst() {
            partition.isListed = false
            partition.failedAttempts.add(error, now: now)
            if error.isRetriable {
                self.needMetadata(of: partition.topic, &actions)
                self.backOff(partition, &actions)
            } else {
                self.giveUp(partition, because: error, &actions)
            }
        }
        return actions
    }

    // MARK: The producer's identity

    /// The error with which the producer can't go on.
    var fatalError: KafkaError? { self.idempotence.fatalError ?? self.transactions?.failure }

    mutating func received(_ identity: ProducerIdentity) -> [Action] {
        var actions: [Action] = []
        self.idempotence.received(identity)
        for partition in self.takeAwaitingIdentity() { self.list(partition, &actions) }
        return actions
    }

    /// The cluster refuses an identity for now. The batches that wait for one fail, as they would without idempotence.
    mutating func identityRefused(_ error: KafkaError) -> [Action] {
        var actions: [Action] = []
        for partition in self.takeAwaitingIdentity() { self.giveUp(partition, because: error, &actions) }
        return actions
    }

    mutating func takeAwaitingIdentity() -> [PartitionState] {
        defer { self.awaitingIdentity = [] }
        for partition in self.awaitingIdentity { partition.isAwaitingIdentity = false }
        return self.awaitingIdentity
    }

    // MARK: Metadata

    /// Processes the partitions and leaders of a topic.
    mutating func update(_ metadata: TopicMetadata, _ actions: inout [Action]) {
        guard !metadata.partitions.isEmpty else { return }
        let topic: TopicState
        if let known = self.topics[metadata.name] {
            topic = known
        } else {
            topic = TopicState(
                name: metadata.name, sticky: StickyPartition(stay: min(self.settings.batchSize, 64 << 10)),
                batchSize: LearnedBatchSize(self.settings.batchSize))
            self.topics[metadata.name] = topic
        }
        let settings = self.settings
        if metadata.id != .zero, topic.id != .zero, metadata.id != topic.id {
            topic.batchSize = LearnedBatchSize(settings.batchSize)
        }
        let moved = topic.update(metadata) {
            BatchQueue(
                isIdempotent: settings.isIdempotent, isTransactional: settings.isTransactional,
                maximumInFlight: settings.maxInFlight)
        }
        for partition in moved { self.buffer.assign(partition) }
        if !moved.isEmpty { self.buffer.leadersChanged() }
        for partition in moved {
            if partition.isListed { self.unlist(partition) }
            // The backoff was for the former leader.
            partition.isBackingOff = false
            self.leaveIfSticky(partition)
            self.list(partition, &actions)
        }
        if !moved.isEmpty { self.offerRoom(&actions) }
    }

    /// Removes a partition from the ready list of its former leader.
    private func unlist(_ partition: PartitionState) {
        partition.isListed = false
        for broker in self.brokers.values {
            for _ in 0..<broker.ready.count {
                if let first = broker.ready.popFirst(), first !== partition { broker.ready.append(first) }
            }
        }
    }
}

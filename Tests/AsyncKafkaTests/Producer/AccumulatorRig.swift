// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

@testable import AsyncKafka

/// An accumulator with its own clock and with brokers that answer as the test specifies.
struct AccumulatorRig {
    var accumulator: RecordAccumulator
    var now = MonotonicTime(nanoseconds: 0)
    let undelivered = UndeliveredRecords()
    /// The decisions that the test hasn't consumed yet.
    var decided = Decisions()
    /// The batches that are being split, while `holdsSplits` is true.
    var held: [RecordAccumulator.Splitting] = []
    var holdsSplits = false

    struct Decisions {
        /// The brokers that the accumulator wants to send to.
        var sends: [Int32] = []
        var ended: [(batch: ProducerBatch, result: BatchResult)] = []
        var freed: [ProducerBatch] = []
        var wake: Promise<Void>?
        var backoffs: [(partition: PartitionState, failures: Int, count: Int)] = []
        var lingerTimer: MonotonicTime?
        var expiryTimer: MonotonicTime?
        var needsIdentity = false
        var needsMetadata = false
        var usedTopics: Set<String> = []
        var unreachable: [Int32] = []
        var reachable: Int32?
        var smallerBatches: [(topic: String, size: Int)] = []
        var buffer: [(isFull: Bool, free: Int)] = []
    }

    init(
        partitions: Int32 = 1, brokers: Int32 = 1, batchSize: Int = 16 << 10, maxRequestSize: Int = 1 << 20,
        bufferMemory: Int = 32 << 20, linger: Duration = .milliseconds(5), isIdempotent: Bool = true,
        isTransactional: Bool = false, isRoundRobin: Bool = false, hasLeader: Bool = true, isObserved: Bool = false
    ) {
        self.accumulator = RecordAccumulator(
            settings: RecordAccumulator.Settings(
                batchSize: batchSize, maxRequestSize: maxRequestSize, linger: linger, deliveryTimeout: .seconds(120),
                maxInFlight: 5, isIdempotent: isIdempotent, isTransactional: isTransactional,
                isRoundRobin: isRoundRobin, isObserved: isObserved),
            bufferMemory: bufferMemory, undelivered: self.undelivered, seed: 1)
        self.lead("t", (0..<partitions).map { hasLeader ? $0 % brokers : nil })
        if isTransactional {
            _ = self.accumulator.takeTransactionRequest()
            _ = self.accumulator.transactionAnswered(.initialized(ProducerIdentity(id: 7, epoch: 0)), now: self.now)
        } else if isIdempotent {
            _ = self.accumulator.idempotence.identityNeeded()
            _ = self.accumulator.received(ProducerIdentity(id: 7, epoch: 0))
        }
    }

    /// Applies metadata with the leaders of a topic's partitions.
    mutating func lead(_ topic: String, _ leaders: [Int32?], epoch: Int32 = 0) {
        var metadata = TopicMetadata(name: topic)
        metadata.partitions = leaders.enumerated().map {
            PartitionMetadata(index: Int32($0.offset), leader: $0.element, leaderEpoch: epoch)
        }
        var actions: [RecordAccumulator.Action] = []
        self.accumulator.update(metadata, &actions)
        self.note(actions)
    }

    @discardableResult
    mutating func append(
        _ value: Bytes = "value", key: Bytes? = nil, partition: Int32? = nil, topic: String = "t",
        in transaction: UInt64 = RecordAccumulator.noTransaction, isOffered: Bool = false
    ) -> RecordAccumulator.Appended {
        let choice: RecordAccumulator.Choice =
            if let partition {
                .named(partition)
            } else if let key {
                .hash(UInt32(bitPattern: Murmur2.hash(key) & .max))
            } else {
                .free
            }
        let now = self.now
        let appended = self.accumulator.append(
            ProducerRecord(topic: topic, partition: partition, key: key, value: value), choice: choice,
            timestamp: 1000, in: transaction, isOffered: isOffered
        ) { now }
        switch appended {
        case .done(_, let actions), .full(_, let actions): self.note(actions)
        default: break
        }
        return appended
    }

    mutating func note(_ actions: [RecordAccumulator.Action]) {
        for action in actions {
            switch action {
            case .send(let broker):
                // As the sender does.
                if !self.decided.sends.contains(broker) { self.decided.sends.append(broker) }
            case .end(let batch, let result): self.decided.ended.append((batch, result))
            case .freeRecords(let batch): self.decided.freed.append(batch)
            case .split(let splitting): self.held.append(splitting)
            case .wake(let task): self.decided.wake = task
            case .backOff(let partition, let failures, let count, _):
                self.decided.backoffs.append((partition, failures, count))
            case .setLingerTimer(let time): self.decided.lingerTimer = time
            case .setExpiryTimer(let time): self.decided.expiryTimer = time
            case .getIdentity: self.decided.needsIdentity = true
            case .transact, .refuse: break
            case .updateMetadata: self.decided.needsMetadata = true
            case .findLeaders(let topic):
                self.decided.needsMetadata = true
                self.decided.usedTopics.insert(topic)
            case .noteUse(let topic): self.decided.usedTopics.insert(topic)
            case .reportUnreachable(let broker, _, _): self.decided.unreachable.append(broker)
            case .reportReachable(let broker): self.decided.reachable = broker
            case .reportSmallerBatches(let topic, let size): self.decided.smallerBatches.append((topic, size))
            case .reportBuffer(let isFull, let free): self.decided.buffer.append((isFull, free))
            }
        }
        if !self.holdsSplits { self.split() }
    }

    /// Performs the requested splits.
    mutating func split() {
        let held = self.held
        self.held = []
        for splitting in held {
            let parts = try? splitting.batch.parts(ofAtMost: splitting.size, undelivered: self.undelivered)
            self.note(self.accumulator.replace(splitting, by: parts ?? []))
        }
    }

    /// Returns all requests that can be sent to a broker now.
    mutating func pump(_ broker: Int32 = 0, isConnected: Bool = true) -> [RecordAccumulator.Drained] {
        var requests: [RecordAccumulator.Drained] = []
        self.decided.sends.removeAll { $0 == broker }
        while true {
            _ = self.accumulator.beginSending(to: broker)
            var actions: [RecordAccumulator.Action] = []
            let step = self.accumulator.nextStep(broker, isConnected: isConnected, &actions)
            self.note(actions)
            if case .send(let drained) = step {
                requests.append(drained)
            } else if self.decided.sends.contains(broker) {
                // The parts of batches that were split meanwhile are sent, too.
                self.decided.sends.removeAll { $0 == broker }
            } else {
                return requests
            }
        }
    }

    mutating func answer(_ request: RecordAccumulator.Drained, _ code: ErrorCode = .none, baseOffset: Int64 = 0) {
        let error = code == .none ? nil : KafkaError(code, doing: "storing records")
        let answer = RecordAccumulator.Answer(
            verdict: ProduceAnswer(code), baseOffset: baseOffset, error: error,
            meansStaleMetadata: ProduceAnswer.meansStaleMetadata(code))
        self.note(self.accumulator.answered(request, request.transmissions.map { _ in answer }, now: self.now))
    }

    mutating func flush() {
        var actions: [RecordAccumulator.Action] = []
        _ = self.accumulator.flush(&actions)
        self.note(actions)
    }

    /// Ends the backoffs that were requested.
    mutating func endBackoffs() {
        let backoffs = self.decided.backoffs
        self.decided.backoffs = []
        for backoff in backoffs {
            self.note(self.accumulator.endBackoff(backoff.partition, count: backoff.count))
        }
    }
}

extension RecordAccumulator.Appended {
    var delivery: Delivery? {
        switch self {
        case .done(let delivery, _): delivery
        default: nil
        }
    }

    var isFull: Bool { self.shortage != nil }
    var shortage: RecordBuffer.Shortage? { if case .full(let shortage, _) = self { shortage } else { nil } }
}

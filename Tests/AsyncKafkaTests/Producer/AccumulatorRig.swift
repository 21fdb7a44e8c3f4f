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

/// An accumulator with a clock of its own and brokers that answer as the test says.
struct AccumulatorRig {
    var accumulator: RecordAccumulator
    var now = MonotonicTime(nanoseconds: 0)
    let undelivered = UndeliveredRecords()
    /// What has been asked for and not been looked at yet.
    var effects = RecordAccumulator.Effects()

    init(
        partitions: Int32 = 1, brokers: Int32 = 1, batchSize: Int = 16 << 10, maxRequestSize: Int = 1 << 20,
        bufferMemory: Int = 32 << 20, linger: Duration = .milliseconds(5), isIdempotent: Bool = true,
        isRoundRobin: Bool = false, hasLeader: Bool = true
    ) {
        self.accumulator = RecordAccumulator(
            settings: RecordAccumulator.Settings(
                batchSize: batchSize, maxRequestSize: maxRequestSize, linger: linger, deliveryTimeout: .seconds(120),
                maxInFlight: 5, isIdempotent: isIdempotent, isRoundRobin: isRoundRobin),
            bufferMemory: bufferMemory, undelivered: self.undelivered, seed: 1)
        self.lead("t", (0..<partitions).map { hasLeader ? $0 % brokers : nil })
        if isIdempotent {
            _ = self.accumulator.idempotence.identityNeeded()
            _ = self.accumulator.received(ProducerIdentity(id: 7, epoch: 0))
        }
    }

    /// Tells the leaders of a topic's partitions.
    mutating func lead(_ topic: String, _ leaders: [Int32?], epoch: Int32 = 0) {
        var metadata = TopicMetadata(name: topic)
        metadata.partitions = leaders.enumerated().map {
            PartitionMetadata(index: Int32($0.offset), leader: $0.element, leaderEpoch: epoch)
        }
        self.accumulator.update(metadata, &self.effects)
    }

    @discardableResult
    mutating func append(
        _ value: Bytes = "value", key: Bytes? = nil, partition: Int32? = nil, topic: String = "t",
        isOffered: Bool = false
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
            timestamp: 1000, isOffered: isOffered
        ) { now }
        switch appended {
        case .followedUp(_, let effects), .full(_, let effects): self.note(effects)
        default: break
        }
        return appended
    }

    mutating func note(_ effects: RecordAccumulator.Effects) {
        self.effects.pump += effects.pump
        self.effects.ended += effects.ended
        self.effects.released += effects.released
        self.effects.backoffs += effects.backoffs
        self.effects.wake = effects.wake ?? self.effects.wake
        self.effects.connectedAgain = effects.connectedAgain ?? self.effects.connectedAgain
        self.effects.lingerTimer = effects.lingerTimer ?? self.effects.lingerTimer
        self.effects.expiryTimer = effects.expiryTimer ?? self.effects.expiryTimer
        self.effects.needsIdentity = self.effects.needsIdentity || effects.needsIdentity
        self.effects.needsMetadata = self.effects.needsMetadata || effects.needsMetadata
        self.effects.usedTopics.formUnion(effects.usedTopics)
        self.effects.smallerBatches += effects.smallerBatches
    }

    /// Everything that goes to a broker now.
    mutating func pump(_ broker: Int32 = 0, isConnected: Bool = true) -> [RecordAccumulator.Drained] {
        var requests: [RecordAccumulator.Drained] = []
        guard self.accumulator.beginPump(broker) else { return [] }
        while true {
            var effects = RecordAccumulator.Effects()
            let step = self.accumulator.nextStep(broker, isConnected: isConnected, &effects)
            self.note(effects)
            guard case .send(let drained) = step else { return requests }
            requests.append(drained)
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
        var effects = RecordAccumulator.Effects()
        _ = self.accumulator.flush(&effects)
        self.note(effects)
    }

    /// Ends the backoffs that were asked for.
    mutating func endBackoffs() {
        let backoffs = self.effects.backoffs
        self.effects.backoffs = []
        for backoff in backoffs {
            self.note(self.accumulator.endBackoff(backoff.partition, count: backoff.count))
        }
    }
}

extension RecordAccumulator.Appended {
    var delivery: Delivery? {
        switch self {
        case .done(let delivery), .followedUp(let delivery, _): delivery
        default: nil
        }
    }

    var isFull: Bool { self.shortage != nil }
    var shortage: RecordBuffer.Shortage? { if case .full(let shortage, _) = self { shortage } else { nil } }
}

// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

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
        case .followedUp(_, let effects), .full(let effects): self.note(effects)
        default: break
        }
        return appended
    }

    mutating func note(_ effects: RecordAccumulator.Effects) {
        self.effects.pump += effects.pump
        self.effects.ended += effects.ended
        self.effects.backoffs += effects.backoffs
        self.effects.wake = effects.wake ?? self.effects.wake
        self.effects.lingerTimer = effects.lingerTimer ?? self.effects.lingerTimer
        self.effects.expiryTimer = effects.expiryTimer ?? self.effects.expiryTimer
        self.effects.needsIdentity = self.effects.needsIdentity || effects.needsIdentity
        self.effects.needsMetadata = self.effects.needsMetadata || effects.needsMetadata
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
        self.note(self.accumulator.answered(request, request.transmissions.map { _ in answer }))
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

    var isFull: Bool { if case .full = self { true } else { false } }
}

@Suite struct RecordAccumulatorTests {
    private let kilobyte = Bytes(repeatElement(UInt8(1), count: 1000))

    // MARK: Batches

    @Test func recordsShareABatchUntilItIsFull() throws {
        var rig = AccumulatorRig(batchSize: 4096)
        let deliveries = try (0..<4).map { _ in try #require(rig.append(self.kilobyte).delivery) }
        #expect(deliveries.map(\.index) == [0, 1, 2, 0])
        #expect(deliveries[0].batch === deliveries[2].batch)
        #expect(deliveries[2].batch !== deliveries[3].batch)
        #expect(rig.effects.pump == [0], "the full batch can go")
        let requests = rig.pump()
        #expect(requests.map { $0.transmissions.map(\.batch.count) } == [[3]])
    }

    @Test func anOpenBatchWaitsForItsLinger() {
        var rig = AccumulatorRig()
        rig.append()
        #expect(rig.effects.pump.isEmpty)
        #expect(rig.effects.lingerTimer == rig.now + .milliseconds(5))
        #expect(rig.pump().isEmpty)
        rig.now = rig.now + .milliseconds(5)
        rig.note(rig.accumulator.lingerEnded(now: rig.now))
        #expect(rig.effects.pump == [0])
        #expect(rig.pump().count == 1)
    }

    @Test func lingerIsThatOfEachBatch() {
        var rig = AccumulatorRig(partitions: 2)
        rig.append(partition: 0)
        rig.now = rig.now + .milliseconds(3)
        rig.append(partition: 1)
        rig.now = rig.now + .milliseconds(2)
        rig.effects = RecordAccumulator.Effects()
        rig.note(rig.accumulator.lingerEnded(now: rig.now))
        #expect(rig.effects.lingerTimer == rig.now + .milliseconds(3))
        #expect(rig.pump().flatMap { $0.transmissions.map(\.partition.index) } == [0])
    }

    @Test func withoutLingerARecordGoesAtOnceAndTheNextOnesGather() throws {
        var rig = AccumulatorRig(linger: .zero)
        rig.append()
        #expect(rig.effects.pump == [0])
        let first = rig.pump()
        #expect(first.map { $0.transmissions.map(\.batch.count) } == [[1]])
        rig.effects = RecordAccumulator.Effects()
        for _ in 0..<10 { rig.append() }
        #expect(rig.effects.pump.isEmpty, "the first batch of a partition goes alone")
        rig.answer(first[0])
        #expect(rig.effects.pump == [0])
        #expect(rig.pump().map { $0.transmissions.map(\.batch.count) } == [[10]])
    }

    @Test func aFlushSendsWhatIsOpen() {
        var rig = AccumulatorRig(partitions: 3, linger: .seconds(60))
        for partition in 0..<3 as Range<Int32> { rig.append(partition: partition) }
        rig.flush()
        let requests = rig.pump()
        #expect(requests.map(\.transmissions.count) == [3], "one request for all partitions of a broker")
    }

    @Test func aRecordLargerThanABatchHasOneOfItsOwn() {
        var rig = AccumulatorRig(batchSize: 2048)
        rig.append()
        #expect(rig.append(Bytes(repeatElement(UInt8(0), count: 10_000))).delivery?.index == 0)
        rig.append()
        rig.flush()
        let first = rig.pump()
        #expect(first.map { $0.transmissions.map(\.batch.count) } == [[1]])
        rig.answer(first[0])
        #expect(rig.pump().flatMap { $0.transmissions.map(\.batch.count) } == [1, 1])
    }

    @Test func aRecordLargerThanARequestIsRefused() {
        var rig = AccumulatorRig(batchSize: 2048, maxRequestSize: 4096)
        guard case .tooLarge(let size) = rig.append(Bytes(repeatElement(UInt8(0), count: 4096))) else {
            Issue.record("accepted")
            return
        }
        #expect(size > 4096)
    }

    @Test func aRequestHoldsAsManyBatchesAsItMayAndPartitionsTakeTurns() {
        var rig = AccumulatorRig(partitions: 4, batchSize: 4096, maxRequestSize: 10_000)
        for _ in 0..<2 {
            for partition in 0..<4 as Range<Int32> {
                for _ in 0..<3 { rig.append(self.kilobyte, partition: partition) }
            }
        }
        rig.flush()
        var served: [Int32] = []
        for _ in 0..<10 {
            for request in rig.pump() {
                #expect(request.transmissions.count <= 3)
                #expect(Set(request.transmissions.map(\.partition.index)).count == request.transmissions.count)
                served += request.transmissions.map(\.partition.index)
                rig.answer(request)
            }
        }
        #expect(served.count == 8)
        #expect(Set(served.prefix(4)) == [0, 1, 2, 3], "each once before any is served twice")
    }

    @Test func atMostFiveRequestsAreInFlight() {
        var rig = AccumulatorRig(partitions: 20, batchSize: 2048, maxRequestSize: 2048)
        for partition in 0..<20 as Range<Int32> { rig.append(self.kilobyte, partition: partition) }
        rig.flush()
        let requests = rig.pump()
        #expect(requests.count == 5)
        guard let first = requests.first else { return }
        rig.answer(first)
        #expect(rig.pump().count == 1)
    }

    // MARK: Partitions

    /// The last column is the partition that Kafka's own client chooses among 12.
    @Test func keysGoWhereKafkasOwnClientPutsThem() throws {
        let folder =
            ProcessInfo.processInfo.environment["KAFKA_GOLDEN"].map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
                "../../KafkaProtocolTests/Golden")
        let text = try String(contentsOf: folder.appendingPathComponent("murmur2.tsv"), encoding: .utf8)
        var rig = AccumulatorRig(partitions: 12)
        var count = 0
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 3, let expected = Int32(fields[2]) else { continue }
            let digits = Array(fields[0].utf8)
            let key = Bytes(
                stride(from: 0, to: digits.count, by: 2).compactMap {
                    UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
                })
            #expect(rig.append(key: key).delivery?.topicPartition.partition == expected, "\(fields[0])")
            count += 1
        }
        #expect(count > 100)
    }

    @Test func recordsWithoutKeyStayAtAPartitionUntilItsBatchIsFull() {
        var rig = AccumulatorRig(partitions: 4, batchSize: 4096)
        let partitions = (0..<30).compactMap { _ in rig.append(self.kilobyte).delivery?.topicPartition.partition }
        for start in stride(from: 0, to: 30, by: 3) { #expect(Set(partitions[start..<start + 3]).count == 1) }
        #expect(Set(partitions).count > 1)
    }

    @Test func roundRobinTakesEachPartitionInTurn() {
        var rig = AccumulatorRig(partitions: 3, isRoundRobin: true)
        let partitions = (0..<6).compactMap { _ in rig.append().delivery?.topicPartition.partition }
        #expect(partitions == [1, 2, 0, 1, 2, 0])
    }

    @Test func whatIsNotKnownIsSaid() {
        var rig = AccumulatorRig(partitions: 2)
        guard case .unknownTopic = rig.append(topic: "other") else {
            Issue.record("appended to a topic that isn't known")
            return
        }
        for partition in [2, -1] as [Int32] {
            guard case .unknownPartition(count: 2) = rig.append(partition: partition) else {
                Issue.record("appended to a partition that doesn't exist")
                return
            }
        }
    }

    @Test func addedPartitionsAreUsed() {
        var rig = AccumulatorRig(partitions: 1)
        rig.lead("t", [0, 0])
        #expect(rig.append(partition: 1).delivery != nil)
    }

    // MARK: Memory

    @Test func memoryIsBounded() {
        var rig = AccumulatorRig(partitions: 100, batchSize: 4096, maxRequestSize: 8192, bufferMemory: 64 << 10)
        var count = 0
        while !rig.append(self.kilobyte, partition: Int32(count % 100)).isFull { count += 1 }
        #expect(count >= 15)
        #expect(rig.accumulator.freeMemory >= 0)
        #expect(rig.accumulator.freeMemory < 4096)
        #expect(rig.effects.pump == [0], "what is open must go to make room")
    }

    @Test func memoryComesBackWithTheEnd() {
        var rig = AccumulatorRig()
        let all = rig.accumulator.freeMemory
        rig.append()
        #expect(rig.accumulator.freeMemory < all)
        rig.flush()
        rig.answer(rig.pump()[0])
        #expect(rig.accumulator.freeMemory == all)
    }

    @Test func tasksGetRoomInTheirOrderAndNobodyOvertakesThem() {
        var rig = AccumulatorRig(partitions: 100, batchSize: 4096, maxRequestSize: 4096, bufferMemory: 4096)
        rig.append(self.kilobyte, partition: 0)
        let waiting = [Promise<Void>(), Promise<Void>()]
        for promise in waiting {
            #expect(rig.append(self.kilobyte, partition: 1).isFull)
            rig.accumulator.waitForRoom(promise, isFirst: false)
        }
        rig.answer(rig.pump()[0])
        #expect(rig.effects.wake === waiting[0])
        rig.effects.wake = nil
        #expect(rig.append(self.kilobyte, partition: 2).isFull, "a newcomer")
        #expect(rig.append(self.kilobyte, partition: 1, isOffered: true).delivery != nil)
        rig.note(rig.accumulator.offerRoomAgain())
        #expect(rig.effects.wake === waiting[1])
        #expect(rig.append(self.kilobyte, partition: 3, isOffered: true).isFull)
        rig.accumulator.waitForRoom(waiting[1], isFirst: true)
        rig.effects.wake = nil
        rig.answer(rig.pump()[0])
        #expect(rig.effects.wake === waiting[1], "it kept its place")
    }

    @Test func aBatchTakesNoMoreMemoryThanItNeedsAtFirst() {
        var rig = AccumulatorRig(partitions: 1000, batchSize: 256 << 10, bufferMemory: 8 << 20)
        for partition in 0..<1000 as Range<Int32> { #expect(rig.append(partition: partition).delivery != nil) }
    }

    // MARK: Leaders

    @Test func aPartitionWithoutLeaderAsksForOneAndWaits() {
        var rig = AccumulatorRig(hasLeader: false)
        rig.append()
        rig.flush()
        #expect(rig.effects.needsMetadata)
        #expect(rig.effects.backoffs.count == 1)
        rig.effects.needsMetadata = false
        rig.endBackoffs()
        #expect(rig.effects.needsMetadata, "and asks again")
        #expect(rig.effects.backoffs.map(\.failures) == [2])
        rig.lead("t", [3], epoch: 1)
        #expect(rig.effects.pump == [3])
        #expect(rig.pump(3).count == 1)
    }

    @Test func whatIsListedForALeaderGoesToTheNextOne() {
        var rig = AccumulatorRig(partitions: 2, brokers: 1)
        rig.append(partition: 0)
        rig.append(partition: 1)
        rig.flush()
        rig.lead("t", [0, 1], epoch: 1)
        #expect(rig.pump(0).flatMap { $0.transmissions.map(\.partition.index) } == [0])
        #expect(rig.pump(1).flatMap { $0.transmissions.map(\.partition.index) } == [1])
    }

    @Test func aRetryWaitsUnlessTheLeaderIsAnother() {
        var rig = AccumulatorRig()
        rig.append()
        rig.flush()
        rig.answer(rig.pump()[0], .notEnoughReplicas)
        #expect(rig.effects.backoffs.map(\.failures) == [1])
        #expect(rig.pump().isEmpty)
        rig.endBackoffs()
        let again = rig.pump()
        #expect(again.count == 1)
        rig.answer(again[0], .notLeaderOrFollower)
        #expect(rig.effects.needsMetadata)
        #expect(rig.effects.backoffs.map(\.failures) == [2])
        rig.lead("t", [1], epoch: 1)
        #expect(rig.pump(1).count == 1, "a new leader ends the backoff (KIP-951)")
        #expect(rig.effects.ended.isEmpty)
        rig.endBackoffs()
        #expect(rig.pump(1).isEmpty)
    }

    @Test func withoutConnectionOneIsMadeAndWhatCannotBeMadeFails() {
        var rig = AccumulatorRig()
        rig.append()
        rig.flush()
        #expect(rig.pump(isConnected: false).isEmpty)
        rig.note(rig.accumulator.connectionFailed(0, KafkaError(.connectionFailed, "refused", isRetriable: true)))
        #expect(rig.effects.backoffs.count == 1)
        rig.endBackoffs()
        #expect(rig.pump(isConnected: false).isEmpty)
        rig.note(rig.accumulator.connectionFailed(0, KafkaError(.authenticationFailed, "no")))
        #expect(rig.effects.ended.map(\.result.error?.code) == [.authenticationFailed])
        #expect(rig.effects.ended.first?.result.error?.isOutcomeUnknown == false)
    }

    // MARK: Identity

    @Test func whatNeedsAnIdentityWaitsForIt() {
        var rig = AccumulatorRig(isIdempotent: true)
        rig.accumulator.idempotence = IdempotenceStateMachine()
        rig.append()
        rig.flush()
        #expect(rig.pump().isEmpty)
        #expect(rig.effects.needsIdentity)
        rig.note(rig.accumulator.received(ProducerIdentity(id: 9, epoch: 0)))
        #expect(rig.pump().first?.transmissions.first?.identity?.id == 9)
    }

    // MARK: Ends

    @Test func recordsAreGivenUpAfterTheDeliveryTimeout() async throws {
        var rig = AccumulatorRig(hasLeader: false)
        let delivery = try #require(rig.append().delivery)
        #expect(rig.effects.expiryTimer == rig.now + .seconds(120))
        rig.now = rig.now + .seconds(119)
        rig.note(rig.accumulator.expire(now: rig.now))
        #expect(rig.effects.ended.isEmpty)
        rig.now = rig.now + .seconds(1)
        rig.note(rig.accumulator.expire(now: rig.now))
        #expect(rig.effects.ended.map(\.result.error?.code) == [.deliveryTimedOut])
        #expect(rig.effects.ended.first?.result.error?.isOutcomeUnknown == false)
        for (batch, result) in rig.effects.ended { batch.outcome.complete(result, count: batch.count) }
        await #expect(throws: KafkaError.self) { try await delivery.metadata }
    }

    /// KAFKA-19012: memory of a batch that expired in flight went to other records while the socket still read it.
    @Test func theMemoryOfABatchThatExpiresInFlightIsFreeOnlyAfterItsAnswer() {
        var rig = AccumulatorRig()
        let all = rig.accumulator.freeMemory
        rig.append()
        rig.flush()
        let requests = rig.pump()
        rig.now = rig.now + .seconds(121)
        rig.note(rig.accumulator.expire(now: rig.now))
        #expect(rig.effects.ended.first?.result.error?.isOutcomeUnknown == true)
        #expect(rig.accumulator.freeMemory < all)
        rig.answer(requests[0])
        #expect(rig.accumulator.freeMemory == all)
        #expect(rig.effects.ended.count == 1)
    }

    @Test func aBatchThatIsTooLargeGoesOnInHalves() async throws {
        var rig = AccumulatorRig()
        let deliveries = (0..<7).compactMap { rig.append("value \($0)").delivery }
        rig.flush()
        rig.answer(rig.pump()[0], .messageTooLarge)
        #expect(rig.effects.backoffs.isEmpty)
        var offset: Int64 = 100
        for _ in 0..<10 {
            for request in rig.pump() {
                if request.transmissions[0].batch.count > 2 {
                    rig.answer(request, .messageTooLarge)
                } else {
                    rig.answer(request, baseOffset: offset)
                    offset += Int64(request.transmissions[0].batch.count)
                }
            }
        }
        for (batch, result) in rig.effects.ended { batch.outcome.complete(result, count: batch.count) }
        var offsets: [Int64?] = []
        for delivery in deliveries { offsets.append(try await delivery.metadata.offset) }
        #expect(offsets == (100..<107).map { $0 })
        #expect(rig.accumulator.freeMemory == 32 << 20)
    }

    @Test func afterClosingNothingIsAccepted() {
        var rig = AccumulatorRig()
        rig.append()
        let waiting = Promise<Void>()
        rig.accumulator.waitForRoom(waiting, isFirst: false)
        #expect(rig.accumulator.close(.producerClosed).count == 1)
        guard case .closed(let error) = rig.append() else {
            Issue.record("accepted")
            return
        }
        #expect(error.code == .closed)
        rig.note(rig.accumulator.giveUpAll(because: .producerClosed))
        #expect(rig.effects.ended.count == 1)
        #expect(rig.accumulator.freeMemory == 32 << 20)
    }

    @Test func aDeliveryKnowsItsOwnTime() async throws {
        var rig = AccumulatorRig()
        var deliveries: [Delivery] = []
        for time in [5, 3, 9] as [Int64] {
            let appended = rig.accumulator.append(
                ProducerRecord(topic: "t", value: "v"), choice: .free, timestamp: time
            ) { MonotonicTime(nanoseconds: 0) }
            deliveries.append(try #require(appended.delivery))
        }
        rig.flush()
        rig.answer(rig.pump()[0], baseOffset: 50)
        for (batch, result) in rig.effects.ended { batch.outcome.complete(result, count: batch.count) }
        var times: [Int64] = []
        for delivery in deliveries { times.append(try await delivery.metadata.timestamp.millisecondsSince1970) }
        #expect(times == [5, 3, 9], "aiokafka gives each record the first one's time")
    }
}

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

/// The selection of partitions for records, and of brokers for batches.
@Suite struct RecordAccumulatorRoutingTests {
    private let kilobyte = Bytes(repeatElement(UInt8(1), count: 1000))

    // MARK: Partitions

    /// The last column is the partition that Kafka's own client selects from 12.
    @Test func keysSelectTheSamePartitionAsInKafkasOwnClient() throws {
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

    @Test func recordsWithoutAKeyStayAtAPartitionUntilItsBatchIsFull() {
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

    @Test func unknownTopicsAndPartitionsAreReported() {
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

    // MARK: Leaders

    @Test func aPartitionWithoutALeaderRequestsMetadataAndWaits() {
        var rig = AccumulatorRig(hasLeader: false)
        rig.append()
        rig.flush()
        #expect(rig.decided.needsMetadata)
        #expect(rig.decided.backoffs.count == 1)
        rig.decided.needsMetadata = false
        rig.decided.usedTopics = []
        rig.endBackoffs()
        #expect(rig.decided.needsMetadata, "and requests metadata again")
        #expect(rig.decided.usedTopics == ["t"], "by name: metadata forgets topics")
        #expect(rig.decided.backoffs.map(\.failures) == [2])
        rig.lead("t", [3], epoch: 1)
        #expect(rig.decided.sends == [3])
        #expect(rig.pump(3).count == 1)
    }

    @Test func aLeaderIsAskedForThoughTheRecordAlsoTellsThatItsTopicIsInUse() {
        var rig = AccumulatorRig(linger: .zero, hasLeader: false)
        rig.append()
        #expect(rig.decided.usedTopics == ["t"])
        #expect(rig.decided.needsMetadata, "not only after a backoff")
    }

    @Test func newBatchesMarkTheirTopicAsInUse() {
        var rig = AccumulatorRig()
        for (seconds, isSaid) in [(0, true), (59, false), (60, true), (119, false), (600, true)] {
            rig.now = MonotonicTime(nanoseconds: Int64(seconds) * 1_000_000_000)
            rig.decided.usedTopics = []
            rig.append()
            #expect(rig.decided.usedTopics.contains("t") == isSaid, "after \(seconds) seconds")
            rig.flush()
            rig.answer(rig.pump()[0])
        }
    }

    @Test func aFailureAtTheLeaderMarksItsTopicAsInUse() {
        var rig = AccumulatorRig()
        for failure in ["connection", "leader"] {
            rig.append()
            rig.flush()
            rig.decided.usedTopics = []
            if failure == "connection" {
                #expect(rig.pump(isConnected: false).isEmpty)
                rig.note(
                    rig.accumulator.connectionFailed(
                        0, KafkaError(.connectionFailed, "no", isRetriable: true), now: rig.now))
            } else {
                rig.answer(rig.pump()[0], .notLeaderOrFollower)
            }
            #expect(rig.decided.usedTopics == ["t"], "\(failure)")
            rig.endBackoffs()
        }
    }

    @Test func recordsWithoutAKeyLeaveAFailingPartition() throws {
        var rig = AccumulatorRig(partitions: 2, brokers: 2)
        let first = try #require(rig.append().delivery?.topicPartition.partition)
        func partitions() -> Set<Int32> {
            Set((0..<50).compactMap { _ in rig.append(self.kilobyte).delivery?.topicPartition.partition })
        }
        rig.flush()
        #expect(rig.pump(first, isConnected: false).isEmpty)
        rig.note(
            rig.accumulator.connectionFailed(
                first, KafkaError(.connectionFailed, "no", isRetriable: true), now: rig.now))
        #expect(partitions() == [1 - first])
        rig.endBackoffs()
        #expect(partitions() == [1 - first], "it is unknown whether the partition has recovered")
        while let request = rig.pump(first).first { rig.answer(request) }
        #expect(rig.decided.ended.contains { $0.batch.topicPartition.partition == first })
        #expect(partitions() == [0, 1])
    }

    @Test func recordsWithoutAKeyLeaveAPartitionThatLosesItsLeader() throws {
        var rig = AccumulatorRig(partitions: 2)
        let first = try #require(rig.append().delivery?.topicPartition.partition)
        rig.lead("t", first == 0 ? [nil, 0] : [0, nil], epoch: 1)
        #expect(rig.append().delivery?.topicPartition.partition == 1 - first)
        rig.lead("t", [nil, nil], epoch: 2)
        #expect(rig.append().delivery?.topicPartition.partition == 1 - first, "no partition is better")
        rig.lead("t", first == 0 ? [0, nil] : [nil, 0], epoch: 3)
        rig.flush()
        #expect(rig.append().delivery?.topicPartition.partition == first)
    }

    @Test func readyPartitionsMoveToTheirNextLeader() {
        var rig = AccumulatorRig(partitions: 2, brokers: 1)
        rig.append(partition: 0)
        rig.append(partition: 1)
        rig.flush()
        rig.lead("t", [0, 1], epoch: 1)
        #expect(rig.pump(0).flatMap { $0.transmissions.map(\.partition.index) } == [0])
        #expect(rig.pump(1).flatMap { $0.transmissions.map(\.partition.index) } == [1])
    }

    @Test func aRetryWaitsUnlessTheLeaderHasChanged() {
        var rig = AccumulatorRig()
        rig.append()
        rig.flush()
        rig.answer(rig.pump()[0], .notEnoughReplicas)
        #expect(rig.decided.backoffs.map(\.failures) == [1])
        #expect(rig.pump().isEmpty)
        rig.endBackoffs()
        let again = rig.pump()
        #expect(again.count == 1)
        rig.answer(again[0], .notLeaderOrFollower)
        #expect(rig.decided.needsMetadata)
        #expect(rig.decided.backoffs.map(\.failures) == [2])
        rig.lead("t", [1], epoch: 1)
        #expect(rig.pump(1).count == 1, "a new leader ends the backoff (KIP-951)")
        #expect(rig.decided.ended.isEmpty)
        rig.endBackoffs()
        #expect(rig.pump(1).isEmpty)
    }

    /// One record waits, and the connection to its broker has failed.
    private func withoutConnection() -> AccumulatorRig {
        var rig = AccumulatorRig()
        rig.append()
        rig.flush()
        #expect(rig.pump(isConnected: false).isEmpty)
        rig.note(
            rig.accumulator.connectionFailed(
                0, KafkaError(.connectionFailed, "refused", isRetriable: true), now: rig.now))
        return rig
    }

    @Test func aMissingConnectionIsOpenedAndAPermanentFailureFailsTheRecords() {
        var rig = self.withoutConnection()
        #expect(rig.decided.backoffs.count == 1)
        rig.endBackoffs()
        #expect(rig.pump(isConnected: false).isEmpty)
        rig.note(rig.accumulator.connectionFailed(0, KafkaError(.authenticationFailed, "no"), now: rig.now))
        #expect(rig.decided.ended.map(\.result.error?.code) == [.authenticationFailed])
        #expect(rig.decided.ended.first?.result.error?.isOutcomeUnknown == false)
    }

    /// The connection may have been opened for another request, such as Metadata.
    @Test func aRestoredConnectionIsReportedOnce() {
        var rig = self.withoutConnection()
        #expect(rig.decided.reachable == nil)
        rig.endBackoffs()
        #expect(rig.pump().count == 1)
        #expect(rig.decided.reachable == 0)
        rig.decided.reachable = nil
        rig.append()
        rig.flush()
        _ = rig.pump()
        #expect(rig.decided.reachable == nil)
    }
}

// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Testing

@testable import EmbeddedKafka

@Suite struct ProducerStatesTests {
    private var states = ProducerStates()

    /// Checks a batch of `count` records and, if it is accepted, records it as appended.
    private mutating func append(
        _ sequence: Int32, count: Int32 = 1, epoch: Int16 = 0, now: Int64 = 0
    ) throws(BrokerError) -> ProducerStates.Verdict {
        let last = Int32(truncatingIfNeeded: (Int64(sequence) + Int64(count) - 1) & 0x7fff_ffff)
        let verdict = try self.states.check(
            producerID: 7, epoch: epoch, firstSequence: sequence, lastSequence: last)
        if verdict == .append {
            self.states.append(
                .init(
                    firstSequence: sequence, lastSequence: last, baseOffset: Int64(sequence),
                    lastOffset: Int64(sequence) + Int64(count) - 1, timestamp: 0),
                producerID: 7, epoch: epoch, now: now)
        }
        return verdict
    }

    private mutating func error(_ sequence: Int32, count: Int32 = 1, epoch: Int16 = 0) -> ErrorCode? {
        do {
            _ = try self.append(sequence, count: count, epoch: epoch)
            return nil
        } catch {
            return error.code
        }
    }

    private func isDuplicate(_ verdict: ProducerStates.Verdict, baseOffset: Int64) -> Bool {
        if case .duplicate(let batch) = verdict { return batch.baseOffset == baseOffset }
        return false
    }

    @Test mutating func sequencesMustFollowEachOther() throws {
        #expect(try self.append(0, count: 3) == .append)
        #expect(try self.append(3) == .append)
        #expect(self.error(5) == .outOfOrderSequenceNumber)
        #expect(self.error(4, count: 2) == nil)
    }

    @Test mutating func theLastFiveBatchesAreDuplicatesAndOlderOnesOutOfOrder() throws {
        for sequence in 0..<7 { #expect(try self.append(Int32(sequence)) == .append) }
        for sequence in 2..<7 {
            #expect(self.isDuplicate(try self.append(Int32(sequence)), baseOffset: Int64(sequence)))
        }
        #expect(self.error(1) == .outOfOrderSequenceNumber)
        // The same first sequence with another length isn't a retry.
        #expect(self.error(6, count: 2) == .outOfOrderSequenceNumber)
    }

    @Test mutating func anUnknownProducerMayBeginAtAnySequence() throws {
        #expect(try self.append(17) == .append)
        #expect(self.error(19) == .outOfOrderSequenceNumber)
    }

    @Test mutating func aNewEpochBeginsAt0AndEndsTheOldOne() throws {
        _ = try self.append(0)
        #expect(self.error(1, epoch: 1) == .outOfOrderSequenceNumber)
        #expect(self.error(0, epoch: 1) == nil)
        #expect(self.error(1, epoch: 0) == .invalidProducerEpoch)
        #expect(self.isDuplicate(try self.append(0, epoch: 1), baseOffset: 0))
    }

    @Test mutating func sequencesContinueAt0AfterTheLargest() throws {
        _ = try self.append(.max - 1, count: 2)
        #expect(self.error(0) == nil)
        var wrapping = ProducerStatesTests()
        _ = try wrapping.append(.max, count: 3)
        #expect(wrapping.error(2) == nil)
    }

    @Test mutating func idleProducersAreForgottenAfterADay() throws {
        _ = try self.append(0)
        self.states.append(
            .init(firstSequence: 0, lastSequence: 0, baseOffset: 9, lastOffset: 9, timestamp: 0), producerID: 8,
            epoch: 0, now: ProducerStates.expiration + 1)
        #expect(self.states.count == 1)
    }
}
